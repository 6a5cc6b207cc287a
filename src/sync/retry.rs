//! Retries: how many attempts there are and how long to wait after each that failed.
//! Nothing here remembers an attempt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often, and after which wait, a failed sync is tried again.
///
/// With the defaults a registration is tried at once, 5 minutes after the end of the first attempt
/// and 15 minutes after the end of the second, then it is given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// How many dispatches one registration gets. Chromium: `max_sync_attempts`, 3.
    pub max_attempts: u32,
    /// The same, for origins that may show notifications when they register.
    /// Chromium: `max_sync_attempts_with_notification_permission`, 3.
    pub max_attempts_with_notifications: u32,
    /// The wait after the first failed attempt. Chromium: `initial_retry_delay`, 5 minutes.
    pub initial_delay: Duration,
    /// Each further wait is so many times the one before. Chromium: `retry_delay_factor`, 3.
    pub delay_factor: f64,
    /// Up to this part of a wait is added by chance, so that many hosts do not come back at one moment.
    /// Chromium has none: 0.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            max_attempts_with_notifications: 3,
            initial_delay: Duration::from_secs(5 * 60),
            delay_factor: 3.0,
            jitter: 0.0,
        }
    }
}

impl RetryPolicy {
    /// How many dispatches a registration made now will get.
    pub fn attempts(&self, has_notification_permission: bool) -> u32 {
        if has_notification_permission {
            self.max_attempts_with_notifications
        } else {
            self.max_attempts
        }
    }

    /// The wait after `failed` attempts, counted from 1. `chance` is between 0 and 1.
    pub fn delay_after(&self, failed: u32, chance: f64) -> Duration {
        let exponent = f64::from(failed.saturating_sub(1));
        let factor = self.delay_factor.powf(exponent) * (1.0 + self.jitter * chance);
        let seconds = self.initial_delay.as_secs_f64() * factor;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}
