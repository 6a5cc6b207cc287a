//! What happens to the tags of background sync, as events of the host.
//! It describes; nothing is decided by an event.

use serde::Serialize;
use url::Url;

use crate::clock::Timestamp;
use crate::service_worker::EventOutcome;
use crate::sync::{Removal, SyncKind};

/// Something happened to a tag, one-shot or periodic.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum SyncEvent {
    /// A script asked for a sync, and that is stored.
    #[serde(rename = "sync_registered")]
    Registered {
        /// One-shot or periodic.
        kind: SyncKind,
        /// The registration's scope.
        scope: Url,
        /// The tag.
        tag: String,
    },
    /// A tag was unregistered: no event will be sent for it any more.
    #[serde(rename = "sync_unregistered")]
    Unregistered {
        /// One-shot or periodic.
        kind: SyncKind,
        /// The registration's scope.
        scope: Url,
        /// The tag.
        tag: String,
    },
    /// A `sync` or `periodicsync` event is sent.
    #[serde(rename = "sync_started")]
    Started {
        /// One-shot or periodic.
        kind: SyncKind,
        /// The registration's scope.
        scope: Url,
        /// The tag.
        tag: String,
        /// Counted from 1.
        attempt: u32,
        /// After so many failures a one-shot registration is dropped, and a periodic one waits for its next interval.
        max_attempts: u32,
        /// No attempt will follow this one, or none before the next interval. The `lastChance` of a `sync` event.
        last_chance: bool,
    },
    /// A `sync` or `periodicsync` event ended.
    #[serde(rename = "sync_ended")]
    Ended {
        /// One-shot or periodic.
        kind: SyncKind,
        /// The registration's scope.
        scope: Url,
        /// The tag.
        tag: String,
        /// Counted from 1.
        attempt: u32,
        /// How it ended.
        outcome: EventOutcome,
        /// When the next event may be sent, if there will be one after a delay.
        next_attempt_at_ms: Option<Timestamp>,
        /// Why the registration is gone, if it is.
        removed: Option<Removal>,
    },
    /// A host that starts finds an event that the end of the last one cut off.
    #[serde(rename = "sync_interrupted")]
    Interrupted {
        /// One-shot or periodic.
        kind: SyncKind,
        /// The registration's scope.
        scope: Url,
        /// The tag.
        tag: String,
        /// Counted from 1.
        attempt: u32,
        /// When the next attempt may begin, if there will be one after a delay.
        next_attempt_at_ms: Option<Timestamp>,
        /// Why the registration is gone, if it is.
        removed: Option<Removal>,
    },
}
