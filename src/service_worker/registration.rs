//! One registration: a scope, and the workers that install, wait and are active for it.
//! It moves workers between these places; running them and telling clients is the host's part.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::service_worker::navigation_preload::NavigationPreload;
use crate::service_worker::worker::{IllegalMove, ServiceWorker, WorkerId, WorkerState};

/// Names a registration for as long as the data folder lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegistrationId(pub i64);

/// Which scripts an update check may take from the HTTP cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateViaCache {
    /// Imported scripts only.
    #[default]
    Imports,
    /// The main script too.
    All,
    /// No script.
    None,
}

impl UpdateViaCache {
    /// The value of the option `updateViaCache` of `register()`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imports => "imports",
            Self::All => "all",
            Self::None => "none",
        }
    }
}

/// A scope and its workers. <https://w3c.github.io/ServiceWorker/#dfn-service-worker-registration>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceWorkerRegistration {
    /// Its name.
    pub id: RegistrationId,
    /// The origin it belongs to, serialised.
    pub origin: String,
    /// What it is in charge of: every URL that begins with this one.
    pub scope: Url,
    /// Which scripts an update check may take from the HTTP cache.
    pub update_via_cache: UpdateViaCache,
    /// The worker whose `install` event runs. Never stored: a restart begins without it.
    pub installing: Option<ServiceWorker>,
    /// The worker that is installed and waits for its turn.
    pub waiting: Option<ServiceWorker>,
    /// The worker in charge.
    pub active: Option<ServiceWorker>,
    /// When a script last came from the network.
    pub last_update_check: Option<Timestamp>,
    /// What a page load asks the network while the worker starts.
    pub navigation_preload: NavigationPreload,
}

/// What [`ServiceWorkerRegistration::should_activate`] must know about the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// A client is controlled by this registration.
    pub has_clients: bool,
    /// The active worker has an event that has not ended.
    pub has_pending_events: bool,
}

impl ServiceWorkerRegistration {
    /// A registration without workers.
    pub fn new(id: RegistrationId, scope: Url, update_via_cache: UpdateViaCache) -> Self {
        Self {
            id,
            origin: scope.origin().ascii_serialization(),
            scope,
            update_via_cache,
            installing: None,
            waiting: None,
            active: None,
            last_update_check: None,
            navigation_preload: NavigationPreload::default(),
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#get-newest-worker>
    pub fn newest_worker(&self) -> Option<&ServiceWorker> {
        self.installing
            .as_ref()
            .or(self.waiting.as_ref())
            .or(self.active.as_ref())
    }

    /// Every worker it has, the newest first.
    pub fn workers(&self) -> impl Iterator<Item = &ServiceWorker> {
        [&self.installing, &self.waiting, &self.active]
            .into_iter()
            .flatten()
    }

    /// The worker of that name, if it is in one of the three places.
    pub fn worker_mut(&mut self, id: WorkerId) -> Option<&mut ServiceWorker> {
        [&mut self.installing, &mut self.waiting, &mut self.active]
            .into_iter()
            .flatten()
            .find(|worker| worker.id == id)
    }

    /// A worker whose script evaluated well begins to install.
    /// One that was still installing is given back, redundant.
    pub fn begin_install(
        &mut self,
        mut worker: ServiceWorker,
    ) -> Result<Option<ServiceWorker>, IllegalMove> {
        worker.move_to(WorkerState::Installing)?;
        Ok(self.installing.replace(worker).map(made_redundant))
    }

    /// The `install` event failed: the worker is given back, redundant.
    pub fn fail_install(&mut self) -> Option<ServiceWorker> {
        self.installing.take().map(made_redundant)
    }

    /// The `install` event succeeded: the worker waits now.
    /// One that waited before is given back, redundant.
    pub fn finish_install(&mut self) -> Result<Option<ServiceWorker>, IllegalMove> {
        let Some(mut worker) = self.installing.take() else {
            return Ok(None);
        };
        worker.move_to(WorkerState::Installed)?;
        Ok(self.waiting.replace(worker).map(made_redundant))
    }

    /// Whether the waiting worker may take over now.
    /// <https://w3c.github.io/ServiceWorker/#try-activate-algorithm>
    pub fn should_activate(&self, usage: Usage) -> bool {
        let Some(waiting) = &self.waiting else {
            return false;
        };
        match &self.active {
            None => true,
            Some(active) if active.state == WorkerState::Activating => false,
            Some(_) => !usage.has_pending_events && (waiting.skip_waiting || !usage.has_clients),
        }
    }

    /// The waiting worker takes over and is `activating`. The old one is given back, redundant.
    /// <https://w3c.github.io/ServiceWorker/#activation-algorithm>
    pub fn begin_activate(&mut self) -> Result<Option<ServiceWorker>, IllegalMove> {
        let Some(mut worker) = self.waiting.take() else {
            return Ok(None);
        };
        worker.move_to(WorkerState::Activating)?;
        Ok(self.active.replace(worker).map(made_redundant))
    }

    /// The `activate` event ended, well or not: the active worker is `activated`.
    pub fn finish_activate(&mut self) -> Result<(), IllegalMove> {
        match &mut self.active {
            Some(worker) => worker.move_to(WorkerState::Activated),
            None => Ok(()),
        }
    }

    /// Takes all workers out; they are given back, redundant.
    /// <https://w3c.github.io/ServiceWorker/#clear-registration-algorithm>
    pub fn clear(&mut self) -> Vec<ServiceWorker> {
        [&mut self.installing, &mut self.waiting, &mut self.active]
            .into_iter()
            .filter_map(Option::take)
            .map(made_redundant)
            .collect()
    }

    /// What a new start makes of it: an interrupted install is forgotten, an interrupted
    /// activation begins again. Nothing is left of a registration that has no other worker.
    /// <https://w3c.github.io/ServiceWorker/#on-user-agent-shutdown-algorithm>
    pub fn recover_after_restart(mut self) -> Option<Self> {
        self.installing = None;
        // Differs from the spec: the activate event that the end of the process cut off runs again,
        // as in Chromium, so the worker steps back to where it waited.
        if let Some(worker) = self
            .active
            .take_if(|worker| worker.state == WorkerState::Activating)
        {
            self.waiting.get_or_insert(ServiceWorker {
                state: WorkerState::Installed,
                ..worker
            });
        }
        self.newest_worker().is_some().then_some(self)
    }
}

fn made_redundant(mut worker: ServiceWorker) -> ServiceWorker {
    worker.state = WorkerState::Redundant;
    worker
}
