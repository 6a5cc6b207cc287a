//! When a periodic sync registration is due: how long one cycle is, and what keeps it away from others of its origin.
//! Its events are started, tried again and settled like those of one-shot registrations, in the files beside it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::sync::registration::SyncRegistration;
use crate::sync::state::SyncState;

/// How often at most the periodic events of one origin come. Chromium: `min_periodic_sync_events_interval`, 12 hours.
const CHROMIUM_MIN_GAP: Duration = Duration::from_secs(12 * 60 * 60);

/// How much the user has to do with an origin. Chromium's site engagement levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// Nothing: its periodic events are suspended.
    None,
    /// Hardly anything.
    Minimal,
    /// A little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
    /// As much as can be. The default: where nobody counts visits, nobody is punished for missing ones.
    #[default]
    Max,
}

impl Engagement {
    /// The gap between two events of the origin is so many times the smallest one; `None` means for ever.
    pub fn factor(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Minimal => Some(3),
            Self::Low | Self::Medium => Some(2),
            Self::High | Self::Max => Some(1),
        }
    }
}

/// How the periodic events of one origin are spread, and how often one is tried.
///
/// Differs from the spec: that knows a second smallest gap, between the events of any two origins. As in Chromium it
/// would count wake-ups of a sleeping machine, and a host wakes none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodicPolicy {
    /// The smallest gap between two periodic events of one origin; a `minInterval` is rounded up to a multiple of it.
    /// Chromium: 12 hours.
    pub min_gap: Duration,
    /// A longer `minInterval` counts as this one. Specification and Chromium: none is too long. With seconds here and
    /// for `min_gap` a script that asks for one event a day gets them while somebody watches.
    pub max_interval: Option<Duration>,
    /// How often one event is tried before the next cycle begins, with the delays of [`SyncPolicy::retry`].
    /// Specification: once. Chromium: 3 times.
    ///
    /// [`SyncPolicy::retry`]: crate::sync::SyncPolicy::retry
    pub max_attempts: u32,
}

impl Default for PeriodicPolicy {
    fn default() -> Self {
        Self {
            min_gap: CHROMIUM_MIN_GAP,
            max_interval: None,
            max_attempts: 3,
        }
    }
}

impl PeriodicPolicy {
    /// How long a cycle is before its event is due, counted from the registration or from the last event.
    /// `None` while the origin is suspended. `soonest_other` is how long it is to the next event of the origin's other
    /// periodic registrations.
    pub fn delay(
        &self,
        min_interval: Duration,
        engagement: Engagement,
        soonest_other: Option<Duration>,
    ) -> Option<Duration> {
        let gap = self.min_gap.saturating_mul(engagement.factor()?);
        let interval = min_interval.min(self.max_interval.unwrap_or(Duration::MAX));
        let delay = whole_gaps(interval, gap);
        Some(match soonest_other {
            Some(other) => self.keep_distance(delay, other),
            None => delay,
        })
    }

    /// No cycle of this interval is longer, whatever the engagement and the other registrations of its origin.
    pub(super) fn longest_cycle(&self, min_interval: Duration) -> Duration {
        self.delay(min_interval, Engagement::Minimal, None)
            .unwrap_or(Duration::MAX)
            .saturating_add(self.min_gap)
    }

    /// Moves an event onto the one before which it would come, or a gap behind the one that it would follow too soon.
    fn keep_distance(&self, delay: Duration, other: Duration) -> Duration {
        let is_well_before = delay.saturating_add(self.min_gap) <= other;
        let behind = other.saturating_add(self.min_gap);
        if is_well_before || delay > behind {
            delay
        } else if delay <= other {
            other
        } else {
            behind
        }
    }
}

impl SyncRegistration {
    /// A cycle begins at `from`, with no attempt made, and its event is due after `delay`; `None` suspends it.
    pub(super) fn begin_cycle(mut self, from: Timestamp, delay: Option<Duration>) -> Self {
        self.state = match delay {
            Some(_) => SyncState::Pending,
            None => SyncState::Suspended,
        };
        self.not_before = delay.map(|delay| from.plus(delay));
        self.attempts = 0;
        self.interruptions = 0;
        // It never fires at once, so nobody has to wait until the caller of `register()` knows.
        self.resolved = true;
        self
    }
}

/// The interval, rounded up to whole gaps and at least one.
fn whole_gaps(interval: Duration, gap: Duration) -> Duration {
    if gap.is_zero() {
        return interval;
    }
    let gaps = interval.as_nanos().div_ceil(gap.as_nanos()).max(1);
    // More gaps than fit are more time than there is.
    u32::try_from(gaps).map_or(Duration::MAX, |gaps| gap.saturating_mul(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{Outcome, OwnerId, Recovery, Step, SyncKey, SyncKind, SyncPolicy, SyncQueue};

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn delay(interval: Duration, engagement: Engagement, other: Option<u32>) -> Option<Duration> {
        let other = other.map(|hours| HOUR * hours);
        PeriodicPolicy::default().delay(interval, engagement, other)
    }

    /// P15
    #[test]
    fn an_interval_is_rounded_up_to_whole_gaps_of_twelve_hours() {
        for (asked, given) in [(0, 12), (11, 12), (12, 12), (13, 24), (24, 24), (48, 48)] {
            let given = Some(HOUR * given);
            assert_eq!(delay(HOUR * asked, Engagement::Max, None), given, "{asked}");
        }
    }

    /// P16
    #[test]
    fn the_less_an_origin_is_used_the_longer_its_gaps() {
        use Engagement::{High, Low, Max, Medium, Minimal, None as Never};
        for (engagement, hours) in [
            (Max, Some(12)),
            (High, Some(12)),
            (Medium, Some(24)),
            (Low, Some(24)),
            (Minimal, Some(36)),
            (Never, None),
        ] {
            let expected = hours.map(|hours| HOUR * hours);
            assert_eq!(
                delay(HOUR * 11, engagement, None),
                expected,
                "{engagement:?}"
            );
        }
    }

    /// P17
    #[test]
    fn events_of_one_origin_come_together_or_a_gap_apart() {
        for (asked, other, given) in [
            (11, 0, 12),
            (11, 13, 13),
            (11, 24, 12),
            (11, 1, 13),
            (13, 1, 24),
        ] {
            let given = Some(HOUR * given);
            let found = delay(HOUR * asked, Engagement::High, Some(other));
            assert_eq!(found, given, "{asked} h asked, another in {other} h");
        }
    }

    #[test]
    fn an_interval_without_end_stays_without_end() {
        assert_eq!(
            delay(Duration::MAX, Engagement::Max, Some(1)),
            Some(Duration::MAX)
        );
        // The largest number that a script can ask for.
        let asked = Duration::from_millis((1 << 53) - 1);
        assert!(delay(asked, Engagement::Max, None) >= Some(asked));
    }

    #[test]
    fn an_interval_that_is_too_long_by_policy_is_cut() {
        let policy = PeriodicPolicy {
            min_gap: HOUR,
            max_interval: Some(2 * HOUR),
            ..PeriodicPolicy::default()
        };
        let given = |hours| policy.delay(HOUR * hours, Engagement::Max, None);
        assert_eq!(
            [0, 2, 24].map(given),
            [1, 2, 2].map(|hours| Some(HOUR * hours))
        );
    }

    #[test]
    fn without_a_gap_an_interval_is_what_was_asked_for() {
        let policy = PeriodicPolicy {
            min_gap: Duration::ZERO,
            ..PeriodicPolicy::default()
        };
        let given = policy.delay(HOUR, Engagement::Minimal, Some(2 * HOUR));
        assert_eq!(given, Some(HOUR));
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    fn asked(tag: &str, min_interval: Duration) -> SyncRegistration {
        let key = SyncKey {
            owner: OwnerId(1),
            kind: SyncKind::Periodic,
            tag: tag.to_owned(),
        };
        SyncRegistration {
            min_interval,
            ..SyncRegistration::new(key, "https://shop.example".to_owned(), 2)
        }
    }

    fn register(queue: &mut SyncQueue, row: SyncRegistration, now: Timestamp) -> SyncRegistration {
        let policy = PeriodicPolicy::default();
        let row = queue.register_periodic(row, now, Engagement::Max, &policy);
        queue.put(row.clone());
        row
    }

    /// P3
    #[test]
    fn the_same_interval_changes_nothing_and_another_one_begins_anew() {
        let mut queue = SyncQueue::new();
        let later = NOW.plus(HOUR);
        let first = register(&mut queue, asked("news", 24 * HOUR), NOW);
        assert_eq!(first.not_before, Some(NOW.plus(24 * HOUR)));
        assert_eq!(register(&mut queue, asked("news", 24 * HOUR), later), first);
        let anew = register(&mut queue, asked("news", HOUR), later);
        assert_eq!(anew.not_before, Some(later.plus(12 * HOUR)));

        queue.put(anew.start());
        let during = register(&mut queue, asked("news", 24 * HOUR), later);
        assert_eq!(during.state, SyncState::ReregisteredWhileFiring);
        assert_eq!(during.min_interval, 24 * HOUR);
    }

    /// T9, P4: a failed event is tried again; its success, or one failure too many, begins the next cycle.
    #[test]
    fn an_event_that_has_ended_is_tried_again_or_begins_the_next_cycle() {
        let policy = SyncPolicy::landfall();
        let mut queue = SyncQueue::new();
        let row = register(&mut queue, asked("news", Duration::ZERO), NOW);
        let settle =
            |row: SyncRegistration, outcome| row.start().settle(outcome, NOW, 0.0, &policy);
        let Step::NewCycle(done) = settle(row.clone(), Outcome::Succeeded) else {
            panic!("a success ends the cycle");
        };
        let next = queue.begin_cycle(done, NOW, Engagement::Max, &policy.periodic);
        assert_eq!(next, row);
        let Step::Keep(failed) = settle(row.clone(), Outcome::Failed) else {
            panic!("the first failure does not end the cycle");
        };
        assert_eq!(
            failed.not_before,
            Some(NOW.plus(policy.retry.initial_delay))
        );
        assert!(matches!(settle(failed, Outcome::Failed), Step::NewCycle(_)));
        let not_sent = settle(row.clone(), Outcome::NotDispatched);
        assert_eq!(not_sent, Step::Keep(row));
    }

    /// S1: a stored moment too far ahead, because of another clock or another policy, is brought nearer.
    #[test]
    fn no_wait_is_longer_after_a_restart_than_a_cycle_can_be() {
        let mut policy = SyncPolicy::landfall();
        let mut queue = SyncQueue::new();
        let row = register(&mut queue, asked("news", Duration::ZERO), NOW);
        let recovered = row.clone().recover_after_restart(NOW, 0.0, &policy);
        assert_eq!(recovered, Recovery::Untouched(row.clone()));
        policy.periodic.min_gap = HOUR;
        let Recovery::Untouched(nearer) = row.recover_after_restart(NOW, 0.0, &policy) else {
            panic!("nothing was interrupted");
        };
        assert_eq!(nearer.not_before, Some(NOW.plus(4 * HOUR)));
    }

    /// P5, P12
    #[test]
    fn a_suspended_registration_is_listed_and_never_planned() {
        let policy = PeriodicPolicy::default();
        let mut queue = SyncQueue::new();
        for tag in ["foo", "bar"] {
            register(&mut queue, asked(tag, Duration::ZERO), NOW);
        }
        let keys: Vec<_> = queue.iter().map(|row| row.key.clone()).collect();
        let later = NOW.plus(12 * HOUR);
        assert_eq!(queue.plan(later, true, usize::MAX).fire, keys);
        for engagement in [Engagement::None, Engagement::High] {
            for key in &keys {
                let row = queue.follow_engagement(key, later, engagement, &policy);
                queue.put(row.expect("it is affected"));
                assert_eq!(
                    queue.follow_engagement(key, later, engagement, &policy),
                    None
                );
            }
            let far = later.plus(11 * HOUR);
            assert_eq!(queue.plan(far, true, usize::MAX).fire, []);
            assert_eq!(queue.periodic().count(), 2);
        }
        let revived = later.plus(12 * HOUR);
        assert_eq!(queue.plan(revived, true, usize::MAX).fire, keys);
    }
}
