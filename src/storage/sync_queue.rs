//! The sync registrations of a host. What is stored here was promised to a script.
//! A row says that its event runs *before* the event is sent, so that a restart can tell.

use rusqlite::params;

use crate::clock::Timestamp;
use crate::storage::Storage;
use crate::storage::column::Word;
use crate::storage::error::StorageError;
use crate::sync::{OwnerId, SyncKey, SyncRegistration};

impl Storage {
    /// Keeps these as they are now, all or none. Their service worker registrations must be kept already.
    pub fn save_syncs<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a SyncRegistration>,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("save sync registrations", |transaction| {
                let mut upsert = transaction.prepare_cached(
                    "INSERT OR REPLACE INTO sync_registration
                       (registration_id, tag, origin, state, attempts, max_attempts, retry_at_ms, interruptions)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                )?;
                for row in rows {
                    upsert.execute(params![
                        row.key.owner.0,
                        row.key.tag,
                        row.origin,
                        Word(row.state),
                        row.attempts,
                        row.max_attempts,
                        row.retry_at.map(Timestamp::as_millis),
                        row.interruptions,
                    ])?;
                }
                Ok(())
            })
    }

    /// Forgets these, all or none.
    pub fn remove_syncs<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a SyncKey>,
    ) -> Result<(), StorageError> {
        self.database
            .transaction("remove sync registrations", |transaction| {
                let mut delete = transaction.prepare_cached(
                    "DELETE FROM sync_registration WHERE registration_id = ? AND tag = ?",
                )?;
                for key in keys {
                    delete.execute(params![key.owner.0, key.tag])?;
                }
                Ok(())
            })
    }

    /// Every sync registration, as it was stored. Those whose event ran then still say so.
    pub fn load_syncs(&self) -> Result<Vec<SyncRegistration>, StorageError> {
        self.database.run("read the sync registrations", |connection| {
            connection
                .prepare_cached(
                    "SELECT registration_id, tag, origin, state, attempts, max_attempts, retry_at_ms, interruptions
                     FROM sync_registration",
                )?
                .query_map([], |row| {
                    let Word(state) = row.get(3)?;
                    let retry_at: Option<i64> = row.get(6)?;
                    Ok(SyncRegistration {
                        key: SyncKey {
                            owner: OwnerId(row.get(0)?),
                            tag: row.get(1)?,
                        },
                        origin: row.get(2)?,
                        state,
                        attempts: row.get(4)?,
                        max_attempts: row.get(5)?,
                        retry_at: retry_at.map(Timestamp),
                        resolved: true,
                        interruptions: row.get(7)?,
                    })
                })?
                .collect()
        })
    }
}
