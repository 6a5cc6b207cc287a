//! One service worker: a script that was registered, and how far its life has come.
//! The running instance of it is elsewhere; this is what outlives an instance.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::service_worker::script::ScriptType;

/// Names a worker for as long as the data folder lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub i64);

/// How far a worker's life has come.
/// <https://w3c.github.io/ServiceWorker/#service-worker-state>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// The script was read; its top level decides whether it will be installed.
    Parsed,
    /// The `install` event runs.
    Installing,
    /// Installed, and waiting for its turn.
    Installed,
    /// The `activate` event runs.
    Activating,
    /// In charge: it gets functional events.
    Activated,
    /// Replaced, failed or unregistered. It never runs again.
    Redundant,
}

impl WorkerState {
    /// Whether a worker may go from this state to `next`.
    pub fn can_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Parsed, Self::Installing)
            | (Self::Installing, Self::Installed)
            | (Self::Installed, Self::Activating)
            | (Self::Activating, Self::Activated) => true,
            (from, Self::Redundant) => from != Self::Redundant,
            _ => false,
        }
    }

    /// The value of `ServiceWorker.state`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Activating => "activating",
            Self::Activated => "activated",
            Self::Redundant => "redundant",
        }
    }
}

/// A move that no worker makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a worker that is {} cannot become {}", from.as_str(), to.as_str())]
pub struct IllegalMove {
    /// The state it is in.
    pub from: WorkerState,
    /// The state it was to have.
    pub to: WorkerState,
}

/// A service worker. Its scripts are kept apart, in a [`ScriptMap`](crate::service_worker::ScriptMap):
/// a worker that does not run should not hold their text in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceWorker {
    /// Its name.
    pub id: WorkerId,
    /// Where the main script came from.
    pub script_url: Url,
    /// Classic script or module.
    pub script_type: ScriptType,
    /// How far its life has come.
    pub state: WorkerState,
    /// `skipWaiting()` was called: it need not wait until no client uses the old worker.
    pub skip_waiting: bool,
    /// The event types it listened to after its first evaluation; other events need not wake it.
    pub handled_events: Vec<String>,
}

impl ServiceWorker {
    /// A worker whose script was just read.
    pub fn new(id: WorkerId, script_url: Url, script_type: ScriptType) -> Self {
        Self {
            id,
            script_url,
            script_type,
            state: WorkerState::Parsed,
            skip_waiting: false,
            handled_events: Vec::new(),
        }
    }

    /// Moves on to `next`.
    pub fn move_to(&mut self, next: WorkerState) -> Result<(), IllegalMove> {
        if !self.state.can_become(next) {
            return Err(IllegalMove {
                from: self.state,
                to: next,
            });
        }
        self.state = next;
        Ok(())
    }
}
