//! One thread's connection to one database file, and the SQLite transaction it is in.
//! Who may write when is the coordinator's affair: here a second writer would only get "busy".

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::storage::database::Database;
use crate::storage::folder::make_folder;
use crate::storage::{Durability, OriginFiles, StorageError};

use super::blob_folder::BlobFolder;
use super::catalog::remove_files;

/// Applied in order by `user_version`; never edited once released.
pub(super) const LAYOUTS: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_blob_files.sql"),
];

/// What this connection holds open in SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// A snapshot, so that a row of reads does not take the file lock for each of them.
    Snapshot,
    Write,
}

/// A database file, opened by one thread.
#[derive(Debug)]
pub struct DatabaseFile {
    database: Database,
    held: Cell<Held>,
    /// What the database was last told.
    durability: Cell<Durability>,
    /// Has the SQLite transaction deleted anything?
    has_deleted: Cell<bool>,
    pub(super) blobs: BlobFolder,
}

impl DatabaseFile {
    /// Opens the file at `path`, creating it (with version zero) for the database called `name`.
    pub fn open(path: &Path, name: &str) -> Result<Self, StorageError> {
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(|source| StorageError::from_io(folder, source))?;
        }
        let database = Database::open(path, Durability::Relaxed, LAYOUTS)?;
        database.run("name the database", |connection| {
            // A file that is there is opened without a write: another thread may be in the middle of one.
            if connection.prepare("SELECT 1 FROM database")?.exists([])? {
                return Ok(());
            }
            connection
                .execute("INSERT INTO database (name, version) VALUES (?, 0)", [name])
                .map(drop)
        })?;
        Ok(Self::of(database))
    }

    /// The same within an origin's quota; a file that is damaged is set aside first, unless it is in use.
    pub fn open_for(
        origin: &Arc<OriginFiles>,
        (path, name): (&Path, &str),
        is_in_use: bool,
    ) -> Result<Self, StorageError> {
        let mut file = origin.open_whole(path, || is_in_use, || Self::open(path, name))?;
        file.database.belong_to(origin)?;
        Ok(file)
    }

    /// Opens a file that must be there already, without looking at its layout.
    pub(super) fn open_existing(path: &Path) -> Result<Self, StorageError> {
        Database::open_existing(path).map(Self::of)
    }

    /// Has anything been found that nobody wrote?
    pub fn is_damaged(&self) -> bool {
        self.database.is_damaged()
    }

    /// The origin that it belongs to, if it does.
    pub(super) fn origin(&self) -> Option<&OriginFiles> {
        self.database.origin()
    }

    fn of(database: Database) -> Self {
        let blobs = BlobFolder::of(database.path());
        Self {
            database,
            held: Cell::new(Held::Nothing),
            durability: Cell::new(Durability::Relaxed),
            has_deleted: Cell::new(false),
            blobs,
        }
    }

    /// Makes what other threads committed visible; called when a read-only transaction starts.
    ///
    /// Transactions that are already reading lose nothing: nobody may have written to their stores.
    pub fn refresh(&self) -> Result<(), StorageError> {
        if self.held.get() != Held::Snapshot {
            return Ok(());
        }
        self.held.set(Held::Nothing);
        let ended = self.statement("COMMIT", "end a snapshot");
        // What was read from a damaged file cannot be committed.
        ended.or_else(|_| self.statement("ROLLBACK", "end a snapshot"))
    }

    /// Starts the SQLite transaction of a read/write or upgrade transaction.
    pub fn begin(&self, durability: Durability) -> Result<(), StorageError> {
        self.refresh()?;
        if self.durability.replace(durability) != durability {
            self.database.set_durability(durability)?;
        }
        self.has_deleted.set(false);
        self.database.before_write()?;
        self.statement("BEGIN IMMEDIATE", "begin a transaction")?;
        self.held.set(Held::Write);
        Ok(())
    }

    /// Commits. When this returns, the changes survive the death of the process.
    pub fn commit(&self) -> Result<(), StorageError> {
        let synced = match self.durability.get() {
            Durability::Relaxed => Ok(()),
            Durability::Strict => self.blobs.sync(),
        };
        let committed = synced.and_then(|()| self.statement("COMMIT", "commit a transaction"));
        if committed.is_err() {
            self.roll_back()?;
        }
        self.held.set(Held::Nothing);
        self.blobs.finish(committed.is_ok());
        self.database.after_write()?;
        if self.has_deleted.take() && committed.is_ok() {
            self.database.give_back_space();
        }
        committed
    }

    /// Undoes everything since [`DatabaseFile::begin`].
    pub fn roll_back(&self) -> Result<(), StorageError> {
        self.held.set(Held::Nothing);
        self.blobs.finish(false);
        self.run("roll back a transaction", |connection| {
            // A full disk or an I/O error makes SQLite roll back by itself.
            if connection.is_autocommit() {
                return Ok(());
            }
            connection.execute_batch("ROLLBACK")
        })
    }

    fn statement(&self, sql: &str, operation: &'static str) -> Result<(), StorageError> {
        self.run(operation, |connection| {
            connection.prepare_cached(sql)?.execute([]).map(drop)
        })
    }

    /// Runs a reading operation inside a snapshot that later reads share.
    pub(super) fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        if self.held.get() == Held::Nothing {
            self.statement("BEGIN", "begin a snapshot")?;
            self.held.set(Held::Snapshot);
        }
        self.run(operation, work)
    }

    /// Runs an operation that deletes, after which the file may become smaller.
    pub(super) fn delete_with<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        self.has_deleted.set(true);
        self.run(operation, work)
    }

    /// Runs an operation and gives its failure a name.
    pub(super) fn run<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        self.database.run(operation, work)
    }

    /// Closes the file. One whose first upgrade never committed is removed: its database does not exist.
    pub fn close(self) -> Result<(), StorageError> {
        let schema = self.refresh().and_then(|()| self.schema());
        // What cannot be read is kept.
        let exists = schema.map_or(true, |schema| schema.version > 0);
        let path = self.database.path().to_owned();
        drop(self.database);
        if exists { Ok(()) } else { remove_files(&path) }
    }
}
