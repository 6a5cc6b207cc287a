//! Talking to the host that runs on a data folder: one JSON object per line, each way, over a local socket.
//!
//! The host's process listens, other `landfall` commands connect. Only the owner of the data folder may.

mod address;
mod client;
mod server;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::host::{Permission, PermissionState};
use crate::sync::SyncKind;

pub(super) use client::Connection;
pub(super) use server::Server;

/// What can be asked of a running host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(super) enum Request {
    /// Everything there is to see. Answered with a `Status`.
    Status,
    /// Back to the network. Answered with `null`.
    GoOnline,
    /// Away from the network. Answered with `null`.
    GoOffline,
    /// What is stored for which origin. Answered with `OriginStatus`es.
    Origins,
    /// Remove everything of an origin. Answered with `null`.
    ClearOrigin {
        /// It, as an address.
        origin: Url,
    },
    /// Read every database to its end. Answered with `CheckedDatabase`s.
    CheckStorage,
    /// Let time pass. Answered with a `Status` of afterwards.
    AdvanceClock {
        /// So much.
        by_ms: u64,
    },
    /// Grant or deny a permission. Answered with the origin.
    SetPermission {
        /// The origin, if the host has workers of several.
        origin: Option<Url>,
        /// Which permission.
        permission: Permission,
        /// Whether it has it from now on.
        state: PermissionState,
    },
    /// Send a `sync` or `periodicsync` event now. Answered with an `EventOutcome`.
    FireSync {
        /// Which of the two.
        kind: SyncKind,
        /// Its tag.
        tag: String,
        /// The registration, if the host has several.
        scope: Option<Url>,
        /// `event.lastChance` of a `sync` event.
        last_chance: bool,
        /// Whether the answer waits for the outcome; else it is `null`, at once.
        wait: bool,
    },
    /// Forget a tag. Answered with `null`.
    DropSync {
        /// The tag.
        tag: String,
        /// The service worker, if several have registered it.
        scope: Option<Url>,
        /// The periodic registration of that tag.
        periodic: bool,
    },
    /// Everything about a tag. Answered with a list of `SyncStory`.
    SyncStory {
        /// The tag.
        tag: String,
    },
    /// Do something with a background fetch.
    BackgroundFetch {
        /// The scope of its service worker.
        scope: Url,
        /// The name that the script gave it.
        id: String,
        /// What.
        action: BackgroundFetchAction,
    },
    /// Something about notifications or push messages.
    Push {
        /// What.
        push: PushCommand,
    },
}

/// What can be done with a background fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BackgroundFetchAction {
    /// Abort it. Answered with whether it went on until then.
    Abort,
    /// Click it. Answered with an `EventOutcome`.
    Click,
}

/// What can be asked about notifications and push messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PushCommand {
    /// Every notification that is shown. Answered with a list of `NotificationStatus`.
    Notifications,
    /// Click a notification. Answered with an `EventOutcome`.
    Click {
        /// Its number.
        id: i64,
        /// The button, if it is one.
        action: Option<String>,
    },
    /// Close a notification. Answered with an `EventOutcome`.
    Close {
        /// Its number.
        id: i64,
    },
    /// Send a `push` event now. Answered with an `EventOutcome`.
    Send {
        /// The registration, if the host has several.
        scope: Option<Url>,
        /// What the message says.
        data: Option<Vec<u8>>,
    },
    /// Send a `pushsubscriptionchange` event now. Answered with an `EventOutcome`.
    Renew {
        /// The registration, if the host has several.
        scope: Option<Url>,
    },
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// It was done, with this result.
    Done(Value),
    /// It was not, for this reason.
    Failed(String),
}
