//! What is kept for which origin, and how all of it goes away, from under scripts that run.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::clock::Timestamp;
use crate::host::Host;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::host::scopes::Role;
use crate::host::status::Status;
use crate::host::thread::Task;
use crate::network::ClearStorage;
use crate::service_worker::{RegistrationId, ServiceWorkerRegistration};
use crate::storage::cache_storage::CacheStorage;
use crate::storage::{
    CheckedDatabase, DataFolder, Durability, OriginUsage, Storage, check, remove_origin,
    stored_origins,
};
use crate::web::event::Notice;
use crate::web::host_port::ContextId;

/// What is kept for an origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginStatus {
    /// The origin, as `https://app.example`.
    pub origin: String,
    /// How many service worker registrations it has.
    pub registrations: usize,
    /// What its databases and caches take on disk.
    #[serde(flatten)]
    pub usage: OriginUsage,
}

impl OriginStatus {
    /// Every origin that a data folder keeps anything for, while no host runs on it.
    pub fn read(data_folder: &Path) -> Result<Vec<Self>, Error> {
        let storage = Status::open(data_folder)?;
        let registrations = storage.load_registrations()?;
        Self::list(data_folder, &storage, &registrations)
    }

    fn list(
        data_folder: &Path,
        storage: &Storage,
        registrations: &[ServiceWorkerRegistration],
    ) -> Result<Vec<Self>, Error> {
        let stored = stored_origins(data_folder)?;
        let remembered = storage.scopes_with_history()?.into_iter().map(|scope| {
            let origin = scope.origin().ascii_serialization();
            (origin, OriginUsage::default(), 0)
        });
        let mut origins: BTreeMap<String, Self> = BTreeMap::new();
        let registered = registrations
            .iter()
            .map(|registration| (registration.origin.clone(), OriginUsage::default(), 1));
        let stored = stored.into_iter().map(|(origin, usage)| (origin, usage, 0));
        for (origin, usage, registrations) in stored.chain(registered).chain(remembered) {
            let status = origins.entry(origin.clone()).or_insert(Self {
                origin,
                registrations: 0,
                usage,
            });
            status.registrations += registrations;
        }
        Ok(origins.into_values().collect())
    }
}

/// Removes everything that a data folder keeps for an origin, while no host runs on it.
/// `now` is written into the folder's lock for whoever finds it held.
pub fn clear_stored_origin(data_folder: &Path, origin: &str, now: Timestamp) -> Result<(), Error> {
    if !data_folder.join(Storage::FILE_NAME).exists() {
        return Err(Error::NoData(data_folder.to_owned()));
    }
    let _held = DataFolder::acquire(data_folder, now)?;
    let storage = Storage::open(data_folder, Durability::Relaxed)?;
    for registration in storage.load_registrations()? {
        if registration.origin == origin {
            storage.delete_registration(registration.id)?;
        }
    }
    storage.forget_sync_history(origin)?;
    Ok(remove_origin(data_folder, origin, false)?)
}

/// Checks every database of a data folder, in use or not.
pub fn check_stored(data_folder: &Path) -> Result<Vec<CheckedDatabase>, Error> {
    if !data_folder.join(Storage::FILE_NAME).exists() {
        return Err(Error::NoData(data_folder.to_owned()));
    }
    Ok(check(data_folder)?)
}

/// How a server's `Clear-Site-Data` reaches the host's thread, from that of the network.
pub(super) fn clear_storage_by(tasks: mpsc::WeakUnboundedSender<Task>) -> ClearStorage {
    Arc::new(move |origin| {
        let tasks = tasks.clone();
        async move {
            let (done, is_done) = oneshot::channel();
            let task: Task = Box::new(move |core| {
                tokio::task::spawn_local(async move {
                    if let Err(error) = core.clear_storage(&origin).await {
                        tracing::warn!(origin, %error, "a server's Clear-Site-Data was not followed");
                    }
                    let _ = done.send(());
                });
            });
            if let Some(tasks) = tasks.upgrade() {
                let _ = tasks.send(task);
            }
            // A host that ends drops the task, and there is nobody left to wait for.
            let _ = is_done.await;
        }
        .boxed()
    })
}

impl Host {
    /// Every origin that anything is kept for.
    pub async fn origins(&self) -> Result<Vec<OriginStatus>, Error> {
        self.call(|core| async move {
            let registrations: Vec<_> = core.registrations.borrow().values().cloned().collect();
            OriginStatus::list(core.folder.path(), &core.storage, &registrations)
        })
        .await
    }

    /// Removes everything that is kept for the origin of `url`: registrations, syncs and their history, caches,
    /// databases, background fetches, cookies, the HTTP cache.
    ///
    /// Its workers are stopped, events under way included. Its clients run on, without controller, their connections to
    /// databases closed and their caches empty.
    pub async fn clear_origin(&self, url: &Url) -> Result<(), Error> {
        let origin = url.origin().ascii_serialization();
        self.call(move |core| async move { core.clear_origin(&origin).await })
            .await
    }

    /// Reads every database to its end and says which ones are damaged. Nothing is changed.
    pub async fn check_storage(&self) -> Result<Vec<CheckedDatabase>, Error> {
        let folder = self
            .call(|core| async move { Ok(core.folder.path().to_owned()) })
            .await?;
        // It may take long, and the host has other things to do.
        let checked = tokio::task::spawn_blocking(move || check(&folder));
        let checked = checked.await.map_err(|_| Error::ShutDown)?;
        Ok(checked?)
    }
}

impl Core {
    async fn clear_origin(self: &Rc<Self>, origin: &str) -> Result<(), Error> {
        self.network.clear_origin(origin);
        self.clear_storage(origin).await
    }

    async fn clear_storage(self: &Rc<Self>, origin: &str) -> Result<(), Error> {
        let _work = self.begin_work();
        self.clear_registrations(origin)?;
        self.storage.forget_sync_history(origin)?;
        self.workers_have_stopped(origin).await;
        self.close_databases(origin).await;
        let folder = self.folder.origin(origin);
        let is_in_use = self
            .scopes
            .borrow()
            .iter()
            .any(|(_, scope)| scope.origin == origin);
        let shared = self.shared_by(origin);
        if is_in_use && folder.join(CacheStorage::FILE_NAME).exists() {
            let durability = self.settings.durability;
            CacheStorage::open_for(shared.files(), durability, shared.cache_pins())?.clear()?;
        }
        remove_origin(self.folder.path(), origin, is_in_use)?;
        // A database that a script opened in that moment has lost its file.
        drop(shared.databases().close_all(origin));
        self.publish(HostEventKind::OriginCleared {
            origin: origin.to_owned(),
        });
        Ok(())
    }

    /// Forgets the registrations at once, whoever uses them.
    fn clear_registrations(self: &Rc<Self>, origin: &str) -> Result<(), Error> {
        let ids: Vec<RegistrationId> = self
            .registrations
            .borrow()
            .values()
            .filter(|registration| registration.origin == origin)
            .map(|registration| registration.id)
            .collect();
        for id in ids {
            self.storage.delete_registration(id)?;
            let Some(registration) = self.registrations.borrow_mut().remove(&id) else {
                continue;
            };
            self.forget_syncs(id, &registration.scope);
            self.forget_push(id);
            self.forget_background_fetches(id);
            self.forget_notifications(id);
            self.publish(HostEventKind::Unregistered {
                scope: registration.scope.clone(),
            });
            self.leaving.borrow_mut().insert(id, registration);
        }
        let leaving: Vec<RegistrationId> = self
            .leaving
            .borrow()
            .values()
            .filter(|registration| registration.origin == origin)
            .map(|registration| registration.id)
            .collect();
        for id in leaving {
            self.release_clients(id);
            self.clear_registration(id);
        }
        Ok(())
    }

    /// Clients of the registration have no controller any more.
    fn release_clients(&self, id: RegistrationId) {
        let mut released = Vec::new();
        for (context, client) in self.scopes.borrow_mut().clients_mut() {
            if client.controller == Some(id) {
                client.controller = None;
                released.push(context);
            }
        }
        for context in released {
            self.notify(context, Notice::ControllerChanged(None));
        }
    }

    /// Waits until no worker of the origin runs: one that does not stop by itself is cut off, and so is one that does not
    /// belong to its registration yet.
    async fn workers_have_stopped(&self, origin: &str) {
        let is_new = |role: &Role| matches!(role, Role::Worker { id, .. } if self.new_scripts.borrow().contains_key(id));
        let new: Vec<ContextId> = self
            .scopes
            .borrow()
            .iter()
            .filter(|(_, scope)| scope.origin == origin && is_new(&scope.role))
            .map(|(context, _)| context)
            .collect();
        for context in new {
            self.terminate(context);
        }
        self.wait_for(|core| {
            let runs = core.scopes.borrow().iter().any(|(_, scope)| {
                scope.origin == origin && matches!(scope.role, Role::Worker { .. })
            });
            (!runs).then_some(())
        })
        .await;
    }

    /// Closes every connection of the origin's scripts, and waits for it as long as for a script that is to stop.
    async fn close_databases(&self, origin: &str) {
        let closed = self.shared_by(origin).databases().close_all(origin);
        let deadline = self.clock.now().plus(self.settings.limits.stop);
        tokio::select! {
            _ = closed => {}
            () = self.clock.sleep_until(deadline) => {
                tracing::warn!(origin, "a script keeps its databases open while they are cleared");
            }
        }
    }
}
