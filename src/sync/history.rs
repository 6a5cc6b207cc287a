//! Why a sync event is sent at this moment and not before: for people who ask afterwards.
//! Nothing is decided by it; the history itself is kept by `storage`.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::sync::kind::SyncKind;
use crate::sync::registration::SyncRegistration;

/// Why an event was sent when it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DispatchReason {
    /// The tag was registered, and the network was there.
    Registered,
    /// The network came back.
    BackOnline,
    /// The delay after a failed attempt is over.
    DelayOver,
    /// The host started, and the tag was due.
    HostStarted,
    /// The process ended during the event, so it is sent again.
    Interrupted,
    /// Somebody asked for it.
    ByHand,
    /// The interval of a periodic sync is over.
    Interval,
}

/// What was the case when an event was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// When the host started.
    pub started_at: Timestamp,
    /// When the network came back last, if it was away since the host started.
    pub back_online_at: Option<Timestamp>,
    /// The tag was registered by this host, and the network has been there since.
    pub is_new: bool,
}

impl Circumstances {
    /// Why the event of `row` is sent now: of all that had to come true for it, the last.
    pub fn reason(&self, row: &SyncRegistration) -> DispatchReason {
        let was_away_since = |at| self.back_online_at.is_some_and(|back| back >= at);
        match row.not_before {
            _ if row.interruptions > 0 => DispatchReason::Interrupted,
            Some(at) if at > self.started_at && !was_away_since(at) => {
                match (row.key.kind, row.attempts) {
                    (SyncKind::Periodic, 0) => DispatchReason::Interval,
                    _ => DispatchReason::DelayOver,
                }
            }
            None if self.is_new => DispatchReason::Registered,
            _ if self.back_online_at.is_some() => DispatchReason::BackOnline,
            _ => DispatchReason::HostStarted,
        }
    }
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLimits {
    /// Entries of one tag.
    pub per_tag: u32,
    /// Entries of the whole host.
    pub per_host: u32,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            per_tag: 50,
            per_host: 5_000,
        }
    }
}
