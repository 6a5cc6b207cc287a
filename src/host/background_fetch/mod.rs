//! Background fetches: what was promised is on disk, and goes on after a restart until its last event has ended.
//! <https://wicg.github.io/background-fetch/>
//!
//! The rules are in [`crate::background_fetch`]; this sends what they say, and stores it before anything depends on it.

mod embedder;
mod ending;
mod event;
mod listeners;
mod manager;
mod perform;
mod progress;
mod request;
mod transfer;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::AbortHandle;
use url::Url;

use crate::background_fetch::{BackgroundFetch, Progress};
use crate::host::core::Core;
use crate::service_worker::{RegistrationId, ServiceWorkerRegistration};
use crate::storage::FetchFiles;
use crate::web::background_fetch::BackgroundFetchView;
use crate::web::host_port::ContextId;

use self::listeners::Listeners;

pub use embedder::BackgroundFetchStatus;
pub use event::BackgroundFetchEvent;

/// The fetches of a host that have not ended, or whose last event has not.
#[derive(Default)]
pub(super) struct BackgroundFetches {
    entries: BTreeMap<i64, Entry>,
    /// How many requests wait for the network.
    waiting: usize,
}

impl BackgroundFetches {
    /// Whether requests would be sent if there was a network.
    pub(super) fn wait_for_network(&self) -> bool {
        self.waiting > 0
    }

    /// Whether the last event of a fetch runs.
    pub(super) fn are_delivering(&self) -> bool {
        self.entries.values().any(|entry| entry.is_delivering)
    }

    /// Nothing is sent or received any more.
    pub(super) fn stop(&self) {
        for transfers in self.entries.values().filter_map(|it| it.transfers.as_ref()) {
            transfers.abort();
        }
    }
}

/// A fetch, and who has to do with it.
struct Entry {
    registration: RegistrationId,
    scope: Url,
    origin: String,
    fetch: BackgroundFetch,
    /// By the position of the record.
    listeners: Vec<Listeners>,
    /// The scope that began it, until it says that it knows that it did: only then the fetch goes on.
    begun_by: Option<ContextId>,
    /// What sends the requests, until they have ended.
    transfers: Option<AbortHandle>,
    /// What scopes and embedder were told last, and when.
    told: Progress,
    told_at: Option<Duration>,
    /// They will be told again by itself.
    is_telling: bool,
    /// Its last event runs.
    is_delivering: bool,
}

impl Entry {
    fn new(registration: &ServiceWorkerRegistration, fetch: BackgroundFetch) -> Self {
        Self {
            registration: registration.id,
            scope: registration.scope.clone(),
            origin: registration.origin.clone(),
            listeners: fetch.records.iter().map(Listeners::new).collect(),
            begun_by: None,
            transfers: None,
            told: fetch.progress(),
            told_at: None,
            is_telling: false,
            is_delivering: false,
            fetch,
        }
    }

    fn view(&self) -> BackgroundFetchView {
        BackgroundFetchView::new(&self.fetch, true)
    }
}

impl Core {
    fn insert_fetch(&self, entry: Entry) {
        let mut fetches = self.background_fetches.borrow_mut();
        fetches.entries.insert(entry.fetch.number, entry);
    }

    /// Looks at a fetch or changes it, if it is still there.
    fn with_fetch<T>(&self, number: i64, work: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut fetches = self.background_fetches.borrow_mut();
        fetches.entries.get_mut(&number).map(work)
    }

    /// The numbers of the fetches that are meant.
    fn fetches_where(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<i64> {
        let fetches = self.background_fetches.borrow();
        let meant = fetches.entries.iter().filter(|(_, entry)| is_meant(entry));
        meant.map(|(number, _)| *number).collect()
    }

    fn fetch_files(&self, origin: &str) -> FetchFiles {
        FetchFiles::new(
            self.shared_by(origin).files().clone(),
            self.settings.durability,
        )
    }
}
