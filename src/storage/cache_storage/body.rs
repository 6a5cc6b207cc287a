//! Bodies, in pieces: written and read without ever being in memory as a whole.
//! A body belongs to no entry until its entry is put.

use std::cell::RefCell;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::storage::cache_storage::CacheStorage;
use crate::storage::cache_storage::pins::Pinned;
use crate::storage::error::StorageError;

/// The size of a piece: large enough that SQLite's work per row does not count.
const CHUNK_BYTES: usize = 256 * 1024;

/// A body that is being written. Dropped before its entry is put, it leaves nothing behind.
#[derive(Debug)]
pub struct BodyWriter {
    caches: Rc<CacheStorage>,
    state: RefCell<WriterState>,
}

#[derive(Debug, Default)]
struct WriterState {
    /// None until the first piece is full: a short body is written together with its entry.
    id: Option<i64>,
    chunks: i64,
    length: usize,
    pending: Vec<u8>,
}

impl BodyWriter {
    /// An empty body.
    pub fn new(caches: Rc<CacheStorage>) -> Self {
        Self {
            caches,
            state: RefCell::default(),
        }
    }

    /// Adds to the end of the body.
    pub fn write(&self, mut bytes: &[u8]) -> Result<(), StorageError> {
        let state = &mut *self.state.borrow_mut();
        state.length += bytes.len();
        while state.pending.len() + bytes.len() >= CHUNK_BYTES {
            let (now, later) = bytes.split_at(CHUNK_BYTES - state.pending.len());
            state.pending.extend_from_slice(now);
            bytes = later;
            self.write_chunk(state)?;
        }
        state.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn write_chunk(&self, state: &mut WriterState) -> Result<(), StorageError> {
        let caches = &self.caches;
        if state.id.is_none() {
            // Held while the row is made, so that there is no moment at which nobody uses it.
            let mut pins = caches.pins.lock();
            let id = caches.database.write("write a body", create)?;
            pins.pin(Pinned::Body(id));
            pins.doom(Pinned::Body(id));
            state.id = Some(id);
        }
        caches
            .database
            .write("write a body", |connection| append(connection, state))
    }

    /// Its number, if it has one already.
    pub(super) fn id(&self) -> Option<i64> {
        self.state.borrow().id
    }

    /// Writes what is left and gives the finished body's number; part of the entry's transaction.
    pub(super) fn finish(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let state = &mut *self.state.borrow_mut();
        let id = match state.id {
            Some(id) => id,
            None => create(connection)?,
        };
        if !state.pending.is_empty() {
            connection
                .prepare_cached("INSERT INTO body_chunk (body_id, number, bytes) VALUES (?, ?, ?)")?
                .execute(params![id, state.chunks, state.pending])?;
        }
        connection
            .prepare_cached("UPDATE body SET length = ? WHERE id = ?")?
            .execute(params![stored_length(state.length), id])?;
        Ok(id)
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        if let Some(id) = self.state.borrow().id
            && let Err(error) = self.caches.release_body(id)
        {
            tracing::debug!(%error, "an unfinished body stays on disk for now");
        }
    }
}

/// A body that is being read. It can be read to its end even if its entry is deleted meanwhile.
#[derive(Debug)]
pub struct BodyReader {
    caches: Rc<CacheStorage>,
    id: i64,
    length: u64,
    next_chunk: RefCell<i64>,
}

impl BodyReader {
    /// Opens a body, unless it is gone.
    pub(super) fn open(caches: &Rc<CacheStorage>, id: i64) -> Result<Option<Self>, StorageError> {
        // Pinned first and looked at then: between the two nobody removes it.
        caches.pins.lock().pin(Pinned::Body(id));
        let length = caches.database.run("open a body", |connection| {
            connection
                .prepare_cached("SELECT length FROM body WHERE id = ?")?
                .query_row([id], |row| row.get::<_, i64>(0))
                .optional()
        });
        match length {
            Ok(Some(length)) => Ok(Some(Self {
                caches: caches.clone(),
                id,
                length: length.unsigned_abs(),
                next_chunk: RefCell::new(0),
            })),
            other => {
                caches.release_body(id)?;
                other.map(|_| None)
            }
        }
    }

    /// How many bytes the whole body has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next piece, or `None` at the end.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StorageError> {
        let mut next_chunk = self.next_chunk.borrow_mut();
        let chunk = self.caches.database.run("read a body", |connection| {
            connection
                .prepare_cached("SELECT bytes FROM body_chunk WHERE body_id = ? AND number = ?")?
                .query_row([self.id, *next_chunk], |row| row.get(0))
                .optional()
        })?;
        *next_chunk += 1;
        Ok(chunk)
    }

    /// The whole body, for one that is short.
    pub fn read_to_end(&self) -> Result<Vec<u8>, StorageError> {
        let mut whole = Vec::new();
        while let Some(mut chunk) = self.read()? {
            whole.append(&mut chunk);
        }
        Ok(whole)
    }
}

impl Drop for BodyReader {
    fn drop(&mut self) {
        if let Err(error) = self.caches.release_body(self.id) {
            tracing::debug!(%error, "a body without entry stays on disk for now");
        }
    }
}

/// Removes a body with its pieces.
pub(super) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM body WHERE id = ?")?
        .execute([id])?;
    Ok(())
}

fn create(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO body (length) VALUES (NULL)")?
        .insert([])
}

fn append(connection: &Connection, state: &mut WriterState) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO body_chunk (body_id, number, bytes) VALUES (?, ?, ?)")?
        .execute(params![state.id, state.chunks, state.pending])?;
    state.chunks += 1;
    state.pending.clear();
    Ok(())
}

fn stored_length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
