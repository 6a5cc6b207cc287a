//! Limits: how long an event, a start and an idle worker may take, and how many may be idle.
//! Counting `waitUntil` promises is in js/service_worker/, waiting is the host's part.

use std::time::Duration;

use crate::service_worker::event::EventKind;

/// So long, by the computer's clock, a worker has for its answer at least: a clock that is moved by hand jumps.
pub const ANSWER_GRACE: Duration = Duration::from_secs(5);

/// How long a worker that was asked whether it answers has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// By the clock that limits are measured by.
    pub by_clock: Duration,
    /// By the computer's clock.
    pub really: Duration,
}

/// How long things may take. The times are Chromium's by default (fact sheet, section 6.4); it has no limit to the
/// number of idle workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLimits {
    /// An event of a kind that has no limit of its own.
    pub event: Duration,
    /// A `push` event.
    pub push: Duration,
    /// The start of a worker that is being installed.
    pub first_start: Duration,
    /// The start of an installed worker.
    pub start: Duration,
    /// A worker without events stops after this time.
    pub idle: Duration,
    /// So many workers without events are kept for that time; of more, those that have had none for longest stop at
    /// once. Each takes a few megabytes.
    pub idle_workers: usize,
    /// A worker that was told to stop is cut off after this time.
    pub stop: Duration,
    /// A worker with events is asked this often whether it still answers. One that has not answered when it is to be
    /// asked again is cut off.
    pub ping: Duration,
}

impl Default for EventLimits {
    fn default() -> Self {
        Self {
            event: Duration::from_secs(5 * 60),
            push: Duration::from_secs(90),
            first_start: Duration::from_secs(5 * 60),
            start: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            idle_workers: 16,
            stop: Duration::from_secs(5),
            ping: Duration::from_secs(30),
        }
    }
}

impl EventLimits {
    /// How long an event of this kind may take, from the moment it was sent. Events of background sync have their
    /// limit from the sync policy: `sync` is that.
    pub fn limit_for(&self, kind: EventKind, sync: Duration) -> Duration {
        match kind {
            EventKind::Sync | EventKind::PeriodicSync => sync,
            EventKind::Push => self.push,
            _ => self.event,
        }
    }

    /// Whether a worker that has not answered for so long is cut off.
    pub fn is_unresponsive(&self, owed: Owed) -> bool {
        owed.by_clock >= self.ping && owed.really >= ANSWER_GRACE
    }

    /// Whether a worker is stopped when an event of this kind takes too long.
    pub fn is_killed_on_timeout(kind: EventKind) -> bool {
        !matches!(kind, EventKind::Sync | EventKind::PeriodicSync)
    }
}
