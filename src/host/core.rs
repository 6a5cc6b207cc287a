//! What the host's thread owns, shared by everything that runs on it.
//!
//! Each subject adds its methods in a file of its own. No borrow of a cell is held across an await.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::connectivity::{Connectivity, NetworkState};
use crate::host::background_fetch::BackgroundFetches;
use crate::host::builder::Settings;
use crate::host::error::Error;
use crate::host::event::{EventFeed, HostEvent, HostEventKind};
use crate::host::history::SyncMemory;
use crate::host::idle::Parks;
use crate::host::lifecycle::JobWaiter;
use crate::host::notifications::Notifications;
use crate::host::permissions::Permissions;
use crate::host::scopes::Scopes;
use crate::network::Network;
use crate::push::PushSubscription;
use crate::service_worker::job::JobQueue;
use crate::service_worker::scope::match_registration;
use crate::service_worker::{NewScripts, RegistrationId, ServiceWorkerRegistration, WorkerId};
use crate::storage::{DataFolder, OriginFiles, SetAside, Storage, StorageError, default_quota};
use crate::sync::{Engagement, SyncQueue};
use crate::web::OriginShared;
use crate::web::host_port::{ContextId, HostRequest};

/// Where a host keeps what it keeps.
pub(super) enum Folder {
    /// A folder of the embedder's, held by this host.
    Kept(DataFolder),
    /// One that goes with the host.
    Temporary(tempfile::TempDir),
}

impl Folder {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder.path(),
            Self::Temporary(folder) => folder.path(),
        }
    }

    pub(super) fn origin(&self, origin: &str) -> PathBuf {
        DataFolder::origin_in(self.path(), origin)
    }
}

/// Everything on the host's thread.
pub(super) struct Core {
    pub clock: Arc<dyn Clock>,
    pub storage: Storage,
    pub folder: Folder,
    pub network: Network,
    pub connectivity: Connectivity,
    pub settings: Settings,
    pub events: Arc<EventFeed>,
    /// What each origin may do, as it is now.
    pub permissions: RefCell<Permissions>,
    /// How much each origin is used, if somebody said so.
    pub engagements: RefCell<HashMap<String, Engagement>>,
    /// Every registration that scripts can find.
    pub registrations: RefCell<BTreeMap<RegistrationId, ServiceWorkerRegistration>>,
    /// Unregistered, but a client still uses them or an event still runs.
    pub leaving: RefCell<BTreeMap<RegistrationId, ServiceWorkerRegistration>>,
    /// Scripts of workers that are not installed yet, so not in storage.
    pub new_scripts: RefCell<HashMap<WorkerId, NewScripts>>,
    /// Workers that called `skipWaiting()` while their script was evaluated for the first time.
    pub skips_early: RefCell<HashSet<WorkerId>>,
    pub jobs: RefCell<JobQueue<JobWaiter>>,
    pub scopes: RefCell<Scopes>,
    /// Names of clients whose page is still being loaded.
    pub reserved_clients: RefCell<HashSet<String>>,
    /// Somebody waits for the moment when the worker that has rested longest is stopped.
    pub is_rest_watched: Cell<bool>,
    /// Workers with events are asked now and then whether they answer.
    pub are_answers_watched: Cell<bool>,
    pub syncs: RefCell<SyncQueue>,
    /// What is known of tags beyond what is stored.
    pub memory: SyncMemory,
    /// Wakes the sync loop to plan anew.
    pub sync_changed: watch::Sender<()>,
    /// The sync queue could not be written: nothing fires before this moment, or before a write succeeds.
    pub storage_retry_at: Cell<Option<Timestamp>>,
    /// What the clock showed when the sync loop looked last; if it shows less now, it was set back unseen.
    pub planned_at: Cell<Timestamp>,
    pub notifications: RefCell<Notifications>,
    pub push_subscriptions: RefCell<BTreeMap<RegistrationId, PushSubscription>>,
    /// Registrations whose push messages are being delivered.
    pub delivering: RefCell<HashSet<RegistrationId>>,
    pub background_fetches: RefCell<BackgroundFetches>,
    /// A worker's state, a scope or the amount of work has changed: whoever waits for one looks again.
    pub changed: watch::Sender<()>,
    /// How many jobs and events are under way.
    pub under_way: Cell<usize>,
    /// How often a scope was woken by another one, or by a timer.
    pub woken: Cell<u64>,
    /// How many scripts are being fetched for jobs and imports, and how many requests of background fetches are under way.
    pub fetching: Cell<usize>,
    /// Tells when everything on the host's thread waits for something outside of it.
    pub parks: Parks,
    /// The state of the network that scopes were told last.
    pub told_network: RefCell<NetworkState>,
    /// Set when the host ends: no event is sent any more, and one that is cut off did not fail.
    pub is_ending: Cell<bool>,
    pub requests: mpsc::UnboundedSender<(ContextId, HostRequest)>,
    /// What scopes ask for, until it is taken.
    asked: RefCell<mpsc::UnboundedReceiver<(ContextId, HostRequest)>>,
    origins: RefCell<HashMap<String, OriginShared>>,
}

/// What a [`Core`] is made of.
pub(super) struct Parts {
    pub clock: Arc<dyn Clock>,
    pub storage: Storage,
    pub folder: Folder,
    pub network: Network,
    pub connectivity: Connectivity,
    pub settings: Settings,
    pub events: Arc<EventFeed>,
    pub parks: Parks,
}

impl Core {
    pub(super) fn new(parts: Parts) -> Self {
        let (requests, asked) = mpsc::unbounded_channel();
        let started_at = parts.clock.now();
        Self {
            told_network: RefCell::new(parts.connectivity.state()),
            planned_at: Cell::new(parts.clock.now()),
            is_ending: Cell::new(false),
            permissions: RefCell::new(parts.settings.permissions.clone()),
            engagements: RefCell::new(parts.settings.engagements.clone()),
            clock: parts.clock,
            storage: parts.storage,
            folder: parts.folder,
            network: parts.network,
            connectivity: parts.connectivity,
            settings: parts.settings,
            events: parts.events,
            registrations: RefCell::default(),
            leaving: RefCell::default(),
            new_scripts: RefCell::default(),
            skips_early: RefCell::default(),
            jobs: RefCell::new(JobQueue::new()),
            scopes: RefCell::default(),
            reserved_clients: RefCell::default(),
            is_rest_watched: Cell::new(false),
            are_answers_watched: Cell::new(false),
            syncs: RefCell::new(SyncQueue::new()),
            memory: SyncMemory::new(started_at),
            sync_changed: watch::Sender::new(()),
            storage_retry_at: Cell::new(None),
            notifications: RefCell::default(),
            push_subscriptions: RefCell::default(),
            delivering: RefCell::default(),
            background_fetches: RefCell::default(),
            changed: watch::Sender::new(()),
            under_way: Cell::new(0),
            woken: Cell::new(0),
            fetching: Cell::new(0),
            parks: parts.parks,
            requests,
            asked: RefCell::new(asked),
            origins: RefCell::default(),
        }
    }

    /// The next thing that a scope asks for.
    pub(super) async fn next_request(&self) -> Option<(ContextId, HostRequest)> {
        poll_fn(|context| self.asked.borrow_mut().poll_recv(context)).await
    }

    /// What a scope has asked for already and was not taken yet.
    pub(super) fn waiting_request(&self) -> Option<(ContextId, HostRequest)> {
        self.asked.borrow_mut().try_recv().ok()
    }

    /// Whether everything that scopes asked for has been taken.
    pub(super) fn has_taken_all_requests(&self) -> bool {
        self.asked.borrow().is_empty()
    }

    /// Tells everyone who listens what happened.
    pub(super) fn publish(&self, kind: HostEventKind) {
        self.events.publish(&HostEvent {
            at_ms: self.clock.now(),
            kind,
        });
    }

    /// Something could not be kept and nobody waits for an answer.
    pub(super) fn report_storage(&self, result: Result<(), StorageError>) {
        if let Err(error) = result {
            tracing::error!(%error, "storage failed");
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            self.publish(HostEventKind::StorageFailed {
                reason: format!("{error}{cause}"),
            });
        }
    }

    /// Wakes whoever waits for the state of the host to change.
    pub(super) fn touch(&self) {
        // Seldom does anybody wait.
        if self.changed.receiver_count() > 0 {
            self.changed.send_replace(());
        }
    }

    /// Waits until `condition` gives something; it is asked again after every change.
    pub(super) async fn wait_for<T>(&self, mut condition: impl FnMut(&Self) -> Option<T>) -> T {
        if let Some(found) = condition(self) {
            return found;
        }
        let mut changes = self.changed.subscribe();
        loop {
            // The sender lives in self, so this never fails.
            let _ = changes.changed().await;
            if let Some(found) = condition(self) {
                return found;
            }
        }
    }

    /// Counts something as under way until the guard is dropped.
    pub(super) fn begin_work(self: &Rc<Self>) -> Work {
        self.under_way.set(self.under_way.get() + 1);
        Work(Rc::clone(self))
    }

    /// What the scopes of an origin share.
    pub(super) fn shared_by(&self, origin: &str) -> OriginShared {
        self.origins
            .borrow_mut()
            .entry(origin.to_owned())
            .or_insert_with(|| OriginShared::new(self.files_of(origin)))
            .clone()
    }

    fn files_of(&self, origin: &str) -> Arc<OriginFiles> {
        let (events, clock) = (Arc::clone(&self.events), Arc::clone(&self.clock));
        let told_of_damage = move |found: SetAside| {
            tracing::warn!(path = %found.path.display(), reason = found.reason, "set aside");
            events.publish(&HostEvent {
                at_ms: clock.now(),
                kind: HostEventKind::StorageFailed {
                    reason: found.to_string(),
                },
            });
        };
        let quota = self.settings.quota;
        let quota = quota.unwrap_or_else(|| default_quota(self.folder.path()));
        OriginFiles::new(self.folder.origin(origin), quota, Arc::new(told_of_damage))
    }

    /// A copy of a registration, as it is now.
    pub(super) fn registration(&self, id: RegistrationId) -> Option<ServiceWorkerRegistration> {
        self.registrations.borrow().get(&id).cloned()
    }

    /// A copy of the registration with exactly that scope.
    pub(super) fn registration_for_scope(&self, scope: &Url) -> Option<ServiceWorkerRegistration> {
        self.registrations
            .borrow()
            .values()
            .find(|registration| registration.scope == *scope)
            .cloned()
    }

    /// The number of the registration in charge of a URL.
    pub(super) fn matching_registration_id(&self, url: &Url) -> Option<RegistrationId> {
        match_registration(self.registrations.borrow().values(), url).map(|matching| matching.id)
    }

    /// A copy of the registration in charge of a URL.
    pub(super) fn matching_registration(&self, url: &Url) -> Option<ServiceWorkerRegistration> {
        match_registration(self.registrations.borrow().values(), url).cloned()
    }

    /// Like [`Self::registration_for_scope`], with an error that names the scopes there are.
    pub(super) fn require_scope(&self, scope: &Url) -> Result<ServiceWorkerRegistration, Error> {
        self.registration_for_scope(scope)
            .ok_or_else(|| Error::UnknownScope {
                asked: scope.clone(),
                known: self
                    .registrations
                    .borrow()
                    .values()
                    .map(|registration| registration.scope.clone())
                    .collect(),
            })
    }

    /// Like [`Self::registration`], also of one that is unregistered but still in use.
    pub(super) fn registration_in_use(
        &self,
        id: RegistrationId,
    ) -> Option<ServiceWorkerRegistration> {
        self.update_registration(id, |registration| registration.clone())
    }

    /// Changes a registration in place, wherever it is kept; `None` if it is gone.
    pub(super) fn update_registration<T>(
        &self,
        id: RegistrationId,
        change: impl FnOnce(&mut ServiceWorkerRegistration) -> T,
    ) -> Option<T> {
        if let Some(registration) = self.registrations.borrow_mut().get_mut(&id) {
            return Some(change(registration));
        }
        self.leaving.borrow_mut().get_mut(&id).map(change)
    }
}

/// Something under way; the host is not idle while it lives.
pub(super) struct Work(Rc<Core>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
        self.0.touch();
    }
}
