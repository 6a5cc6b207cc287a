//! Notices a tag that is registered again in each of its events: a loop that never comes to rest.
//! It counts and stops nothing.

use std::time::Duration;

use crate::clock::Timestamp;

/// So many events in a row, each with a registration of its own tag, are a loop.
const ROUNDS: u32 = 5;
/// Events that are further apart are taken for a plan.
const GAP: Duration = Duration::from_secs(15);

/// What is known of one tag. Starts empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterLoop {
    rounds: u32,
    last_at: Timestamp,
}

impl RegisterLoop {
    /// An event of the tag ended at `now`. Gives how many events the loop has had when that is news: after the first
    /// 5, 50, 500 and so on.
    pub fn event_ended(&mut self, now: Timestamp, was_registered_again: bool) -> Option<u32> {
        if !was_registered_again {
            *self = Self::default();
            return None;
        }
        if now.saturating_since(self.last_at) > GAP {
            self.rounds = 0;
        }
        self.rounds = self.rounds.saturating_add(1);
        self.last_at = now;
        let is_news = (0..9).any(|power| self.rounds == ROUNDS * 10u32.pow(power));
        is_news.then_some(self.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(gap: Duration, rounds: u32) -> Vec<u32> {
        let mut known = RegisterLoop::default();
        let mut now = Timestamp(1_000_000);
        let mut told = Vec::new();
        for _ in 0..rounds {
            now = now.plus(gap);
            told.extend(known.event_ended(now, true));
        }
        told
    }

    #[test]
    fn a_loop_is_told_of_after_5_50_and_500_events() {
        assert!(told(Duration::ZERO, 4).is_empty());
        assert_eq!(told(Duration::from_secs(15), 600), [5, 50, 500]);
    }

    #[test]
    fn events_that_are_far_apart_are_no_loop() {
        assert!(told(Duration::from_secs(16), 600).is_empty());
    }

    #[test]
    fn an_event_without_a_registration_ends_a_loop() {
        let mut known = RegisterLoop::default();
        for round in 0..20 {
            let is_again = round % 4 != 0;
            assert_eq!(known.event_ended(Timestamp(1_000), is_again), None);
        }
    }
}
