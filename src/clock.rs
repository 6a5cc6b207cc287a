//! What time it is: the wall clock and a way to wait for a moment, behind one trait.
//! Nothing else in the project reads the system's time or sleeps; it decides nothing about what to do then.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The longest nap of [`SystemClock::sleep_until`]: so long may a clock that was set go unnoticed.
const LONGEST_NAP: Duration = Duration::from_secs(60);

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

/// A wait for a moment, as [`Clock::sleep_until`] gives it.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What time it is, and a way to wait. Timers may be early: after waking, ask again.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends when the clock shows `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Sleep;

    /// Ends when the clock was set back: whoever waits for a stored deadline looks whether it still makes sense.
    fn set_back(&self) -> Sleep;
}

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else asks"
    )]
    fn read() -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock set to before 1970 reads as the epoch itself.
        Timestamp(0).plus(since_epoch.unwrap_or_default())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Self::read()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else asks"
    )]
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        Box::pin(async move {
            loop {
                let left = at.saturating_since(Self::read());
                if left.is_zero() {
                    return;
                }
                // A timer counts elapsed time and does not see the wall clock being set.
                tokio::time::sleep(left.min(LONGEST_NAP)).await;
            }
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else asks"
    )]
    fn set_back(&self) -> Sleep {
        Box::pin(async {
            loop {
                let before = Self::read();
                tokio::time::sleep(LONGEST_NAP).await;
                if Self::read() < before {
                    return;
                }
            }
        })
    }
}

/// A clock that moves only by hand. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    shown: Arc<watch::Sender<Timestamp>>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            shown: Arc::new(watch::Sender::new(start)),
        }
    }

    /// Moves on by `duration` and wakes everyone whose moment has come.
    pub fn advance(&self, duration: Duration) {
        self.shown
            .send_modify(|shown| *shown = shown.plus(duration));
    }

    /// Sets the clock, forwards or back, and wakes everyone whose moment has come.
    pub fn set(&self, to: Timestamp) {
        self.shown.send_replace(to);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.shown.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let mut watched = self.shown.subscribe();
        Box::pin(async move {
            if watched.wait_for(|shown| *shown >= at).await.is_err() {
                // The clock is gone, so its time stands still for ever.
                std::future::pending::<()>().await;
            }
        })
    }

    fn set_back(&self) -> Sleep {
        let mut watched = self.shown.subscribe();
        let mut latest = *watched.borrow_and_update();
        Box::pin(async move {
            let is_back = |shown: &Timestamp| {
                let is_back = *shown < latest;
                latest = *shown;
                is_back
            };
            if watched.wait_for(is_back).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
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

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_when_it_is_moved() {
        let clock = ManualClock::new(Timestamp(1_000));
        let sleeper = tokio::spawn(clock.sleep_until(Timestamp(301_000)));
        clock.advance(Duration::from_secs(299));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), Timestamp(301_000));
    }

    #[tokio::test]
    async fn a_moment_in_the_past_is_not_waited_for() {
        ManualClock::new(Timestamp(5))
            .sleep_until(Timestamp(4))
            .await;
        SystemClock.sleep_until(Timestamp(0)).await;
    }

    #[tokio::test]
    async fn a_manual_clock_can_be_set_back() {
        let clock = ManualClock::new(Timestamp(100));
        let set_back = tokio::spawn(clock.set_back());
        clock.advance(Duration::from_millis(5));
        tokio::task::yield_now().await;
        assert!(!set_back.is_finished());
        clock.set(Timestamp(10));
        set_back.await.unwrap();
        assert_eq!(clock.now(), Timestamp(10));
    }
}
