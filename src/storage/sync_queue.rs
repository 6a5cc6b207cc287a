//! The sync registrations of a host. What is stored here was promised to a script.
//! A row says that its event runs *before* the event is sent, so that a restart can tell.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use crate::clock::Timestamp;
use crate::storage::Storage;
use crate::storage::column::Word;
use crate::storage::error::StorageError;
use crate::sync::{OwnerId, SyncKey, SyncRegistration};

/// One change of the queue.
#[derive(Debug, Clone, Copy)]
pub enum QueueChange<'a> {
    /// Keep this as it is now. Its service worker registration must be kept already.
    Save(&'a SyncRegistration),
    /// Forget this.
    Remove(&'a SyncKey),
}

/// Makes a change, as a part of a transaction.
pub(super) fn change_queue(
    connection: &Connection,
    change: &QueueChange<'_>,
) -> rusqlite::Result<()> {
    match change {
        QueueChange::Save(row) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO sync_registration
                   (registration_id, kind, tag, origin, state, min_interval_ms, attempts, max_attempts,
                    not_before_ms, interruptions)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                row.key.owner.0,
                Word(row.key.kind),
                row.key.tag,
                row.origin,
                Word(row.state),
                millis(row.min_interval),
                row.attempts,
                row.max_attempts,
                row.not_before.map(Timestamp::as_millis),
                row.interruptions,
            ])?,
        QueueChange::Remove(key) => connection
            .prepare_cached(
                "DELETE FROM sync_registration WHERE registration_id = ? AND kind = ? AND tag = ?",
            )?
            .execute(params![key.owner.0, Word(key.kind), key.tag])?,
    };
    Ok(())
}

impl Storage {
    /// Keeps these as they are now, all or none. Their service worker registrations must be kept already.
    pub fn save_syncs<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a SyncRegistration>,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("save sync registrations", |transaction| {
                let mut rows = rows.into_iter();
                rows.try_for_each(|row| change_queue(transaction, &QueueChange::Save(row)))
            })
    }

    /// Forgets these, all or none.
    pub fn remove_syncs<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a SyncKey>,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("remove sync registrations", |transaction| {
                let mut keys = keys.into_iter();
                keys.try_for_each(|key| change_queue(transaction, &QueueChange::Remove(key)))
            })
    }

    /// Every sync registration, as it was stored. Those whose event ran then still say so.
    pub fn load_syncs(&self) -> Result<Vec<SyncRegistration>, StorageError> {
        self.database
            .run("read the sync registrations", |connection| {
                connection
                    .prepare_cached(
                        "SELECT registration_id, kind, tag, origin, state, min_interval_ms, attempts, max_attempts,
                                not_before_ms, interruptions
                         FROM sync_registration",
                    )?
                    .query_map([], read)?
                    .collect()
            })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<SyncRegistration> {
    let (Word(kind), Word(state)) = (row.get("kind")?, row.get("state")?);
    let not_before: Option<i64> = row.get("not_before_ms")?;
    let min_interval: i64 = row.get("min_interval_ms")?;
    Ok(SyncRegistration {
        key: SyncKey {
            owner: OwnerId(row.get("registration_id")?),
            kind,
            tag: row.get("tag")?,
        },
        origin: row.get("origin")?,
        state,
        min_interval: Duration::from_millis(min_interval.unsigned_abs()),
        attempts: row.get("attempts")?,
        max_attempts: row.get("max_attempts")?,
        not_before: not_before.map(Timestamp),
        resolved: true,
        interruptions: row.get("interruptions")?,
    })
}

/// The largest interval that a script can ask for fits.
fn millis(interval: Duration) -> i64 {
    i64::try_from(interval.as_millis()).unwrap_or(i64::MAX)
}
