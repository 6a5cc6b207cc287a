//! What people do to tags by hand: send an event now, forget a registration.

use std::path::Path;
use std::rc::Rc;

use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::host::core::Core;
use crate::host::dispatch::Ended;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::host::history::end_of;
use crate::host::status::Status;
use crate::service_worker::warning::Fate;
use crate::service_worker::{EventOutcome, ServiceWorkerRegistration, WorkerId};
use crate::storage::{
    DataFolder, DropCause, Durability, QueueChange, Storage, SyncEntry, SyncRecord,
};
use crate::sync::{HistoryLimits, OwnerId, SyncKey, SyncKind};
use crate::web::event::EventInit;

impl Core {
    /// Sends an event that changes no registration and no counter. It leaves its entry in the history.
    pub(super) async fn fire_by_hand(
        self: &Rc<Self>,
        registration: &ServiceWorkerRegistration,
        worker: WorkerId,
        tag: &str,
        last_chance: bool,
    ) -> EventOutcome {
        let source = self.source_of_worker(registration.id, worker);
        let record = self.record_by_hand(registration.scope.clone(), tag, last_chance);
        let event = EventInit::Sync {
            tag: tag.to_owned(),
            last_chance,
        };
        let kind = event.kind();
        let ended = self.fire(registration.id, worker, event).await;
        let mut end = end_of(&ended);
        if let Some(source) = source {
            end.warnings = self.warn_of_end(&source, kind, Some((tag, Fate::ByHand)), &ended);
        }
        self.record_end_by_hand(record, end);
        let Ended { outcome, .. } = ended;
        outcome
    }

    /// Forgets a tag, on disk first.
    pub(super) fn drop_by_hand(&self, scope: &Url, tag: &str) -> Result<(), Error> {
        let registration = self.require_scope(scope)?;
        let key = SyncKey {
            owner: OwnerId(registration.id.0),
            tag: tag.to_owned(),
        };
        if self.syncs.borrow().get(&key).is_none() {
            return Err(unknown_tag(&self.status(), tag));
        }
        let changes = [QueueChange::Remove(&key)];
        self.record_dropped(scope, [tag], DropCause::ByHand, &changes)?;
        self.syncs.borrow_mut().remove(&key);
        self.publish(HostEventKind::SyncUnregistered {
            kind: SyncKind::OneShot,
            scope: scope.clone(),
            tag: key.tag,
        });
        self.sync_changed.send_replace(());
        Ok(())
    }
}

/// Forgets a tag in the data folder of a host that does not run.
pub(crate) fn drop_stored(data_folder: &Path, scope: &Url, tag: &str) -> Result<(), Error> {
    let status = Status::read(data_folder)?;
    let is_known = |sync: &&crate::host::SyncStatus| sync.tag == tag && sync.scope == *scope;
    if status.syncs.iter().find(is_known).is_none() {
        return Err(unknown_tag(&status, tag));
    }
    let now = SystemClock.now();
    let _held = DataFolder::acquire(data_folder, now)?;
    let storage = Storage::open(data_folder, Durability::Relaxed)?;
    let registrations = storage.load_registrations()?;
    let owner = registrations
        .iter()
        .find(|registration| registration.scope == *scope);
    let Some(owner) = owner else {
        return Err(unknown_tag(&status, tag));
    };
    let key = SyncKey {
        owner: OwnerId(owner.id.0),
        tag: tag.to_owned(),
    };
    let cause = DropCause::ByHand;
    let entry = SyncEntry::Dropped { cause };
    let record = SyncRecord::new(now, scope.clone(), SyncKind::OneShot, tag, entry);
    let changes = [QueueChange::Remove(&key)];
    Ok(storage.record_syncs(&changes, &mut [record], HistoryLimits::default())?)
}

fn unknown_tag(status: &Status, tag: &str) -> Error {
    Error::UnknownTag {
        asked: tag.to_owned(),
        known: status.syncs.iter().map(|sync| sync.tag.clone()).collect(),
    }
}
