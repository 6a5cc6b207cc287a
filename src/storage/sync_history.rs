//! What became of sync registrations: each registration, dispatch and removal is an entry, up to a limit.
//! An entry is written in one transaction with the change of the queue that it tells of.

use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::service_worker::{EventOutcome, Rejection, RequestRecord, Warning};
use crate::storage::Storage;
use crate::storage::column::{Json, Word};
use crate::storage::error::StorageError;
use crate::storage::sync_queue::{QueueChange, change_queue};
use crate::sync::{DispatchReason, HistoryLimits, Removal, SyncKind};

/// One entry in the history of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRecord {
    /// Its number, once it is stored. Grows with time.
    #[serde(skip)]
    pub id: Option<i64>,
    /// When it happened; of a dispatch, when the event was sent.
    #[serde(rename = "at_ms")]
    pub at: Timestamp,
    /// The scope of the service worker registration.
    pub scope: Url,
    /// One-shot or periodic.
    pub kind: SyncKind,
    /// The tag.
    pub tag: String,
    /// What happened.
    #[serde(flatten)]
    pub entry: SyncEntry,
}

/// What happened to a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SyncEntry {
    /// It was registered.
    Registered {
        /// The interval of a periodic sync, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_interval_ms: Option<u64>,
        /// When its first event may be sent, if not now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_attempt_at_ms: Option<Timestamp>,
    },
    /// It was registered while it was registered.
    RegisteredAgain,
    /// A script unregistered it.
    Unregistered,
    /// It was removed, and not by its own end.
    Dropped {
        /// Why.
        cause: DropCause,
    },
    /// An event was sent for it.
    Dispatched(Dispatch),
}

/// Why a tag is gone although its event neither succeeded nor failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropCause {
    /// Somebody asked for it.
    ByHand,
    /// Its service worker was unregistered.
    WorkerUnregistered,
    /// Its origin may not use it any more.
    PermissionWithdrawn,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// Why at this moment.
    pub reason: DispatchReason,
    /// Counted from 1.
    pub attempt: u32,
    /// How many attempts there are.
    pub max_attempts: u32,
    /// The event's `lastChance`.
    pub last_chance: bool,
    /// How it ended. While this is missing the event runs, or the process ended before it did.
    pub end: Option<DispatchEnd>,
}

/// How an event ended, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchEnd {
    /// How long it took, in milliseconds; `None` if nobody was there to see.
    pub duration_ms: Option<u64>,
    /// How it ended.
    pub outcome: DispatchOutcome,
    /// The requests that its script made.
    pub requests: Vec<RequestRecord>,
    /// How many more there were than are kept.
    pub requests_left_out: u32,
    /// When the next attempt may begin, if there will be one after a delay.
    pub next_attempt_at_ms: Option<Timestamp>,
    /// Why the registration is gone, if it is.
    pub removed: Option<Removal>,
    /// It was registered again meanwhile.
    pub registered_again: bool,
    /// What was wrong although nothing failed.
    pub warnings: Vec<Warning>,
}

impl DispatchEnd {
    /// An end of which nothing more is known.
    pub fn new(outcome: DispatchOutcome) -> Self {
        Self {
            duration_ms: None,
            outcome,
            requests: Vec::new(),
            requests_left_out: 0,
            next_attempt_at_ms: None,
            removed: None,
            registered_again: false,
            warnings: Vec::new(),
        }
    }
}

/// How a dispatch ended: like an event, or not even that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum DispatchOutcome {
    /// As [`EventOutcome::Fulfilled`].
    Fulfilled,
    /// As [`EventOutcome::Rejected`].
    Rejected(Rejection),
    /// As [`EventOutcome::TimedOut`].
    TimedOut,
    /// As [`EventOutcome::Terminated`].
    Terminated,
    /// As [`EventOutcome::Unresponsive`].
    Unresponsive,
    /// As [`EventOutcome::FailedToStart`].
    FailedToStart(String),
    /// The network or the worker went just before the event was sent.
    NotSent,
    /// The host ended while the event ran.
    Interrupted,
}

impl From<EventOutcome> for DispatchOutcome {
    fn from(outcome: EventOutcome) -> Self {
        match outcome {
            EventOutcome::Fulfilled => Self::Fulfilled,
            EventOutcome::Rejected(rejection) => Self::Rejected(rejection),
            EventOutcome::TimedOut => Self::TimedOut,
            EventOutcome::Terminated => Self::Terminated,
            EventOutcome::Unresponsive => Self::Unresponsive,
            EventOutcome::FailedToStart(reason) => Self::FailedToStart(reason),
        }
    }
}

impl SyncRecord {
    /// A record of something that happens at `at`; not stored yet.
    pub fn new(at: Timestamp, scope: Url, kind: SyncKind, tag: &str, entry: SyncEntry) -> Self {
        Self {
            id: None,
            at,
            scope,
            kind,
            tag: tag.to_owned(),
            entry,
        }
    }

    /// The dispatch, if it is one.
    pub fn dispatch(&self) -> Option<&Dispatch> {
        match &self.entry {
            SyncEntry::Dispatched(dispatch) => Some(dispatch),
            _ => None,
        }
    }

    /// The dispatch, if it is one that has not ended as far as is known.
    pub fn open_dispatch(&mut self) -> Option<&mut Dispatch> {
        match &mut self.entry {
            SyncEntry::Dispatched(dispatch) if dispatch.end.is_none() => Some(dispatch),
            _ => None,
        }
    }
}

impl Storage {
    /// Changes the queue and writes entries of history, all or nothing. An entry that has a number is written anew,
    /// others get one.
    pub fn record_syncs(
        &self,
        changes: &[QueueChange<'_>],
        records: &mut [SyncRecord],
        limits: HistoryLimits,
    ) -> Result<(), StorageError> {
        let ids = self
            .database
            .transaction("record what became of a sync", |transaction| {
                for change in changes {
                    change_queue(transaction, change)?;
                }
                let write = |record: &SyncRecord| write_record(transaction, record, limits);
                let ids = records
                    .iter()
                    .map(write)
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                limit_all(transaction, limits)?;
                Ok(ids)
            })?;
        for (record, id) in records.iter_mut().zip(ids) {
            record.id = Some(id);
        }
        Ok(())
    }

    /// The history of a tag in every scope and of both kinds, in the order in which it happened.
    pub fn sync_history(&self, tag: &str) -> Result<Vec<SyncRecord>, StorageError> {
        self.database.run("read the history of a tag", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, at_ms, scope, kind, tag, entry FROM sync_history WHERE tag = ? ORDER BY id",
                )?
                .query_map([tag], read_record)?
                .collect()
        })
    }

    /// Every scope that has a history, in order.
    pub fn scopes_with_history(&self) -> Result<Vec<Url>, StorageError> {
        self.database
            .run("read the scopes of the history", |connection| {
                connection
                    .prepare_cached("SELECT DISTINCT scope FROM sync_history ORDER BY scope")?
                    .query_map([], |row| row.get(0).map(|Word(scope)| scope))?
                    .collect()
            })
    }

    /// Forgets the history of every scope of an origin. An event that is under way leaves none any more.
    pub fn forget_sync_history(&self, origin: &str) -> Result<(), StorageError> {
        self.database
            .run("forget the history of an origin", |connection| {
                connection
                    .prepare_cached(
                        "DELETE FROM sync_history WHERE substr(scope, 1, length(?1)) = ?1",
                    )?
                    .execute([format!("{origin}/")])
            })?;
        Ok(())
    }

    /// Every tag that has a history, in order.
    pub fn tags_with_history(&self) -> Result<Vec<String>, StorageError> {
        self.database
            .run("read the tags of the history", |connection| {
                connection
                    .prepare_cached("SELECT DISTINCT tag FROM sync_history ORDER BY tag")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
    }

    /// The dispatches of which no end is known.
    pub fn open_dispatches(&self) -> Result<Vec<SyncRecord>, StorageError> {
        self.database.run("read the interrupted events", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, at_ms, scope, kind, tag, entry FROM sync_history WHERE is_open ORDER BY id",
                )?
                .query_map([], read_record)?
                .collect()
        })
    }
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<SyncRecord> {
    let Word(scope) = row.get(2)?;
    let Word(kind) = row.get(3)?;
    let Json(entry) = row.get(5)?;
    Ok(SyncRecord {
        id: row.get(0)?,
        at: Timestamp(row.get(1)?),
        scope,
        kind,
        tag: row.get(4)?,
        entry,
    })
}

fn write_record(
    connection: &Connection,
    record: &SyncRecord,
    limits: HistoryLimits,
) -> rusqlite::Result<i64> {
    let is_open = record
        .dispatch()
        .is_some_and(|dispatch| dispatch.end.is_none());
    if let Some(id) = record.id {
        // Gone already if so much has happened meanwhile that the limit was reached, or if its origin was cleared; then
        // the number may be that of another entry.
        connection
            .prepare_cached(
                "UPDATE sync_history SET is_open = ?, entry = ?
                 WHERE id = ? AND is_open AND tag = ? AND kind = ? AND scope = ?",
            )?
            .execute(params![
                is_open,
                Json(&record.entry),
                id,
                record.tag,
                Word(record.kind),
                Word(&record.scope),
            ])?;
        return Ok(id);
    }
    connection
        .prepare_cached(
            "INSERT INTO sync_history (at_ms, scope, kind, tag, is_open, entry) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            record.at.as_millis(),
            Word(&record.scope),
            Word(record.kind),
            record.tag,
            is_open,
            Json(&record.entry),
        ])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached(
            "DELETE FROM sync_history WHERE id IN (
               SELECT id FROM sync_history WHERE tag = ? AND kind = ? AND scope = ?
               ORDER BY id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute(params![
            record.tag,
            Word(record.kind),
            Word(&record.scope),
            limits.per_tag
        ])?;
    Ok(id)
}

/// The oldest entries go, a tenth more than need be: counting them is not for every time.
/// Numbers have gaps where tags reached their own limit, so they only say whether it is worth counting.
fn limit_all(connection: &Connection, limits: HistoryLimits) -> rusqlite::Result<()> {
    let span: Option<i64> = connection
        .prepare_cached(
            "SELECT (SELECT max(id) FROM sync_history) - (SELECT min(id) FROM sync_history) + 1",
        )?
        .query_row([], |row| row.get(0))?;
    if span.unwrap_or(0) <= i64::from(limits.per_host) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "DELETE FROM sync_history
             WHERE (SELECT count(*) FROM sync_history) > ?1
               AND id <= (SELECT id FROM sync_history ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute([limits.per_host, limits.per_host - limits.per_host / 10])?;
    Ok(())
}
