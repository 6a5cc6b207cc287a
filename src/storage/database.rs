//! One SQLite connection: how it is opened, and how its errors are told.
//! What is in the database is the business of the files beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::storage::Durability;
use crate::storage::error::StorageError;
use crate::storage::migrations::migrate;

/// How long a write waits for another connection to finish its own.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept ready. More than any one subject uses.
const CACHED_STATEMENTS: usize = 64;

/// A connection that knows its file.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
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
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
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
