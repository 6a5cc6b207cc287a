//! Waits for the clock or the network, fires what is due, records the outcome.
//!
//! The rules are in [`crate::sync`]; this stores what they say before anything depends on it.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;
use crate::host::core::Core;
use crate::host::dispatch::Ended;
use crate::host::event::{HostEventKind, ScriptSource};
use crate::host::history::end_of;
use crate::host::permissions::Permission;
use crate::host::sync_event::SyncEvent;
use crate::service_worker::{EventOutcome, RegistrationId, ServiceWorkerRegistration};
use crate::storage::{DispatchEnd, DispatchOutcome, QueueChange, Storage, StorageError};
use crate::sync::{
    Admission, Outcome, OwnerId, Plan, Recovery, Removal, Step, SyncKey, SyncKind, SyncRefusal,
    SyncRegistration, SyncState,
};
use crate::web::error::WebError;
use crate::web::event::{EventInit, Notice};

/// After a write to the sync queue failed, for example because the disk is full, the next is tried this much later.
const STORAGE_RETRY: Duration = Duration::from_secs(60);

/// What an attempt made of its registration.
#[derive(Default)]
pub(super) struct Settled {
    /// As it is now; `None` if it is gone.
    row: Option<SyncRegistration>,
    /// When the next event may be sent, if there will be one after a delay.
    next_attempt_at_ms: Option<Timestamp>,
    /// Why it is gone, if it is.
    pub(super) removed: Option<Removal>,
    /// It was registered again while the event ran.
    pub(super) was_registered_again: bool,
}

impl Settled {
    /// What is to be stored.
    fn change<'a>(&'a self, key: &'a SyncKey) -> QueueChange<'a> {
        match &self.row {
            Some(row) => QueueChange::Save(row),
            None => QueueChange::Remove(key),
        }
    }
}

impl Core {
    /// `registration.sync.register()`: what it resolves is on disk.
    pub(super) fn register_sync(&self, id: RegistrationId, tag: String) -> Result<(), WebError> {
        let (registration, key) = self.admit_sync(id, SyncKind::OneShot, tag)?;
        let policy = &self.settings.sync_policy;
        let known = self.syncs.borrow().get(&key).cloned();
        let row = match known {
            Some(row) => row.reregister(policy),
            None => {
                let origin = registration.origin;
                let has_notifications = self.is_granted(&origin, Permission::Notifications);
                SyncRegistration::new(key, origin, policy.retry.attempts(has_notifications))
            }
        };
        Ok(self.keep_registered(registration.scope, row)?)
    }

    /// Whether a `register()` may go ahead, and for what.
    pub(super) fn admit_sync(
        &self,
        id: RegistrationId,
        kind: SyncKind,
        tag: String,
    ) -> Result<(ServiceWorkerRegistration, SyncKey), SyncRefusal> {
        // Once unregistered there is nobody to get the event, even while the worker still runs.
        let registration = self.registration(id).ok_or(SyncRefusal::NoActiveWorker)?;
        let origin = registration.origin.as_str();
        Admission {
            tag: &tag,
            has_active_worker: registration.active.is_some(),
            has_window: self.scopes.borrow().clients().any(|client| {
                client.is_top_level_window() && client.url.origin().ascii_serialization() == origin
            }),
            has_permission: self.is_granted(origin, kind.into()),
        }
        .check(&self.settings.sync_policy)?;
        let owner = OwnerId(id.0);
        Ok((registration, SyncKey { owner, kind, tag }))
    }

    /// Stores what a `register()` made, and tells of it.
    pub(super) fn keep_registered(
        &self,
        scope: Url,
        row: SyncRegistration,
    ) -> Result<(), SyncRefusal> {
        let SyncKey { kind, tag, .. } = row.key.clone();
        if let Err(error) = self.record_registered(row, &scope) {
            self.report_storage(Err(error));
            return Err(SyncRefusal::Disabled);
        }
        self.publish(HostEventKind::Sync(SyncEvent::Registered {
            kind,
            scope,
            tag,
        }));
        Ok(())
    }

    /// The promise of `register()` has been resolved: from now on the event may fire.
    pub(super) fn acknowledge_sync(&self, id: RegistrationId, tag: String) {
        let key = SyncKey {
            owner: OwnerId(id.0),
            kind: SyncKind::OneShot,
            tag,
        };
        self.syncs.borrow_mut().acknowledge(&key);
        self.sync_changed.send_replace(());
    }

    /// `registration.sync.getTags()` and `registration.periodicSync.getTags()`
    pub(super) fn sync_tags(
        &self,
        id: RegistrationId,
        kind: SyncKind,
    ) -> Result<Vec<String>, WebError> {
        if self.settings.sync_policy.disabled {
            return Err(SyncRefusal::Disabled.into());
        }
        let syncs = self.syncs.borrow();
        let rows = syncs.of_owner(OwnerId(id.0), kind);
        Ok(rows.map(|row| row.key.tag.clone()).collect())
    }

    /// The registration is gone, and its rows with it.
    pub(super) fn forget_syncs(&self, id: RegistrationId, scope: &Url) {
        let forgotten = self.syncs.borrow_mut().remove_owner(OwnerId(id.0));
        self.report_storage(self.record_forgotten(scope, &forgotten));
        self.sync_changed.send_replace(());
    }

    /// Takes up what a previous run left.
    pub(super) fn resume_syncs(&self, chance: f64) -> Result<(), StorageError> {
        if self.settings.sync_policy.disabled {
            return Ok(());
        }
        let now = self.clock.now();
        let mut fates = HashMap::new();
        for row in self.storage.load_syncs()? {
            let key = row.key.clone();
            match row.recover_after_restart(now, chance, &self.settings.sync_policy) {
                Recovery::Untouched(row) => {
                    self.syncs.borrow_mut().put(row);
                }
                Recovery::Repeat(row) | Recovery::Failed(Step::Keep(row)) => {
                    fates.insert(key, (row.not_before, None));
                    self.store_sync(row)?;
                }
                Recovery::Failed(Step::NewCycle(row)) => {
                    let row = self.begin_cycle(row, now);
                    fates.insert(key, (row.not_before, None));
                    self.store_sync(row)?;
                }
                Recovery::Failed(Step::Remove(removal)) => {
                    self.storage.remove_syncs([&key])?;
                    fates.insert(key, (None, Some(removal)));
                }
            }
        }
        self.record_interruptions(&fates)?;
        self.review_all_periodic_syncs()
    }

    /// Runs until the host ends.
    pub(super) async fn run_sync_loop(self: Rc<Self>) {
        let mut sync_changes = self.sync_changed.subscribe();
        let mut network_changes = self.connectivity.subscribe();
        let mut set_back = self.clock.set_back();
        while !self.is_ending.get() {
            self.planned_at.set(self.clock.now());
            self.start_syncs(&self.plan().fire);
            let wake_at = self.plan().wake_at;
            let wake = async {
                match wake_at {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wake => {}
                () = set_back.as_mut() => {
                    set_back = self.clock.set_back();
                    self.clock_was_set_back();
                }
                _ = sync_changes.changed() => {}
                changed = network_changes.changed() => {
                    if changed.is_ok() {
                        self.network_changed();
                    }
                }
            }
            self.touch();
        }
    }

    /// What the rules say should happen now.
    fn plan(&self) -> Plan {
        let now = self.clock.now();
        if let Some(at) = self.unwritable_until(now) {
            return Plan {
                fire: Vec::new(),
                wake_at: Some(at),
            };
        }
        let is_online = self.connectivity.is_online();
        self.syncs.borrow().plan(now, is_online, self.workers())
    }

    /// Whether an event would be fired now.
    pub(super) fn has_due_sync(&self) -> bool {
        let now = self.clock.now();
        let is_online = self.connectivity.is_online();
        self.unwritable_until(now).is_none()
            && self.syncs.borrow().has_due(now, is_online, self.workers())
    }

    /// Until when nothing fires because the queue could not be written.
    fn unwritable_until(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.storage_retry_at.get()?;
        let wait = at.saturating_since(now);
        // A longer wait was never asked for: the clock was set back.
        (!wait.is_zero() && wait <= STORAGE_RETRY).then_some(at)
    }

    /// Events of how many workers run at the same time.
    fn workers(&self) -> usize {
        let workers = self.settings.sync_policy.workers_at_once;
        workers.unwrap_or(usize::MAX)
    }

    fn network_changed(self: &Rc<Self>) {
        let network = self.connectivity.state();
        let told = self.told_network.replace(network.clone());
        let reason = network.reason.to_string();
        if network.online == told.online {
            if !network.online && reason != told.reason.to_string() {
                self.publish(HostEventKind::Offline { reason });
            }
            return;
        }
        self.notify_all(|| Notice::ConnectivityChanged(network.online));
        if !network.online {
            self.publish(HostEventKind::Offline { reason });
            return;
        }
        self.publish(HostEventKind::Online { reason });
        self.memory.back_online(self.clock.now());
        let rows = self.syncs.borrow().reconnected(&self.settings.sync_policy);
        for row in rows {
            self.report_storage(self.store_sync(row));
        }
        self.deliver_waiting_pushes();
    }

    /// Deadlines are stored as wall-clock time; none may lie further away than the wait that it stands for.
    fn clock_was_set_back(&self) {
        let rows = self
            .syncs
            .borrow()
            .set_back(self.clock.now(), &self.settings.sync_policy);
        for row in rows {
            self.report_storage(self.store_sync(row));
        }
    }

    /// Marks registrations as firing, on disk first, and sends their events.
    fn start_syncs(self: &Rc<Self>, keys: &[SyncKey]) {
        let rows: Vec<_> = {
            let syncs = self.syncs.borrow();
            let known = keys.iter().filter_map(|key| syncs.get(key).cloned());
            known.map(SyncRegistration::start).collect()
        };
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.record_dispatches(&rows) {
            // Not marked, so not fired: it is tried again a little later.
            self.report_storage(Err(error));
            return;
        }
        let began_at = self.planned_at.get();
        for row in rows {
            let core = Rc::clone(self);
            let work = self.begin_work();
            tokio::task::spawn_local(async move {
                core.run_sync(row, began_at).await;
                drop(work);
            });
        }
    }

    async fn run_sync(self: &Rc<Self>, row: SyncRegistration, began_at: Timestamp) {
        let id = RegistrationId(row.key.owner.0);
        let scope = self.registration(id).map(|registration| registration.scope);
        let worker = self.activated_worker(id).await;
        let source = worker.and_then(|worker| self.source_of_worker(id, worker));
        let ended = match worker {
            Some(worker) if self.connectivity.is_online() => {
                if let Some(scope) = scope.clone() {
                    self.publish(HostEventKind::Sync(SyncEvent::Started {
                        kind: row.key.kind,
                        scope,
                        tag: row.key.tag.clone(),
                        attempt: row.attempt(),
                        max_attempts: row.max_attempts,
                        last_chance: row.is_last_chance(),
                    }));
                }
                let tag = row.key.tag.clone();
                let event = match row.key.kind {
                    SyncKind::OneShot => EventInit::Sync {
                        tag,
                        last_chance: row.is_last_chance(),
                    },
                    SyncKind::Periodic => EventInit::PeriodicSync { tag },
                };
                Some(self.fire(id, worker, event).await)
            }
            // The network went, or the worker: not an attempt.
            _ => None,
        };
        let (settled, outcome) = self.finish_sync(&row.key, source, ended, began_at);
        if let (Some(outcome), Some(scope)) = (outcome, scope) {
            self.publish(HostEventKind::Sync(SyncEvent::Ended {
                kind: row.key.kind,
                scope,
                attempt: row.attempt(),
                tag: row.key.tag,
                outcome,
                next_attempt_at_ms: settled.next_attempt_at_ms,
                removed: settled.removed,
            }));
        }
        self.sync_changed.send_replace(());
    }

    /// Stores what an attempt came to and warns of what was wrong about it; gives its outcome if it counts.
    fn finish_sync(
        &self,
        key: &SyncKey,
        source: Option<ScriptSource>,
        ended: Option<Ended>,
        began_at: Timestamp,
    ) -> (Settled, Option<EventOutcome>) {
        // Cut off by the end of the host: an attempt only by policy.
        let is_cut_off = |ended: &Ended| !ended.outcome.is_success() && self.is_ending.get();
        let (ended, without_end) = match ended {
            Some(ended) if is_cut_off(&ended) => (None, DispatchOutcome::Interrupted),
            ended => (ended, DispatchOutcome::NotSent),
        };
        let outcome = ended.as_ref().map(|ended| ended.outcome.clone());
        let settled = match &outcome {
            Some(outcome) if outcome.is_success() => Outcome::Succeeded,
            Some(_) => Outcome::Failed,
            None if without_end == DispatchOutcome::Interrupted => Outcome::CutOff,
            None => Outcome::NotDispatched,
        };
        let settled = self.settle_sync(key, settled, began_at);
        let mut end = match &ended {
            Some(ended) => end_of(ended),
            None => DispatchEnd::new(without_end),
        };
        (end.next_attempt_at_ms, end.removed) = (settled.next_attempt_at_ms, settled.removed);
        end.registered_again = settled.was_registered_again;
        if let (Some(ended), Some(source)) = (&ended, &source) {
            end.warnings = self.warn_of_sync(source, key, &settled, ended);
        }
        // What happened has happened, also where it cannot be stored: the event must not seem to run for ever. A restart
        // finds an event that was interrupted, and repeats it.
        self.report_storage(self.record_end(key, settled.change(key), end));
        (settled, outcome)
    }

    /// Puts what an attempt came to into the queue. It is still to be stored.
    fn settle_sync(&self, key: &SyncKey, outcome: Outcome, began_at: Timestamp) -> Settled {
        // It may have been registered again, or be gone with its worker.
        let Some(current) = self.syncs.borrow().get(key).cloned() else {
            return Settled {
                removed: Some(Removal::Unregistered),
                ..Settled::default()
            };
        };
        let was_registered_again = current.state == SyncState::ReregisteredWhileFiring;
        let now = self.clock.now();
        let chance = (self.settings.chance)();
        let row = match current.settle(outcome, now, chance, &self.settings.sync_policy) {
            Step::Keep(row) => row,
            // From the beginning of the event, so that events that begin together stay together.
            Step::NewCycle(row) => self.begin_cycle(row, began_at.min(now)),
            Step::Remove(removal) => {
                self.syncs.borrow_mut().remove(key);
                return Settled {
                    removed: Some(removal),
                    ..Settled::default()
                };
            }
        };
        self.syncs.borrow_mut().put(row.clone());
        Settled {
            next_attempt_at_ms: row.not_before,
            removed: None,
            was_registered_again,
            row: Some(row),
        }
    }

    pub(super) fn store_sync(&self, row: SyncRegistration) -> Result<(), StorageError> {
        self.write_syncs(|storage| storage.save_syncs([&row]))?;
        self.syncs.borrow_mut().put(row);
        Ok(())
    }

    /// Writes to the queue on disk, and remembers whether that is possible just now.
    pub(super) fn write_syncs(
        &self,
        write: impl FnOnce(&Storage) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let written = write(&self.storage);
        let retry_at = written
            .is_err()
            .then(|| self.clock.now().plus(STORAGE_RETRY));
        self.storage_retry_at.set(retry_at);
        written
    }
}
