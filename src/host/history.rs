//! Writes down what becomes of tags, and tells their stories.
//!
//! An entry is written together with the change of the queue that it tells of. What cannot be written is reported and
//! stops nobody.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::host::core::Core;
use crate::host::dispatch::Ended;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::host::status::{Status, SyncStatus};
use crate::host::sync_event::SyncEvent;
use crate::service_worker::RegistrationId;
use crate::storage::{
    Dispatch, DispatchEnd, DispatchOutcome, DropCause, QueueChange, Storage, StorageError,
    SyncEntry, SyncRecord,
};
use crate::sync::{
    Circumstances, DispatchReason, OwnerId, RegisterLoop, Removal, SyncKey, SyncKind,
    SyncRegistration,
};

/// Everything that is known of a tag in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStory {
    /// When it was told, by the host's clock: milliseconds since the epoch.
    pub at_ms: Timestamp,
    /// The scope of the service worker registration.
    pub scope: Url,
    /// One-shot or periodic.
    pub kind: SyncKind,
    /// The tag.
    pub tag: String,
    /// Whether there is a network; `None` if no host runs, so that nobody looks.
    pub online: Option<bool>,
    /// Whether the host has no background sync, so that no event is sent.
    #[serde(default)]
    pub is_sync_disabled: bool,
    /// Whether that scope still has a service worker.
    pub has_worker: bool,
    /// The registration, if it is registered now.
    pub registration: Option<SyncStatus>,
    /// What happened to it, the oldest first. Old entries are left out, see
    /// [`HostBuilder::history`](crate::HostBuilder::history).
    pub history: Vec<SyncRecord>,
}

impl SyncStory {
    /// What the data folder of a host tells of a tag while no host runs: a story for each scope and kind, at least one.
    pub fn read(data_folder: &Path, tag: &str, now: Timestamp) -> Result<Vec<Self>, Error> {
        let storage = Status::open(data_folder)?;
        let status = Status::of_storage(&storage)?;
        stories(&storage, &status, tag, now)
    }
}

/// What a host remembers of its tags as long as it runs.
pub(super) struct SyncMemory {
    started_at: Timestamp,
    back_online_at: Cell<Option<Timestamp>>,
    /// Registered by this host, with the network there since.
    new_tags: RefCell<HashSet<SyncKey>>,
    /// Dispatches that have not ended.
    dispatches: RefCell<HashMap<SyncKey, SyncRecord>>,
    loops: RefCell<HashMap<SyncKey, RegisterLoop>>,
}

impl SyncMemory {
    /// Of a host that starts.
    pub(super) fn new(started_at: Timestamp) -> Self {
        Self {
            started_at,
            back_online_at: Cell::new(None),
            new_tags: RefCell::default(),
            dispatches: RefCell::default(),
            loops: RefCell::default(),
        }
    }

    /// The network is back.
    pub(super) fn back_online(&self, now: Timestamp) {
        self.back_online_at.set(Some(now));
        self.new_tags.borrow_mut().clear();
    }

    /// An event of the tag ended; gives how many it has been if that is a loop and news.
    pub(super) fn loop_rounds(
        &self,
        key: &SyncKey,
        now: Timestamp,
        was_registered_again: bool,
    ) -> Option<u32> {
        let mut loops = self.loops.borrow_mut();
        if !was_registered_again {
            loops.remove(key);
            return None;
        }
        let known = loops.entry(key.clone()).or_default();
        known.event_ended(now, was_registered_again)
    }

    fn reason(&self, row: &SyncRegistration) -> DispatchReason {
        let circumstances = Circumstances {
            started_at: self.started_at,
            back_online_at: self.back_online_at.get(),
            is_new: self.new_tags.borrow().contains(&row.key),
        };
        circumstances.reason(row)
    }
}

/// What is kept of an event that has ended; its place in the queue is still to be said.
pub(super) fn end_of(ended: &Ended) -> DispatchEnd {
    DispatchEnd {
        requests: ended.activity.requests.clone(),
        requests_left_out: ended.activity.requests_left_out,
        ..DispatchEnd::new(ended.outcome.clone().into())
    }
}

impl Core {
    /// Stores a registration that a script made, with its entry.
    pub(super) fn record_registered(
        &self,
        row: SyncRegistration,
        scope: &Url,
    ) -> Result<(), StorageError> {
        let is_known = self.syncs.borrow().get(&row.key).is_some();
        let entry = match row.key.kind {
            SyncKind::OneShot if is_known => SyncEntry::RegisteredAgain,
            SyncKind::OneShot => SyncEntry::Registered {
                min_interval_ms: None,
                next_attempt_at_ms: None,
            },
            SyncKind::Periodic => SyncEntry::Registered {
                min_interval_ms: u64::try_from(row.min_interval.as_millis()).ok(),
                next_attempt_at_ms: row.not_before,
            },
        };
        let mut record = self.entry(scope.clone(), row.key.kind, &row.key.tag, entry);
        self.write_records(
            &[QueueChange::Save(&row)],
            std::slice::from_mut(&mut record),
        )?;
        self.memory.new_tags.borrow_mut().insert(row.key.clone());
        self.syncs.borrow_mut().put(row);
        Ok(())
    }

    /// Stores that events are about to be sent, all or none, each with its entry. The rows say so already.
    pub(super) fn record_dispatches(&self, rows: &[SyncRegistration]) -> Result<(), StorageError> {
        let changes: Vec<_> = rows.iter().map(QueueChange::Save).collect();
        let (keys, mut records): (Vec<_>, Vec<_>) = rows
            .iter()
            .filter_map(|row| Some((row.key.clone(), self.dispatch_of(row)?)))
            .unzip();
        self.write_records(&changes, &mut records)?;
        let mut new_tags = self.memory.new_tags.borrow_mut();
        for row in rows {
            new_tags.remove(&row.key);
            self.syncs.borrow_mut().put(row.clone());
        }
        let mut dispatches = self.memory.dispatches.borrow_mut();
        dispatches.extend(keys.into_iter().zip(records));
        Ok(())
    }

    /// The entry of an event that is about to be sent; `None` if its service worker is gone.
    fn dispatch_of(&self, row: &SyncRegistration) -> Option<SyncRecord> {
        let scope = self.registration(RegistrationId(row.key.owner.0))?.scope;
        let dispatch = SyncEntry::Dispatched(Dispatch {
            reason: self.memory.reason(row),
            attempt: row.attempt(),
            max_attempts: row.max_attempts,
            last_chance: row.is_last_chance(),
            end: None,
        });
        Some(self.entry(scope, row.key.kind, &row.key.tag, dispatch))
    }

    /// Stores how an event ended, together with what that makes of its registration.
    pub(super) fn record_end(
        &self,
        key: &SyncKey,
        change: QueueChange<'_>,
        end: DispatchEnd,
    ) -> Result<(), StorageError> {
        let record = self.memory.dispatches.borrow_mut().remove(key);
        let closed = record.map(|record| self.closed(record, end));
        self.write_records(&[change], &mut closed.into_iter().collect::<Vec<_>>())
    }

    /// An event sent by hand begins.
    pub(super) fn record_by_hand(
        &self,
        scope: Url,
        kind: SyncKind,
        tag: &str,
        last_chance: bool,
    ) -> SyncRecord {
        let dispatch = SyncEntry::Dispatched(Dispatch {
            reason: DispatchReason::ByHand,
            attempt: 1,
            max_attempts: 1,
            last_chance,
            end: None,
        });
        let mut record = self.entry(scope, kind, tag, dispatch);
        self.report_storage(self.write_records(&[], std::slice::from_mut(&mut record)));
        record
    }

    /// An event sent by hand ended.
    pub(super) fn record_end_by_hand(&self, record: SyncRecord, end: DispatchEnd) {
        let record = self.closed(record, end);
        self.report_storage(self.write_records(&[], &mut [record]));
    }

    /// Removes a registration from the queue on disk, with its entry.
    pub(super) fn record_removed(
        &self,
        key: &SyncKey,
        entry: SyncEntry,
    ) -> Result<(), StorageError> {
        let registration = self.registration(RegistrationId(key.owner.0));
        let record = registration
            .map(|registration| self.entry(registration.scope, key.kind, &key.tag, entry));
        let mut records: Vec<_> = record.into_iter().collect();
        self.write_records(&[QueueChange::Remove(key)], &mut records)
    }

    /// Tags whose service worker was unregistered, which took their rows.
    pub(super) fn record_forgotten(
        &self,
        scope: &Url,
        forgotten: &[SyncRegistration],
    ) -> Result<(), StorageError> {
        let cause = DropCause::WorkerUnregistered;
        let entry = |row: &SyncRegistration| {
            let SyncKey { kind, tag, .. } = &row.key;
            self.entry(scope.clone(), *kind, tag, SyncEntry::Dropped { cause })
        };
        let mut records: Vec<_> = forgotten.iter().map(entry).collect();
        self.write_records(&[], &mut records)
    }

    /// Whatever was under way when the last host ended was interrupted. `fates` say what that made of its tag.
    pub(super) fn record_interruptions(
        &self,
        fates: &HashMap<SyncKey, (Option<Timestamp>, Option<Removal>)>,
    ) -> Result<(), StorageError> {
        let mut records = self.storage.open_dispatches()?;
        for record in &mut records {
            let owner = self.registration_for_scope(&record.scope);
            let key = owner.map(|owner| SyncKey {
                owner: OwnerId(owner.id.0),
                kind: record.kind,
                tag: record.tag.clone(),
            });
            let is_by_hand = record
                .dispatch()
                .is_some_and(|d| d.reason == DispatchReason::ByHand);
            let fate = key.filter(|_| !is_by_hand).and_then(|key| fates.get(&key));
            let (next_attempt_at_ms, removed) = fate.copied().unwrap_or_default();
            let Some(dispatch) = record.open_dispatch() else {
                continue;
            };
            dispatch.end = Some(DispatchEnd {
                next_attempt_at_ms,
                removed,
                ..DispatchEnd::new(DispatchOutcome::Interrupted)
            });
            let attempt = dispatch.attempt;
            self.publish(HostEventKind::Sync(SyncEvent::Interrupted {
                kind: record.kind,
                scope: record.scope.clone(),
                tag: record.tag.clone(),
                attempt,
                next_attempt_at_ms,
                removed,
            }));
        }
        self.write_records(&[], &mut records)
    }

    /// Everything that is known of a tag.
    pub(super) fn sync_stories(&self, tag: &str) -> Result<Vec<SyncStory>, Error> {
        stories(&self.storage, &self.status(), tag, self.clock.now())
    }

    fn entry(&self, scope: Url, kind: SyncKind, tag: &str, entry: SyncEntry) -> SyncRecord {
        SyncRecord::new(self.clock.now(), scope, kind, tag, entry)
    }

    /// A dispatch that has ended just now.
    fn closed(&self, mut record: SyncRecord, mut end: DispatchEnd) -> SyncRecord {
        let took = self.clock.now().saturating_since(record.at);
        end.duration_ms = u64::try_from(took.as_millis()).ok();
        if let Some(dispatch) = record.open_dispatch() {
            dispatch.end = Some(end);
        }
        record
    }

    /// Writes to the queue and its history, and remembers whether that is possible just now.
    fn write_records(
        &self,
        changes: &[QueueChange<'_>],
        records: &mut [SyncRecord],
    ) -> Result<(), StorageError> {
        let limits = self.settings.history;
        self.write_syncs(|storage| storage.record_syncs(changes, records, limits))
    }
}

/// A story for each scope and kind that knows the tag.
fn stories(
    storage: &Storage,
    status: &Status,
    tag: &str,
    now: Timestamp,
) -> Result<Vec<SyncStory>, Error> {
    let story = |scope: &Url, kind: SyncKind| SyncStory {
        at_ms: now,
        scope: scope.clone(),
        kind,
        tag: tag.to_owned(),
        online: status.online,
        is_sync_disabled: status.is_sync_disabled,
        has_worker: status
            .registrations
            .iter()
            .any(|known| known.scope == *scope),
        registration: None,
        history: Vec::new(),
    };
    let mut stories: Vec<SyncStory> = Vec::new();
    let mut find = |scope: &Url, kind: SyncKind, add: &mut dyn FnMut(&mut SyncStory)| {
        let known = stories
            .iter()
            .position(|s| s.scope == *scope && s.kind == kind);
        let at = known.unwrap_or_else(|| {
            stories.push(story(scope, kind));
            stories.len() - 1
        });
        add(&mut stories[at]);
    };
    for sync in status.syncs.iter().filter(|sync| sync.tag == tag) {
        find(&sync.scope, sync.kind, &mut |story| {
            story.registration = Some(sync.clone());
        });
    }
    for record in storage.sync_history(tag)? {
        find(&record.scope, record.kind, &mut |story| {
            story.history.push(record.clone());
        });
    }
    if stories.is_empty() {
        return Err(unknown_tag(storage, status, tag)?);
    }
    Ok(stories)
}

fn unknown_tag(storage: &Storage, status: &Status, tag: &str) -> Result<Error, StorageError> {
    let mut known = storage.tags_with_history()?;
    known.extend(status.syncs.iter().map(|sync| sync.tag.clone()));
    known.sort();
    known.dedup();
    Ok(Error::UnknownTag {
        asked: tag.to_owned(),
        known,
    })
}
