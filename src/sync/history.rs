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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::registration::{OwnerId, SyncKey};

    const START: Timestamp = Timestamp(1_000);

    fn row(kind: SyncKind) -> SyncRegistration {
        let key = SyncKey {
            owner: OwnerId(1),
            kind,
            tag: "outbox".to_owned(),
        };
        SyncRegistration::new(key, "https://app.example".to_owned(), 3)
    }

    fn failed(until: i64) -> SyncRegistration {
        SyncRegistration {
            attempts: 1,
            not_before: Some(Timestamp(until)),
            ..row(SyncKind::OneShot)
        }
    }

    /// The reason in a host that started at 1,000, with the network back at that moment if it was away.
    fn reason(row: &SyncRegistration, back_online_at: Option<i64>, is_new: bool) -> DispatchReason {
        let circumstances = Circumstances {
            started_at: START,
            back_online_at: back_online_at.map(Timestamp),
            is_new,
        };
        circumstances.reason(row)
    }

    #[test]
    fn the_last_thing_that_had_to_come_true_is_the_reason() {
        let new = row(SyncKind::OneShot);
        assert_eq!(reason(&new, None, true), DispatchReason::Registered);
        assert_eq!(reason(&new, Some(1_500), true), DispatchReason::Registered);
        assert_eq!(reason(&new, Some(1_500), false), DispatchReason::BackOnline);
        assert_eq!(reason(&new, None, false), DispatchReason::HostStarted);

        assert_eq!(
            reason(&failed(2_000), None, false),
            DispatchReason::DelayOver
        );
        assert_eq!(
            reason(&failed(2_000), Some(1_500), false),
            DispatchReason::DelayOver
        );
        assert_eq!(
            reason(&failed(2_000), Some(2_500), false),
            DispatchReason::BackOnline
        );
        assert_eq!(
            reason(&failed(900), None, false),
            DispatchReason::HostStarted
        );
        assert_eq!(
            reason(&failed(900), Some(1_500), false),
            DispatchReason::BackOnline
        );
    }

    #[test]
    fn an_interruption_comes_before_every_other_reason() {
        let interrupted = SyncRegistration {
            interruptions: 1,
            ..failed(2_000)
        };
        assert_eq!(
            reason(&interrupted, Some(2_500), true),
            DispatchReason::Interrupted
        );
    }

    #[test]
    fn a_periodic_sync_comes_after_its_interval_or_after_a_delay() {
        let periodic = |attempts| SyncRegistration {
            attempts,
            not_before: Some(Timestamp(5_000)),
            ..row(SyncKind::Periodic)
        };
        assert_eq!(reason(&periodic(0), None, true), DispatchReason::Interval);
        assert_eq!(reason(&periodic(1), None, true), DispatchReason::DelayOver);
    }
}
