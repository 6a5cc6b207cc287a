//! Installs workers and puts them in charge; clears registrations that nobody uses any more.

use std::rc::Rc;

use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::lifecycle::JobResult;
use crate::host::scopes::Role;
use crate::service_worker::registration::Usage;
use crate::service_worker::{
    RegistrationId, ServiceWorker, ServiceWorkerRegistration, WorkerId, WorkerState,
};
use crate::storage::StorageError;
use crate::web::error::WebError;
use crate::web::event::{EventInit, Notice};
use crate::web::view::{RegistrationView, WorkerView};

impl Core {
    /// <https://w3c.github.io/ServiceWorker/#installation-algorithm>
    pub(super) async fn install(
        self: &Rc<Self>,
        id: RegistrationId,
        mut worker: ServiceWorker,
    ) -> Result<JobResult, WebError> {
        // `skipWaiting()` may have been called while the script was evaluated.
        worker.skip_waiting = self.skips_early.borrow_mut().remove(&worker.id);
        let gone = || WebError::Type("the registration was removed meanwhile".to_owned());
        let (worker_id, script) = (worker.id, worker.script_url.clone());
        let replaced = self
            .update_registration(id, |registration| registration.begin_install(worker))
            .ok_or_else(gone)?
            .map_err(|error| WebError::InvalidState(error.to_string()))?;
        self.retire(replaced);
        let registration = self.registration(id).ok_or_else(gone)?;
        let scope = registration.scope.clone();
        let view = JobResult::Registration((&registration).into());
        self.publish(HostEventKind::Registered {
            scope: scope.clone(),
            script: script.clone(),
        });
        self.settle_job(&scope, &Ok(view.clone()));
        self.show(&registration, worker_id);
        self.notify_origin(&registration.origin, || Notice::UpdateFound(id.0));

        let outcome = self.fire_awaited(id, worker_id, EventInit::Install).await;
        if !outcome.is_success() {
            let failed = self.update_registration(id, ServiceWorkerRegistration::fail_install);
            // First: who hears that the worker is redundant finds it gone.
            self.show_registration(id);
            self.retire(failed.flatten());
            self.publish(HostEventKind::InstallFailed {
                scope,
                script,
                outcome,
            });
            return Ok(view);
        }
        let mut installed = self.registration(id).ok_or_else(gone)?;
        let finished = installed.finish_install();
        let replaced = finished.map_err(|error| WebError::InvalidState(error.to_string()))?;
        if let Err(error) = self.keep(&installed, worker_id) {
            // What cannot be kept is not installed: the next start would not find it.
            let failed = self.update_registration(id, ServiceWorkerRegistration::fail_install);
            // First: who hears that the worker is redundant finds it gone.
            self.show_registration(id);
            self.retire(failed.flatten());
            self.report_storage(Err(error));
            return Ok(view);
        }
        self.update_registration(id, |registration| *registration = installed.clone());
        self.retire(replaced);
        self.show(&installed, worker_id);
        self.publish(HostEventKind::Installed { scope, script });
        self.try_activate(id);
        Ok(view)
    }

    /// Puts an installed worker and its scripts on disk.
    fn keep(
        &self,
        registration: &ServiceWorkerRegistration,
        worker: WorkerId,
    ) -> Result<(), StorageError> {
        let scripts = self.new_scripts.borrow().get(&worker).cloned();
        let scripts = scripts.unwrap_or_default().used;
        self.storage
            .save_registration(registration, &[(worker, &scripts)])?;
        self.new_scripts.borrow_mut().remove(&worker);
        Ok(())
    }

    /// <https://w3c.github.io/ServiceWorker/#try-activate-algorithm>
    pub(super) fn try_activate(self: &Rc<Self>, id: RegistrationId) {
        if self.is_ending.get() {
            return;
        }
        let Some(registration) = self.registration_in_use(id) else {
            return;
        };
        let usage = Usage {
            has_clients: self.has_clients(id),
            has_pending_events: registration
                .active
                .as_ref()
                .is_some_and(|active| self.scopes.borrow().has_pending_events(active.id)),
        };
        if registration.should_activate(usage) {
            self.activate(id);
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#activation-algorithm>
    ///
    /// The worker is in charge when this returns; its `activate` event goes on by itself, because the handler may wait
    /// for jobs that come behind the present one.
    fn activate(self: &Rc<Self>, id: RegistrationId) {
        let moved = self.update_registration(id, ServiceWorkerRegistration::begin_activate);
        let Some(Ok(replaced)) = moved else { return };
        self.retire(replaced);
        let Some(registration) = self.registration_in_use(id) else {
            return;
        };
        let Some(worker) = registration.active.clone() else {
            return;
        };
        self.save_if_registered(&registration);
        self.show(&registration, worker.id);
        self.change_controller(&registration);
        let core = Rc::clone(self);
        let work = self.begin_work();
        tokio::task::spawn_local(async move {
            core.fire_activate(id, worker).await;
            drop(work);
        });
    }

    /// Whatever the event comes to, the worker is activated.
    async fn fire_activate(self: &Rc<Self>, id: RegistrationId, worker: ServiceWorker) {
        self.fire_awaited(id, worker.id, EventInit::Activate).await;
        if self.is_ending.get() {
            // Cut off: the next start activates it anew.
            return;
        }
        self.update_registration(id, ServiceWorkerRegistration::finish_activate);
        if let Some(registration) = self.registration_in_use(id) {
            self.save_if_registered(&registration);
            self.show(&registration, worker.id);
            self.publish(HostEventKind::Activated {
                scope: registration.scope,
                script: worker.script_url,
            });
        }
        self.sync_changed.send_replace(());
        self.touch();
        // Another one may have been installed meanwhile.
        self.try_activate(id);
    }

    /// One that is unregistered goes on while it is used, but not on disk.
    fn save_if_registered(&self, registration: &ServiceWorkerRegistration) {
        if self.registrations.borrow().contains_key(&registration.id) {
            self.report_storage(self.storage.save_registration(registration, &[]));
        }
    }

    /// Clients of a registration get its active worker as their controller.
    /// <https://w3c.github.io/ServiceWorker/#notify-controller-change-algorithm>
    fn change_controller(&self, registration: &ServiceWorkerRegistration) {
        let worker = registration.active.as_ref().map(WorkerView::from);
        let controlled: Vec<_> = self
            .scopes
            .borrow()
            .iter()
            .filter(|(_, scope)| {
                scope
                    .client()
                    .is_some_and(|client| client.controller == Some(registration.id))
            })
            .map(|(context, _)| context)
            .collect();
        for context in controlled {
            self.notify(context, Notice::ControllerChanged(worker.clone()));
        }
    }

    /// A worker that was replaced or failed: it runs no more, and everyone sees that.
    fn retire(self: &Rc<Self>, worker: Option<ServiceWorker>) {
        let Some(worker) = worker else { return };
        self.new_scripts.borrow_mut().remove(&worker.id);
        let view = WorkerView::from(&worker);
        let origin = worker.script_url.origin().ascii_serialization();
        self.notify_origin(&origin, || Notice::WorkerStateChanged(view.clone()));
        let running = self.scopes.borrow().worker(worker.id);
        if let Some(context) = running {
            self.stop_scope(context);
        }
    }

    /// Everyone in the origin sees a registration, and the new state of one of its workers.
    fn show(&self, registration: &ServiceWorkerRegistration, worker: WorkerId) {
        let view = RegistrationView::from(registration);
        self.notify_origin(&registration.origin, || {
            Notice::RegistrationChanged(view.clone())
        });
        if let Some(worker) = registration.workers().find(|w| w.id == worker) {
            let view = WorkerView::from(worker);
            self.notify_origin(&registration.origin, || {
                Notice::WorkerStateChanged(view.clone())
            });
        }
        self.touch();
    }

    /// Everyone in the origin sees a registration as it is now.
    pub(super) fn show_registration(&self, id: RegistrationId) {
        if let Some(registration) = self.registration(id) {
            let view = RegistrationView::from(&registration);
            self.notify_origin(&registration.origin, || {
                Notice::RegistrationChanged(view.clone())
            });
        }
        self.touch();
    }

    /// A client of a registration is gone, or the last event of its worker has ended: another worker may take over,
    /// or the registration may go.
    pub(super) fn registration_became_quiet(self: &Rc<Self>, id: RegistrationId) {
        self.try_activate(id);
        self.try_clear(id);
    }

    /// An unregistered registration goes when nothing uses it any more.
    /// <https://w3c.github.io/ServiceWorker/#try-clear-registration-algorithm>
    pub(super) fn try_clear(self: &Rc<Self>, id: RegistrationId) {
        if !self.leaving.borrow().contains_key(&id) {
            return;
        }
        let is_used = self.has_clients(id)
            || self.scopes.borrow().iter().any(|(_, scope)| {
                matches!(&scope.role, Role::Worker { id: worker, registration }
                    if *registration == id && self.scopes.borrow().has_pending_events(*worker))
            });
        if !is_used {
            self.clear_registration(id);
        }
    }

    /// An unregistered registration goes. <https://w3c.github.io/ServiceWorker/#clear-registration-algorithm>
    pub(super) fn clear_registration(self: &Rc<Self>, id: RegistrationId) {
        let leaving = self.leaving.borrow_mut().remove(&id);
        let Some(mut registration) = leaving else {
            return;
        };
        let workers = registration.clear();
        let view = RegistrationView::from(&registration);
        // First: who hears that a worker is redundant finds it gone.
        self.notify_origin(&registration.origin, || {
            Notice::RegistrationChanged(view.clone())
        });
        for worker in workers {
            self.retire(Some(worker));
        }
    }

    /// `skipWaiting()` <https://w3c.github.io/ServiceWorker/#dom-serviceworkerglobalscope-skipwaiting>
    pub(super) fn skip_waiting(self: &Rc<Self>, id: RegistrationId, worker: WorkerId) {
        let is_placed = self.update_registration(id, |registration| {
            let placed = registration.worker_mut(worker);
            placed.map(|worker| worker.skip_waiting = true).is_some()
        });
        if is_placed != Some(true) {
            // Its script is being evaluated for the first time.
            self.skips_early.borrow_mut().insert(worker);
        }
        self.try_activate(id);
    }

    /// Waits until the newest worker of a registration is in charge, or installed behind one that is.
    pub(super) async fn wait_until_settled(&self, id: i64) -> Result<(), WebError> {
        self.wait_for(|core| {
            let Some(registration) = core.registration(RegistrationId(id)) else {
                return Some(Err(WebError::Type(
                    "the worker was not installed".to_owned(),
                )));
            };
            let is_activated = registration
                .active
                .as_ref()
                .is_some_and(|active| active.state == WorkerState::Activated);
            (is_activated && registration.installing.is_none()).then_some(Ok(()))
        })
        .await
    }

    /// Takes up what a previous run left: waiting workers are activated.
    pub(super) fn resume_registrations(self: &Rc<Self>) {
        let waiting: Vec<RegistrationId> = self
            .registrations
            .borrow()
            .values()
            .filter(|registration| registration.waiting.is_some())
            .map(|registration| registration.id)
            .collect();
        for id in waiting {
            self.try_activate(id);
        }
    }

    /// Whether a worker is parsed or installing: it may still import scripts that it has not stored.
    /// <https://w3c.github.io/ServiceWorker/#importscripts>
    pub(super) fn is_new(&self, worker: WorkerId) -> bool {
        self.new_scripts.borrow().contains_key(&worker)
    }

    /// Whether a worker's `install` event runs.
    pub(super) fn is_installing(&self, id: RegistrationId, worker: WorkerId) -> bool {
        let registration = self.registration_in_use(id);
        let installing = registration.and_then(|registration| registration.installing);
        installing.is_some_and(|installing| installing.id == worker)
    }
}
