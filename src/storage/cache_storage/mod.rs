//! The caches of one origin, in a database of their own: names, entries and bodies.
//! Each thread has its own [`CacheStorage`]; fetching and checking requests is done where scripts run.
//!
//! <https://w3c.github.io/ServiceWorker/#cache-objects>

mod body;
mod entries;
mod entry;
mod pins;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::storage::Durability;
use crate::storage::cache_storage::pins::{OriginPins, Pinned};
use crate::storage::database::Database;
use crate::storage::error::StorageError;
use crate::storage::folder::make_folder;
use crate::storage::origin_files::OriginFiles;

pub use body::{BodyReader, BodyWriter};
pub use entries::{Found, NewEntry, PutError};
pub use entry::{CacheQuery, CachedRequest, CachedResponse};
pub use pins::CachePins;

const LAYOUTS: &[&str] = &[include_str!("migrations/0001_start.sql")];

/// Names a cache, whatever becomes of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheId(pub i64);

/// The caches of one origin, as one thread uses them. Names are [text](crate::dom_string).
#[derive(Debug)]
pub struct CacheStorage {
    database: Database,
    pins: Arc<OriginPins>,
    /// The caches that this thread's scripts have opened.
    opened: RefCell<HashSet<i64>>,
}

impl CacheStorage {
    /// The name of the database in an origin's folder.
    pub const FILE_NAME: &'static str = "caches.sqlite";

    /// Opens the caches of an origin, and makes its folder if there is none.
    pub fn open(
        folder: &Path,
        durability: Durability,
        pins: &CachePins,
    ) -> Result<Self, StorageError> {
        make_folder(folder).map_err(|source| StorageError::from_io(folder, source))?;
        let path = folder.join(Self::FILE_NAME);
        let database = Database::open(&path, durability, LAYOUTS)?;
        let (pins, is_first) = pins.of(&path);
        if is_first {
            let _nobody_pins = pins.lock();
            database.transaction("clear away what an earlier process left", |connection| {
                remove_leftovers(connection)
            })?;
            database.give_back_space();
        }
        Ok(Self {
            database,
            pins,
            opened: RefCell::default(),
        })
    }

    /// The same within an origin's quota; a file that is damaged is set aside first, unless it is in use.
    pub fn open_for(
        origin: &Arc<OriginFiles>,
        durability: Durability,
        pins: &CachePins,
    ) -> Result<Self, StorageError> {
        let path = origin.folder().join(Self::FILE_NAME);
        let open = || Self::open(origin.folder(), durability, pins);
        let mut caches = origin.open_whole(&path, || pins.are_shared(&path), open)?;
        caches.database.belong_to(origin)?;
        Ok(caches)
    }

    /// <https://w3c.github.io/ServiceWorker/#cache-storage-open>
    pub fn open_cache(&self, name: &str) -> Result<CacheId, StorageError> {
        let mut pins = self.pins.lock();
        // One that is there is opened without a write, so also where the disk is full.
        let known = self
            .database
            .run("open a cache", |connection| find_cache(connection, name))?;
        let id = match known {
            Some(id) => id,
            None => self.database.transaction("make a cache", |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO cache (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name
                         RETURNING id",
                    )?
                    .query_row([name], |row| row.get(0))
            })?,
        };
        if self.opened.borrow_mut().insert(id) {
            pins.pin(Pinned::Cache(id));
        }
        Ok(CacheId(id))
    }

    /// <https://w3c.github.io/ServiceWorker/#cache-storage-has>
    pub fn has_cache(&self, name: &str) -> Result<bool, StorageError> {
        self.database.run("look for a cache", |connection| {
            connection
                .prepare_cached("SELECT 1 FROM cache WHERE name = ?")?
                .exists([name])
        })
    }

    /// Whether there was one. Scripts that have the cache go on using it.
    /// <https://w3c.github.io/ServiceWorker/#cache-storage-delete>
    pub fn delete_cache(&self, name: &str) -> Result<bool, StorageError> {
        let mut pins = self.pins.lock();
        let deleted = self.database.transaction("delete a cache", |connection| {
            let id: Option<i64> = connection
                .prepare_cached("UPDATE cache SET name = NULL WHERE name = ? RETURNING id")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            match id {
                None => Ok(None),
                Some(id) if pins.is_used(Pinned::Cache(id)) => Ok(Some(vec![Pinned::Cache(id)])),
                Some(id) => entries::remove_cache(connection, &pins, id).map(Some),
            }
        })?;
        self.database.give_back_space();
        let is_deleted = deleted.is_some();
        pins.doom_all(deleted.unwrap_or_default());
        Ok(is_deleted)
    }

    /// The names, in the order of creation. <https://w3c.github.io/ServiceWorker/#cache-storage-keys>
    pub fn cache_names(&self) -> Result<Vec<String>, StorageError> {
        self.database.run("list the caches", |connection| {
            connection
                .prepare_cached("SELECT name FROM cache WHERE name IS NOT NULL ORDER BY id")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Deletes every cache with its entries. Scripts that have one find nothing in it.
    pub fn clear(&self) -> Result<(), StorageError> {
        let mut pins = self.pins.lock();
        let in_use = self
            .database
            .transaction("clear the caches", |connection| {
                entries::remove_all(connection, &pins)
            })?;
        pins.doom_all(in_use);
        Ok(())
    }

    /// A body is not used any more by one of its readers or its writer.
    fn release_body(&self, id: i64) -> Result<(), StorageError> {
        if !self.pins.lock().unpin(Pinned::Body(id)) {
            return Ok(());
        }
        self.database
            .run("remove a body", |connection| body::remove(connection, id))?;
        self.database.give_back_space();
        Ok(())
    }

    fn release_caches(&self) -> Result<(), StorageError> {
        let mut pins = self.pins.lock();
        for id in self.opened.take() {
            if pins.unpin(Pinned::Cache(id)) {
                let in_use = self.database.transaction("remove a cache", |connection| {
                    entries::remove_cache(connection, &pins, id)
                })?;
                self.database.give_back_space();
                pins.doom_all(in_use);
            }
        }
        Ok(())
    }
}

impl Drop for CacheStorage {
    fn drop(&mut self) {
        // What cannot be removed now is a leftover for the next process that opens the caches.
        if let Err(error) = self.release_caches() {
            tracing::debug!(%error, "a deleted cache stays on disk for now");
        }
    }
}

fn find_cache(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM cache WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Deleted caches that were still in use, and bodies whose entry never came.
fn remove_leftovers(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM cache WHERE name IS NULL", [])?;
    connection.execute(
        "DELETE FROM body WHERE NOT EXISTS (SELECT 1 FROM entry WHERE body_id = body.id)",
        [],
    )?;
    Ok(())
}
