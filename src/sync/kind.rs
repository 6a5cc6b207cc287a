//! The two kinds of background sync. Each is named by the event it fires.

use serde::{Deserialize, Serialize};

/// What a tag was registered for. The same tag may be registered for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SyncKind {
    /// One `sync` event, as soon as there is a network. `registration.sync`.
    #[serde(rename = "sync")]
    OneShot,
    /// A `periodicsync` event again and again. `registration.periodicSync`.
    #[serde(rename = "periodicsync")]
    Periodic,
}

impl SyncKind {
    /// The type of the event, which is also the name of the kind in JSON.
    pub fn event_name(self) -> &'static str {
        match self {
            Self::OneShot => "sync",
            Self::Periodic => "periodicsync",
        }
    }
}
