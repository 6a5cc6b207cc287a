//! Storing and deleting records, with their index entries and attachments.
//! Index keys arrive computed: finding them in a value is the script engine's work.

use rusqlite::{Connection, params};

use super::attachments::{self, NewAttachment};
use super::blob_folder::BlobFolder;
use super::file::DatabaseFile;
use super::key_range::{KeyRange, just_above};
use crate::storage::StorageError;

/// The largest number a key generator gives out: 2^53.
const LARGEST_GENERATED_KEY: i64 = 1 << 53;

/// One key under which an index finds a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// The index.
    pub index: i64,
    /// Does the index refuse a second record with this key?
    pub unique: bool,
    /// The encoded key.
    pub key: Vec<u8>,
}

/// A record on its way into a store.
#[derive(Debug)]
pub struct NewRecord<'a> {
    /// The object store.
    pub store: i64,
    /// The encoded primary key.
    pub key: &'a [u8],
    /// The serialised value.
    pub value: &'a [u8],
    /// The bytes of Blobs in the value.
    pub attachments: &'a [NewAttachment<'a>],
    /// All index entries the record gets.
    pub index_keys: &'a [IndexKey],
    /// Is a record with the same key an error (`add`) or replaced (`put`)?
    pub no_overwrite: bool,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is stored.
    Stored,
    /// The store has a record with this key, or a unique index has its key; nothing was changed.
    ConstraintViolated(String),
}

impl DatabaseFile {
    /// The number that a store's key generator gives to the next record, or none when it has run out.
    ///
    /// It counts as given only when [`DatabaseFile::raise_key_generator`] is told so: a record that is refused leaves the
    /// generator as it was.
    pub fn next_key(&self, store: i64) -> Result<Option<i64>, StorageError> {
        self.run("generate a key", |connection| {
            let next: i64 = connection
                .prepare_cached("SELECT next_key FROM object_stores WHERE id = ?")?
                .query_row([store], |row| row.get(0))?;
            Ok((next <= LARGEST_GENERATED_KEY).then_some(next))
        })
    }

    /// A record with the number `key` is stored: the generator goes on above it.
    pub fn raise_key_generator(&self, store: i64, key: f64) -> Result<(), StorageError> {
        // The specification: the largest integer not above the key, at most 2^53.
        let reached = key.min(LARGEST_GENERATED_KEY as f64).floor() as i64;
        self.run("raise a key generator", |connection| {
            connection
                .prepare_cached(
                    "UPDATE object_stores SET next_key = ?2 WHERE id = ?1 AND next_key < ?2",
                )?
                .execute(params![store, reached.saturating_add(1)])
                .map(drop)
        })
    }

    /// <https://w3c.github.io/IndexedDB/#object-store-storage-operation>
    pub fn put(&self, record: &NewRecord<'_>) -> Result<PutOutcome, StorageError> {
        if record.attachments.is_empty() {
            return self.put_value(record);
        }
        // Files are written in between: what fails then leaves nothing of the record.
        self.run("store a record", |connection| {
            connection.execute_batch("SAVEPOINT put")
        })?;
        let outcome = self.put_value(record).and_then(|outcome| {
            if outcome == PutOutcome::Stored {
                self.attach(record.store, record.key, record.attachments)?;
            }
            Ok(outcome)
        });
        let end = if outcome.is_ok() {
            "RELEASE put"
        } else {
            "ROLLBACK TO put; RELEASE put"
        };
        let ended = self.run("store a record", |connection| connection.execute_batch(end));
        outcome.and_then(|outcome| ended.map(|()| outcome))
    }

    fn put_value(&self, record: &NewRecord<'_>) -> Result<PutOutcome, StorageError> {
        self.run("store a record", |connection| {
            if let Some(refusal) = taken_unique_key(connection, record.key, record.index_keys)? {
                return Ok(refusal);
            }
            let is_new = connection
                .prepare_cached(
                    "INSERT INTO records (store_id, key, value, attachments) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![record.store, record.key, record.value, record.attachments.len() as i64])?
                == 1;
            if !is_new {
                if record.no_overwrite {
                    return Ok(PutOutcome::ConstraintViolated(
                        "a record with this key is already in the object store".into(),
                    ));
                }
                replace(connection, &self.blobs, record)?;
            }
            add_index_entries(connection, record.key, record.index_keys)?;
            Ok(PutOutcome::Stored)
        })
    }

    /// Adds the entries of one existing record to a new index.
    pub fn index_record(
        &self,
        key: &[u8],
        index_keys: &[IndexKey],
    ) -> Result<PutOutcome, StorageError> {
        self.run("fill an index", |connection| {
            if let Some(refusal) = taken_unique_key(connection, key, index_keys)? {
                return Ok(refusal);
            }
            add_index_entries(connection, key, index_keys)?;
            Ok(PutOutcome::Stored)
        })
    }

    /// Deletes the records in a range, with everything that hangs on them.
    pub fn delete(&self, store: i64, range: &KeyRange) -> Result<(), StorageError> {
        self.delete_with("delete records", |connection| {
            let bounds = params![store, range.lower, range.upper];
            connection
                .prepare_cached(
                    "DELETE FROM index_records
                     WHERE index_id IN (SELECT id FROM indexes WHERE store_id = ?1)
                       AND primary_key >= ?2 AND primary_key < ?3",
                )?
                .execute(bounds)?;
            attachments::delete(connection, &self.blobs, (store, &range.lower, &range.upper))?;
            connection
                .prepare_cached(
                    "DELETE FROM records WHERE store_id = ?1 AND key >= ?2 AND key < ?3",
                )?
                .execute(bounds)
                .map(drop)
        })
    }
}

/// Puts a record in the place of the one that has its key, of which nothing else is left then.
fn replace(
    connection: &Connection,
    blobs: &BlobFolder,
    record: &NewRecord<'_>,
) -> rusqlite::Result<()> {
    let old_attachments: i64 = connection
        .prepare_cached("SELECT attachments FROM records WHERE store_id = ? AND key = ?")?
        .query_row(params![record.store, record.key], |row| row.get(0))?;
    if old_attachments > 0 {
        let range = (record.store, record.key, just_above(record.key));
        attachments::delete(connection, blobs, (range.0, range.1, &range.2))?;
    }
    let mut indexes = connection.prepare_cached("SELECT id FROM indexes WHERE store_id = ?")?;
    let mut indexes = indexes.query([record.store])?;
    while let Some(index) = indexes.next()? {
        connection
            .prepare_cached("DELETE FROM index_records WHERE index_id = ? AND primary_key = ?")?
            .execute(params![index.get::<_, i64>(0)?, record.key])?;
    }
    connection
        .prepare_cached(
            "UPDATE records SET value = ?, attachments = ? WHERE store_id = ? AND key = ?",
        )?
        .execute(params![
            record.value,
            record.attachments.len() as i64,
            record.store,
            record.key
        ])
        .map(drop)
}

fn taken_unique_key(
    connection: &Connection,
    primary_key: &[u8],
    index_keys: &[IndexKey],
) -> rusqlite::Result<Option<PutOutcome>> {
    for entry in index_keys.iter().filter(|entry| entry.unique) {
        let is_taken = connection
            .prepare_cached(
                "SELECT 1 FROM index_records WHERE index_id = ? AND key = ? AND primary_key <> ? LIMIT 1",
            )?
            .exists(params![entry.index, entry.key, primary_key])?;
        if is_taken {
            return Ok(Some(PutOutcome::ConstraintViolated(
                "another record has the same key in a unique index".into(),
            )));
        }
    }
    Ok(None)
}

fn add_index_entries(
    connection: &Connection,
    primary_key: &[u8],
    index_keys: &[IndexKey],
) -> rusqlite::Result<()> {
    // A multi-entry index may be given the same key twice.
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO index_records (index_id, key, primary_key) VALUES (?, ?, ?)",
    )?;
    for entry in index_keys {
        insert.execute(params![entry.index, entry.key, primary_key])?;
    }
    Ok(())
}
