//! Every choice that the specification leaves open or that Chromium makes differently, in one struct.
//! It holds and checks values; the files beside it act on them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sync::periodic::PeriodicPolicy;
use crate::sync::retry::RetryPolicy;

/// The longest tag Chromium takes, in bytes of UTF-8.
const CHROMIUM_MAX_TAG_BYTES: usize = 10_240;

/// Enough to keep a small machine busy, few enough to fit into its memory.
const WORKERS_AT_ONCE: usize = 8;

/// What `register()` does to a registration that waits for its next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReregisterInBackoff {
    /// It is pending again and fires now; attempts made so far still count. The specification.
    FireNow,
    /// It fires now, as if it was registered for the first time.
    FireAfresh,
    /// Nothing: the delay stands. Chromium.
    KeepDelay,
}

/// In which order `register()` looks at permission and window when both are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOrder {
    /// The permission first. The specification.
    PermissionFirst,
    /// The window and the length of the tag first. Chromium.
    WindowFirst,
}

/// The names of the built-in policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// What suits a program without windows.
    #[default]
    Landfall,
    /// The specification wherever it speaks.
    Spec,
    /// Chromium wherever it differs.
    Chromium,
}

/// The rules of one host's background sync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncPolicy {
    /// Whether there is no background sync: registering and listing tags fails, no event is sent, and what is stored is
    /// kept for a host that has it. Chromium: `disable`, no.
    pub disabled: bool,
    /// Attempts and delays.
    pub retry: RetryPolicy,
    /// When periodic events come.
    pub periodic: PeriodicPolicy,
    /// How long one `sync` or `periodicsync` event may take. Chromium: `max_sync_event_duration`, 3 minutes.
    pub event_time_limit: Duration,
    /// Whether `register()` needs an open top-level window of the origin. Specification and Chromium: yes.
    pub window_required: bool,
    /// The longest tag, in bytes of UTF-8; half a surrogate pair counts as three. Chromium: 10,240; the specification has no limit.
    pub max_tag_bytes: Option<usize>,
    /// Which of two missing things `register()` complains about.
    pub check_order: CheckOrder,
    /// What `register()` of a tag that waits for its next attempt does.
    pub reregister_in_backoff: ReregisterInBackoff,
    /// Whether a registration that waits for its next attempt fires at once when the network comes back.
    /// Chromium: no.
    pub retry_on_reconnect: bool,
    /// So many ends of the process in a row during one attempt make it count as failed. An end in good order counts only
    /// where each end does: 1, the specification. Chromium never counts any: `None`.
    pub interruptions_per_attempt: Option<u32>,
    /// So many workers may have `sync` and `periodicsync` events at the same time, each all that are due; the others wait
    /// for their turn, which counts against no time limit. Specification and Chromium: all at once, `None`.
    pub workers_at_once: Option<usize>,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self::landfall()
    }
}

impl From<Preset> for SyncPolicy {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Landfall => Self::landfall(),
            Preset::Spec => Self::spec(),
            Preset::Chromium => Self::chromium(),
        }
    }
}

impl SyncPolicy {
    /// No window needed, a fresh start on every `register()`, and no endless loop for a script that
    /// takes its host down.
    pub fn landfall() -> Self {
        Self {
            disabled: false,
            retry: RetryPolicy::default(),
            periodic: PeriodicPolicy::default(),
            event_time_limit: Duration::from_secs(3 * 60),
            window_required: false,
            max_tag_bytes: Some(CHROMIUM_MAX_TAG_BYTES),
            check_order: CheckOrder::PermissionFirst,
            reregister_in_backoff: ReregisterInBackoff::FireAfresh,
            retry_on_reconnect: false,
            interruptions_per_attempt: Some(2),
            workers_at_once: Some(WORKERS_AT_ONCE),
        }
    }

    /// The specification; where it names no number, Chromium's.
    pub fn spec() -> Self {
        Self {
            window_required: true,
            max_tag_bytes: None,
            periodic: PeriodicPolicy {
                max_attempts: 1,
                ..PeriodicPolicy::default()
            },
            reregister_in_backoff: ReregisterInBackoff::FireNow,
            // A terminated worker is a failed event, and ending the process terminates the worker.
            interruptions_per_attempt: Some(1),
            workers_at_once: None,
            ..Self::landfall()
        }
    }

    /// Chromium.
    pub fn chromium() -> Self {
        Self {
            window_required: true,
            check_order: CheckOrder::WindowFirst,
            reregister_in_backoff: ReregisterInBackoff::KeepDelay,
            interruptions_per_attempt: None,
            workers_at_once: None,
            ..Self::landfall()
        }
    }

    /// Refuses values that make no sense, by the name of the field.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let retry = &self.retry;
        let sensible = [
            ("retry.max_attempts", retry.max_attempts > 0, "at least 1"),
            (
                "retry.max_attempts_with_notifications",
                retry.max_attempts_with_notifications > 0,
                "at least 1",
            ),
            (
                "retry.delay_factor",
                retry.delay_factor.is_finite() && retry.delay_factor >= 1.0,
                "a number from 1 up",
            ),
            (
                "retry.jitter",
                (0.0..=1.0).contains(&retry.jitter),
                "between 0 and 1",
            ),
            (
                // Deadlines are whole milliseconds: with less an event would be due the moment it ends.
                "periodic.min_gap",
                self.periodic.min_gap >= Duration::from_millis(1),
                "at least a millisecond",
            ),
            (
                "periodic.max_interval",
                self.periodic
                    .max_interval
                    .is_none_or(|longest| longest >= self.periodic.min_gap),
                "at least `periodic.min_gap`, or none",
            ),
            (
                "periodic.max_attempts",
                self.periodic.max_attempts > 0,
                "at least 1",
            ),
            (
                "event_time_limit",
                !self.event_time_limit.is_zero(),
                "longer than nothing",
            ),
            (
                "interruptions_per_attempt",
                self.interruptions_per_attempt != Some(0),
                "at least 1, or none",
            ),
            (
                "workers_at_once",
                self.workers_at_once != Some(0),
                "at least 1, or none",
            ),
        ];
        match sensible.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, expected)) => Err(PolicyError { field, expected }),
            None => Ok(()),
        }
    }
}

/// A policy that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sync policy's `{field}` must be {expected}")]
pub struct PolicyError {
    /// The name of the field.
    pub field: &'static str,
    /// What it would have to be.
    pub expected: &'static str,
}
