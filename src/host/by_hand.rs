//! What people do to tags by hand: send an event now, forget a registration.

use std::path::Path;
use std::rc::Rc;

use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::host::core::Core;
use crate::host::error::Error;
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
        event: EventInit,
    ) -> EventOutcome {
        let (kind, tag, last_chance) = match &event {
            EventInit::Sync { tag, last_chance } => (SyncKind::OneShot, tag.clone(), *last_chance),
            EventInit::PeriodicSync { tag } => (SyncKind::Periodic, tag.clone(), false),
            _ => return self.fire_awaited(registration.id, worker, event).await,
        };
        let source = self.source_of_worker(registration.id, worker);
        let record = self.record_by_hand(registration.scope.clone(), kind, &tag, last_chance);
        let event_kind = event.kind();
        let ended = self.fire(registration.id, worker, event).await;
        let mut end = end_of(&ended);
        if let Some(source) = source {
            let tag = Some((tag.as_str(), Fate::ByHand));
            end.warnings = self.warn_of_end(&source, event_kind, tag, &ended);
        }
        self.record_end_by_hand(record, end);
        ended.outcome
    }

    /// Forgets a tag because somebody wants that.
    pub(super) fn drop_by_hand(
        &self,
        scope: &Url,
        kind: SyncKind,
        tag: String,
    ) -> Result<(), Error> {
        let owner = OwnerId(self.require_scope(scope)?.id.0);
        let key = SyncKey { owner, kind, tag };
        if self.syncs.borrow().get(&key).is_none() {
            return Err(unknown_tag(&self.status(), &key.tag));
        }
        let cause = DropCause::ByHand;
        Ok(self.drop_sync(&key, SyncEntry::Dropped { cause })?)
    }
}

/// Forgets a tag in the data folder of a host that does not run.
pub(crate) fn drop_stored(
    data_folder: &Path,
    scope: &Url,
    kind: SyncKind,
    tag: &str,
) -> Result<(), Error> {
    let now = SystemClock.now();
    let _held = DataFolder::acquire(data_folder, now)?;
    let storage = Storage::open(data_folder, Durability::Relaxed)?;
    let status = Status::of_storage(&storage)?;
    let registrations = storage.load_registrations()?;
    let owner = registrations
        .iter()
        .find(|registration| registration.scope == *scope);
    let key = owner.map(|owner| SyncKey {
        owner: OwnerId(owner.id.0),
        kind,
        tag: tag.to_owned(),
    });
    let stored = storage.load_syncs()?;
    let Some(key) = key.filter(|key| stored.iter().any(|row| row.key == *key)) else {
        return Err(unknown_tag(&status, tag));
    };
    let cause = DropCause::ByHand;
    let entry = SyncEntry::Dropped { cause };
    let record = SyncRecord::new(now, scope.clone(), kind, tag, entry);
    let changes = [QueueChange::Remove(&key)];
    Ok(storage.record_syncs(&changes, &mut [record], HistoryLimits::default())?)
}

fn unknown_tag(status: &Status, tag: &str) -> Error {
    Error::UnknownTag {
        asked: tag.to_owned(),
        known: status.syncs.iter().map(|sync| sync.tag.clone()).collect(),
    }
}
