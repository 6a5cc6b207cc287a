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
    /// Chromium: 12 hours. Set it to seconds to see events while you develop.
    pub min_gap: Duration,
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
        let delay = whole_gaps(min_interval, gap);
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
    fn without_a_gap_an_interval_is_what_was_asked_for() {
        let policy = PeriodicPolicy {
            min_gap: Duration::ZERO,
            ..PeriodicPolicy::default()
        };
        let given = policy.delay(HOUR, Engagement::Minimal, Some(2 * HOUR));
        assert_eq!(given, Some(HOUR));
    }
}
