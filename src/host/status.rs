//! One serialisable picture of a host, for programs, people and tests.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::connectivity::NetworkState;
use crate::host::background_fetch::BackgroundFetchStatus;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::service_worker::{ServiceWorker, ServiceWorkerRegistration, WorkerState};
use crate::storage::Storage;
use crate::sync::{OwnerId, SyncKind, SyncRegistration, SyncState};

/// What a host knows and does at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What the clock of the host shows; that of the computer if no host runs.
    pub now_ms: Timestamp,
    /// Whether that clock moves only by hand.
    pub is_clock_manual: bool,
    /// Whether there is a network; `None` if no host runs, so that nobody looks.
    pub online: Option<bool>,
    /// Who or what says so.
    #[serde(default)]
    pub online_reason: Option<String>,
    /// Every registration.
    pub registrations: Vec<RegistrationStatus>,
    /// Whether the host has no background sync, so that what is registered waits for one that has.
    #[serde(default)]
    pub is_sync_disabled: bool,
    /// Every sync registration.
    pub syncs: Vec<SyncStatus>,
    /// Every background fetch that has not ended, or whose last event has not.
    #[serde(default)]
    pub background_fetches: Vec<BackgroundFetchStatus>,
    /// The addresses of the open clients.
    pub clients: Vec<Url>,
}

/// A service worker registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationStatus {
    /// Its scope.
    pub scope: Url,
    /// The worker that installs.
    pub installing: Option<WorkerStatus>,
    /// The worker that waits.
    pub waiting: Option<WorkerStatus>,
    /// The worker in charge.
    pub active: Option<WorkerStatus>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Its script.
    pub script: Url,
    /// Its state.
    pub state: WorkerState,
    /// Whether its script runs now.
    pub running: bool,
}

/// A sync registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// The scope of the service worker registration it belongs to.
    pub scope: Url,
    /// One-shot or periodic.
    pub kind: SyncKind,
    /// The tag.
    pub tag: String,
    /// Where it is.
    pub state: SyncState,
    /// The `minInterval` of a periodic sync, in milliseconds.
    pub min_interval_ms: Option<u64>,
    /// How many attempts have failed, of a periodic sync since its last interval.
    pub failed_attempts: u32,
    /// After so many a one-shot sync is dropped, and a periodic one waits for its next interval.
    pub max_attempts: u32,
    /// When the next event may be sent, if it must wait; milliseconds since the epoch.
    pub next_attempt_at_ms: Option<Timestamp>,
}

impl Status {
    /// What the data folder of a host says while no host runs on it. Nothing in it is changed.
    pub fn read(data_folder: &Path) -> Result<Self, Error> {
        let storage = Self::open(data_folder)?;
        Ok(Self {
            background_fetches: BackgroundFetchStatus::of_storage(&storage, data_folder)?,
            ..Self::of_storage(&storage)?
        })
    }

    /// The storage of a data folder, to be read.
    pub(super) fn open(data_folder: &Path) -> Result<Storage, Error> {
        if !data_folder.join(Storage::FILE_NAME).exists() {
            return Err(Error::NoData(data_folder.to_owned()));
        }
        Ok(Storage::open_to_read(data_folder)?)
    }

    /// What is stored, without a host.
    pub(super) fn of_storage(storage: &Storage) -> Result<Self, Error> {
        let registrations = storage.load_registrations()?;
        let syncs = storage.load_syncs()?;
        Ok(Self {
            now_ms: SystemClock.now(),
            ..Self::new(None, &registrations, &syncs, Vec::new(), |_| false)
        })
    }

    fn new(
        network: Option<NetworkState>,
        registrations: &[ServiceWorkerRegistration],
        syncs: &[SyncRegistration],
        clients: Vec<Url>,
        is_running: impl Fn(&ServiceWorker) -> bool,
    ) -> Self {
        let worker = |worker: &Option<ServiceWorker>| {
            worker.as_ref().map(|worker| WorkerStatus {
                script: worker.script_url.clone(),
                state: worker.state,
                running: is_running(worker),
            })
        };
        let scopes: HashMap<OwnerId, &Url> = registrations
            .iter()
            .map(|registration| (OwnerId(registration.id.0), &registration.scope))
            .collect();
        let sync = |row: &SyncRegistration| {
            let scope = *scopes.get(&row.key.owner)?;
            Some(SyncStatus {
                scope: scope.clone(),
                kind: row.key.kind,
                tag: row.key.tag.clone(),
                state: row.state,
                min_interval_ms: (row.key.kind == SyncKind::Periodic)
                    .then(|| u64::try_from(row.min_interval.as_millis()).unwrap_or(u64::MAX)),
                failed_attempts: row.attempts,
                max_attempts: row.max_attempts,
                next_attempt_at_ms: row.not_before,
            })
        };
        Self {
            now_ms: Timestamp::default(),
            is_clock_manual: false,
            online: network.as_ref().map(|network| network.online),
            online_reason: network.map(|network| network.reason.to_string()),
            registrations: registrations
                .iter()
                .map(|registration| RegistrationStatus {
                    scope: registration.scope.clone(),
                    installing: worker(&registration.installing),
                    waiting: worker(&registration.waiting),
                    active: worker(&registration.active),
                })
                .collect(),
            is_sync_disabled: false,
            syncs: syncs.iter().filter_map(sync).collect(),
            background_fetches: Vec::new(),
            clients,
        }
    }
}

impl Core {
    pub(super) fn status(&self) -> Status {
        let registrations: Vec<_> = self.registrations.borrow().values().cloned().collect();
        let is_sync_disabled = self.settings.sync_policy.disabled;
        let syncs: Vec<_> = if is_sync_disabled {
            self.stored_syncs()
        } else {
            self.syncs.borrow().iter().cloned().collect()
        };
        let scopes = self.scopes.borrow();
        Status {
            now_ms: self.clock.now(),
            is_clock_manual: self.clock.manual().is_some(),
            background_fetches: self.background_fetch_status(),
            is_sync_disabled,
            ..Status::new(
                Some(self.connectivity.state()),
                &registrations,
                &syncs,
                scopes.clients().map(|client| client.url.clone()).collect(),
                |worker| scopes.worker(worker.id).is_some(),
            )
        }
    }

    /// What is on disk, where a host without background sync leaves it.
    fn stored_syncs(&self) -> Vec<SyncRegistration> {
        let stored = self.storage.load_syncs();
        stored.unwrap_or_else(|error| {
            self.report_storage(Err(error));
            Vec::new()
        })
    }
}
