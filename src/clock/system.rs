//! The computer's own clock.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the clock that everyone else asks"
)]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::clock::{Clock, Sleep, Timestamp};

/// The longest nap of [`SystemClock::sleep_until`]: so long may a clock that was set go unnoticed.
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// Further away than any program runs, and near enough for every computer to reckon with.
const FAR_AWAY: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// From when on elapsed time is counted.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock set to before 1970 reads as the epoch itself.
        Timestamp(0).plus(since_epoch.unwrap_or_default())
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        Box::pin(async move {
            loop {
                let left = at.saturating_since(Self.now());
                if left.is_zero() {
                    return;
                }
                // A timer counts elapsed time and does not see the wall clock being set.
                tokio::time::sleep(left.min(LONGEST_NAP)).await;
            }
        })
    }

    fn set_back(&self) -> Sleep {
        Box::pin(async {
            loop {
                let before = Self.now();
                tokio::time::sleep(LONGEST_NAP).await;
                if Self.now() < before {
                    return;
                }
            }
        })
    }

    fn elapsed(&self) -> Duration {
        START.elapsed()
    }

    fn sleep_until_elapsed(&self, at: Duration) -> Sleep {
        Box::pin(async move { tokio::time::sleep_until(*START + at.min(FAR_AWAY)).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_passed_is_not_waited_for() {
        SystemClock.sleep_until(Timestamp(0)).await;
        SystemClock.sleep_until_elapsed(Duration::ZERO).await;
        SystemClock.sleep(Duration::ZERO).await;
    }

    // Real time: that it passes is what is tested.
    #[tokio::test]
    async fn a_wait_takes_as_long_as_it_says() {
        let before = SystemClock.elapsed();
        SystemClock.sleep(Duration::from_millis(2)).await;
        assert!(SystemClock.elapsed() >= before + Duration::from_millis(2));
    }

    #[tokio::test]
    async fn a_wait_without_end_is_one() {
        let endless = SystemClock.sleep(Duration::MAX);
        assert!(futures::FutureExt::now_or_never(endless).is_none());
    }
}
