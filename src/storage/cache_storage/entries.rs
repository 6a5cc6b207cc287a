//! The entries of a cache: finding, putting and deleting them.
//! What is put together is there together or not at all, once the call returns.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::{Connection, Row, params};
use url::Url;

use crate::storage::cache_storage::body::{self, BodyReader, BodyWriter};
use crate::storage::cache_storage::entry::{
    CacheQuery, CachedRequest, CachedResponse, without_fragment, without_search,
};
use crate::storage::cache_storage::pins::{PinTable, Pinned};
use crate::storage::cache_storage::{CacheId, CacheStorage};
use crate::storage::column::{Json, Word};
use crate::storage::error::StorageError;

/// A request and the response to keep for it.
#[derive(Debug)]
pub struct NewEntry {
    /// The request.
    pub request: CachedRequest,
    /// The response, without its body.
    pub response: CachedResponse,
    /// The response's body, written to its end; `None` if it has none.
    pub body: Option<BodyWriter>,
}

/// An entry that was asked for.
#[derive(Debug)]
pub struct Found {
    /// The response, without its body.
    pub response: CachedResponse,
    /// The response's body, from its beginning.
    pub body: Option<BodyReader>,
}

/// Why entries were not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Two of them would replace one another.
    #[error("duplicate requests: `{0}`")]
    Duplicate(Url),
    /// They could not be kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A row of the table.
struct StoredEntry {
    id: i64,
    request: CachedRequest,
    response: CachedResponse,
    body_id: Option<i64>,
}

impl CacheStorage {
    /// The first entry that answers the query.
    pub fn match_first(
        self: &Rc<Self>,
        cache: CacheId,
        query: &CacheQuery,
    ) -> Result<Option<Found>, StorageError> {
        loop {
            let found = self.database.run("search a cache", |connection| {
                find(connection, cache, query, 1)
            })?;
            let Some(entry) = found.into_iter().next() else {
                return Ok(None);
            };
            if let Some(found) = self.with_body(entry)? {
                return Ok(Some(found));
            }
            // It was deleted in this moment. Perhaps another one answers.
        }
    }

    /// The first entry that answers the query in any cache, or in those of that name.
    pub fn match_anywhere(
        self: &Rc<Self>,
        cache_name: Option<&str>,
        query: &CacheQuery,
    ) -> Result<Option<Found>, StorageError> {
        let caches: Vec<i64> = self.database.run("list the caches", |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM cache
                     WHERE name IS NOT NULL AND (?1 IS NULL OR name = ?1) ORDER BY id",
                )?
                .query_map([cache_name], |row| row.get(0))?
                .collect()
        })?;
        for cache in caches {
            if let Some(found) = self.match_first(CacheId(cache), query)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Every entry that answers the query, or every entry.
    pub fn match_all(
        self: &Rc<Self>,
        cache: CacheId,
        query: Option<&CacheQuery>,
    ) -> Result<Vec<Found>, StorageError> {
        let entries = self.entries(cache, query)?;
        entries
            .into_iter()
            .filter_map(|entry| self.with_body(entry).transpose())
            .collect()
    }

    /// The requests of every entry that answers the query, or of every entry.
    pub fn requests(
        &self,
        cache: CacheId,
        query: Option<&CacheQuery>,
    ) -> Result<Vec<CachedRequest>, StorageError> {
        let entries = self.entries(cache, query)?;
        Ok(entries.into_iter().map(|entry| entry.request).collect())
    }

    /// Deletes every entry that answers the query; whether there was one.
    pub fn delete_entries(&self, cache: CacheId, query: &CacheQuery) -> Result<bool, StorageError> {
        let mut pins = self.pins.lock();
        let (is_found, in_use) = self.database.transaction("delete entries", |connection| {
            let entries = find(connection, cache, query, usize::MAX)?;
            let in_use = remove_entries(connection, &pins, &entries)?;
            Ok((!entries.is_empty(), in_use))
        })?;
        self.database.give_back_space();
        pins.doom_all(in_use);
        Ok(is_found)
    }

    /// Keeps all of these, in place of those that they answer for, or none of them.
    /// <https://w3c.github.io/ServiceWorker/#batch-cache-operations-algorithm>
    pub fn put(&self, cache: CacheId, entries: &[NewEntry]) -> Result<(), PutError> {
        if let Some(url) = first_duplicate(entries) {
            return Err(PutError::Duplicate(url));
        }
        let mut pins = self.pins.lock();
        let in_use = self.database.transaction("put entries", |connection| {
            let mut in_use = Vec::new();
            for entry in entries {
                let query = CacheQuery::exactly(&entry.request);
                let replaced = find(connection, cache, &query, usize::MAX)?;
                in_use.append(&mut remove_entries(connection, &pins, &replaced)?);
                insert(connection, cache, entry)?;
            }
            Ok(in_use)
        })?;
        self.database.give_back_space();
        pins.doom_all(in_use);
        for body in entries.iter().filter_map(|entry| entry.body.as_ref()?.id()) {
            pins.keep(Pinned::Body(body));
        }
        Ok(())
    }

    fn entries(
        &self,
        cache: CacheId,
        query: Option<&CacheQuery>,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        self.database
            .run("search a cache", |connection| match query {
                Some(query) => find(connection, cache, query, usize::MAX),
                None => connection
                    .prepare_cached(
                        "SELECT id, request, response, body_id FROM entry
                         WHERE cache_id = ? ORDER BY id",
                    )?
                    .query_map([cache.0], read_entry)?
                    .collect(),
            })
    }

    /// The entry with its body opened, unless it was deleted in this moment.
    fn with_body(self: &Rc<Self>, entry: StoredEntry) -> Result<Option<Found>, StorageError> {
        let body = match entry.body_id {
            None => None,
            Some(id) => match BodyReader::open(self, id)? {
                None => return Ok(None),
                opened => opened,
            },
        };
        Ok(Some(Found {
            response: entry.response,
            body,
        }))
    }
}

/// Deletes a cache with its entries. Gives the bodies that are still in use: they are to be doomed.
pub(super) fn remove_cache(
    connection: &Connection,
    pins: &PinTable<'_>,
    cache: i64,
) -> rusqlite::Result<Vec<Pinned>> {
    let bodies: Vec<i64> = connection
        .prepare_cached("SELECT body_id FROM entry WHERE cache_id = ? AND body_id IS NOT NULL")?
        .query_map([cache], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    connection
        .prepare_cached("DELETE FROM cache WHERE id = ?")?
        .execute([cache])?;
    remove_bodies(connection, pins, bodies)
}

/// Deletes every entry, and every cache that no script has open; the others stay without a name. Gives what is still in
/// use: it is to be doomed.
pub(super) fn remove_all(
    connection: &Connection,
    pins: &PinTable<'_>,
) -> rusqlite::Result<Vec<Pinned>> {
    let mut caches = connection.prepare("SELECT id FROM cache")?;
    let caches: Vec<i64> = caches
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut in_use = Vec::new();
    for id in caches {
        if pins.is_used(Pinned::Cache(id)) {
            let mut entries = connection.prepare_cached(
                "SELECT id, request, response, body_id FROM entry WHERE cache_id = ?",
            )?;
            let entries: Vec<StoredEntry> = entries
                .query_map([id], read_entry)?
                .collect::<rusqlite::Result<_>>()?;
            in_use.append(&mut remove_entries(connection, pins, &entries)?);
            connection.execute("UPDATE cache SET name = NULL WHERE id = ?", [id])?;
            in_use.push(Pinned::Cache(id));
        } else {
            in_use.append(&mut remove_cache(connection, pins, id)?);
        }
    }
    Ok(in_use)
}

fn remove_entries(
    connection: &Connection,
    pins: &PinTable<'_>,
    entries: &[StoredEntry],
) -> rusqlite::Result<Vec<Pinned>> {
    let mut delete = connection.prepare_cached("DELETE FROM entry WHERE id = ?")?;
    for entry in entries {
        delete.execute([entry.id])?;
    }
    let bodies = entries.iter().filter_map(|entry| entry.body_id);
    remove_bodies(connection, pins, bodies)
}

fn remove_bodies(
    connection: &Connection,
    pins: &PinTable<'_>,
    bodies: impl IntoIterator<Item = i64>,
) -> rusqlite::Result<Vec<Pinned>> {
    let mut in_use = Vec::new();
    for id in bodies {
        if pins.is_used(Pinned::Body(id)) {
            in_use.push(Pinned::Body(id));
        } else {
            body::remove(connection, id)?;
        }
    }
    Ok(in_use)
}

/// The entries that answer the query, in the order of insertion.
/// <https://w3c.github.io/ServiceWorker/#query-cache-algorithm>
fn find(
    connection: &Connection,
    cache: CacheId,
    query: &CacheQuery,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEntry>> {
    let mut select = connection.prepare_cached(if query.ignore_search {
        "SELECT id, request, response, body_id FROM entry
         WHERE cache_id = ?1 AND url_without_search = ?2 AND ?3 IS NOT NULL ORDER BY id"
    } else {
        "SELECT id, request, response, body_id FROM entry
         WHERE cache_id = ?1 AND url_without_search = ?2 AND url = ?3 ORDER BY id"
    })?;
    let rows = select.query_map(
        params![
            cache.0,
            Word(without_search(&query.url)),
            Word(without_fragment(&query.url)),
        ],
        read_entry,
    )?;
    rows.filter(|row| {
        row.as_ref()
            .map_or(true, |entry| query.agrees(&entry.request, &entry.response))
    })
    .take(limit)
    .collect()
}

fn insert(connection: &Connection, cache: CacheId, entry: &NewEntry) -> rusqlite::Result<()> {
    let body_id = match &entry.body {
        Some(body) => Some(body.finish(connection)?),
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO entry (cache_id, url, url_without_search, request, response, body_id)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            cache.0,
            Word(without_fragment(&entry.request.url)),
            Word(without_search(&entry.request.url)),
            Json(&entry.request),
            Json(&entry.response),
            body_id,
        ])?;
    Ok(())
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    let Json(request) = row.get(1)?;
    let Json(response) = row.get(2)?;
    Ok(StoredEntry {
        id: row.get(0)?,
        request,
        response,
        body_id: row.get(3)?,
    })
}

/// The address of the first entry that would replace one before it, or be found in its place.
fn first_duplicate(entries: &[NewEntry]) -> Option<Url> {
    let mut seen: HashMap<Url, Vec<&NewEntry>> = HashMap::new();
    for entry in entries {
        let same_url = seen
            .entry(without_fragment(&entry.request.url))
            .or_default();
        // Each response has a `Vary` of its own, so one may answer for the other and not the reverse.
        if same_url
            .iter()
            .any(|earlier| answers(earlier, entry) || answers(entry, earlier))
        {
            return Some(entry.request.url.clone());
        }
        same_url.push(entry);
    }
    None
}

/// Whether one entry answers the request of another of the same address.
fn answers(entry: &NewEntry, other: &NewEntry) -> bool {
    CacheQuery::exactly(&other.request).agrees(&entry.request, &entry.response)
}
