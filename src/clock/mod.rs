//! What time it is, and how much has passed: the wall clock, running time, and ways to wait, behind one trait.
//! Nothing else in the project reads the system's time or sleeps; it decides nothing about what to do then.

mod duration;
mod manual;
mod system;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use duration::parse_duration;
pub use manual::ManualClock;
pub use system::SystemClock;

/// A moment: milliseconds since the Unix epoch. Deadlines are stored, so they are wall-clock time.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment, later by `duration`; stays at the end of time instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long ago `earlier` was, or nothing if it is not in the past.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ms", self.0)
    }
}

/// A wait, as a [`Clock`] gives it.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time it is, how much has passed, and ways to wait. Timers may be early: after waking, ask again.
///
/// What is stored has a moment of the wall clock as its deadline, and somebody may set that clock. What is measured,
/// such as the time limit of an event, is [`elapsed`](Self::elapsed) time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends when the clock shows `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Sleep;

    /// Ends when the clock was set back: whoever waits for a stored deadline looks whether it still makes sense.
    fn set_back(&self) -> Sleep;

    /// How much time has passed since a moment that stays the same. Setting the clock changes nothing about it.
    fn elapsed(&self) -> Duration;

    /// Ends when [`elapsed`](Self::elapsed) says `at` or more.
    fn sleep_until_elapsed(&self, at: Duration) -> Sleep;

    /// Ends when so much time has passed from now on.
    fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until_elapsed(self.elapsed().saturating_add(duration))
    }

    /// The clock that moves by hand, if it is that one. Scripts then live by it too; by any other clock they have the
    /// computer's time.
    fn manual(&self) -> Option<&ManualClock> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_never_overflows() {
        assert_eq!(Timestamp(i64::MAX).plus(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(5).saturating_since(Timestamp(9)), Duration::ZERO);
    }

    #[test]
    fn a_timestamp_is_a_bare_number_in_json() {
        assert_eq!(serde_json::to_string(&Timestamp(17)).unwrap(), "17");
    }
}
