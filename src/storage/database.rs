//! One SQLite connection: how it is opened, and how its errors are told.
//! What is in the database is the business of the files beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tempfile::TempDir;

use crate::storage::Durability;
use crate::storage::error::StorageError;
use crate::storage::migrations::{migrate, require_latest};

/// How long a write waits for another connection to finish its own.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The name of a database's write-ahead log ends so.
const LOG: &str = "-wal";

/// Statements kept ready. More than any one subject uses.
const CACHED_STATEMENTS: usize = 64;

/// A connection that knows its file.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    /// As people are told of it.
    path: PathBuf,
    /// Where it really is, if it is a copy.
    _copy: Option<TempDir>,
}

impl Database {
    /// Opens a file, makes it if it is missing, and brings it to the latest of the layouts.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        layouts: &[&str],
    ) -> Result<Self, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                set_up(&connection, durability)?;
                Ok(connection)
            })
            .map_err(|error| StorageError::from_sqlite("open a connection", path, error))?;
        Self::migrated(database, path, layouts)
    }

    /// Opens a file that another connection writes, to read it.
    pub(crate) fn open_to_read(path: &Path, layouts: &[&str]) -> Result<Self, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                connection.busy_timeout(BUSY_TIMEOUT)?;
                Ok(connection)
            })
            .map_err(|error| StorageError::from_sqlite("open a connection", path, error))?;
        require_latest(&connection, path, layouts)?;
        Ok(Self::of(connection, path))
    }

    /// Opens a copy of a file that no other connection writes. The copy is gone when it is dropped.
    pub(crate) fn open_copy(path: &Path, layouts: &[&str]) -> Result<Self, StorageError> {
        let explain = |source| StorageError::Folder {
            path: path.to_owned(),
            source,
        };
        let folder = tempfile::tempdir().map_err(explain)?;
        let copy = folder.path().join("copy.db");
        fs::copy(path, &copy).map_err(explain)?;
        match fs::copy(with_suffix(path, LOG), with_suffix(&copy, LOG)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(explain(error)),
            _ => {}
        }
        let connection = Connection::open(&copy)
            .map_err(|error| StorageError::from_sqlite("open a connection", path, error))?;
        migrate(&connection, path, layouts)?;
        Ok(Self {
            _copy: Some(folder),
            ..Self::of(connection, path)
        })
    }

    /// A database that is gone when it is dropped.
    pub(crate) fn open_in_memory(layouts: &[&str]) -> Result<Self, StorageError> {
        let path = Path::new(":memory:");
        let database = Connection::open_in_memory()
            .and_then(|connection| {
                set_up(&connection, Durability::Relaxed)?;
                Ok(connection)
            })
            .map_err(|error| StorageError::from_sqlite("open a connection", path, error))?;
        Self::migrated(database, path, layouts)
    }

    fn migrated(
        connection: Connection,
        path: &Path,
        layouts: &[&str],
    ) -> Result<Self, StorageError> {
        migrate(&connection, path, layouts)?;
        Ok(Self::of(connection, path))
    }

    fn of(connection: Connection, path: &Path) -> Self {
        Self {
            connection,
            path: path.to_owned(),
            _copy: None,
        }
    }

    /// One statement, or several that only read.
    pub(crate) fn run<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        work(&self.connection)
            .map_err(|error| StorageError::from_sqlite(operation, &self.path, error))
    }

    /// Several statements that happen together or not at all.
    pub(crate) fn transaction<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        self.run(operation, |connection| {
            // Immediate: a transaction that begins by reading and then writes could not wait for others.
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

/// The file beside a database that belongs to it.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn set_up(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // With a write-ahead log, NORMAL survives the end of the process and FULL the loss of power too.
    let synchronous = match durability {
        Durability::Relaxed => "NORMAL",
        Durability::Strict => "FULL",
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)
}
