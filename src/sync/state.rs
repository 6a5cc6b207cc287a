//! The states of a sync registration and the moves between them.
//! Counting attempts and computing delays is in the files beside it.

use serde::{Deserialize, Serialize};

/// <https://wicg.github.io/background-sync/spec/#sync-registration-registration-state>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// It fires as soon as the network is there.
    Pending,
    /// It failed and waits for its delay to pass.
    Waiting,
    /// Its event runs.
    Firing,
    /// Its event runs, and `register()` was called again meanwhile.
    ReregisteredWhileFiring,
    /// A periodic registration of an origin that gets no events for now.
    Suspended,
}

/// How one dispatch ended, as far as a registration cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The event was fulfilled.
    Succeeded,
    /// It was rejected, took too long, or its worker died or did not start.
    Failed,
    /// The event was never sent, for example because the network went away just before.
    NotDispatched,
    /// The host ended in good order while the event ran.
    CutOff,
}

/// Where a settled registration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// It stays, in this state.
    To(SyncState),
    /// It is done.
    Away,
}

impl SyncState {
    /// Whether an event of the registration is under way.
    pub fn is_firing(self) -> bool {
        matches!(self, Self::Firing | Self::ReregisteredWhileFiring)
    }

    /// `register(tag)` was called again.
    pub fn reregister(self) -> Self {
        match self {
            Self::Waiting => Self::Pending,
            Self::Firing => Self::ReregisteredWhileFiring,
            Self::Pending | Self::ReregisteredWhileFiring | Self::Suspended => self,
        }
    }

    /// The `sync` event of the registration ended. After a failed last chance no attempt is left.
    pub fn settle(self, outcome: Outcome, was_last_chance: bool) -> Move {
        match (self, outcome) {
            (Self::ReregisteredWhileFiring, _) => Move::To(Self::Pending),
            (Self::Firing, Outcome::NotDispatched | Outcome::CutOff) => Move::To(Self::Pending),
            (Self::Firing, Outcome::Failed) if !was_last_chance => Move::To(Self::Waiting),
            (Self::Firing, Outcome::Succeeded | Outcome::Failed) => Move::Away,
            // Settled before, for example after a crash: a late outcome changes nothing.
            (Self::Pending | Self::Waiting | Self::Suspended, _) => Move::To(self),
        }
    }

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Firing => "firing",
            Self::ReregisteredWhileFiring => "reregistered_while_firing",
            Self::Suspended => "suspended",
        }
    }
}
