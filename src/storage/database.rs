//! One SQLite connection: how it is opened, and how its errors are told.
//! What is in the database is the business of the files beside it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tempfile::TempDir;

use crate::storage::Durability;
use crate::storage::error::StorageError;
use crate::storage::migrations::{migrate, require_latest};
use crate::storage::origin_files::OriginFiles;

/// How long a write waits for another connection to finish its own.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The name of a database's write-ahead log ends so.
const LOG: &str = "-wal";

/// Statements kept ready. More than any one subject uses.
const CACHED_STATEMENTS: usize = 64;

/// The size of a page in every database made here.
const PAGE_BYTES: u64 = 4096;

/// Fewer free pages than this are kept for the next write.
const MANY_FREE_PAGES: i64 = 256;

/// Space is given back when one page in so many is free.
const MUCH_OF_A_FILE: i64 = 4;

/// The size to which the write-ahead log is cut once its content is in the database.
const LOG_BYTES_KEPT: i64 = 4 * 1024 * 1024;

/// A connection that knows its file.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    /// As people are told of it.
    path: PathBuf,
    /// Where it really is, if it is a copy.
    _copy: Option<TempDir>,
    /// Whose quota it is held to, if it is.
    origin: Option<Arc<OriginFiles>>,
    /// How far SQLite was last told that it may grow.
    most_pages: Cell<i64>,
    /// Was anything read that nobody wrote?
    is_damaged: Cell<bool>,
}

impl Database {
    /// Opens a file, makes it if it is missing, and brings it to the latest of the layouts.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        layouts: &[&str],
    ) -> Result<Self, StorageError> {
        let database = Self::connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        database.set_durability(durability)?;
        database.migrated(layouts)
    }

    /// Opens a file that must be there already, whatever its layout is.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, StorageError> {
        Self::connect(path, OpenFlags::empty())
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
        let explain = |source| StorageError::from_io(path, source);
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
        Self::set_up(Path::new(":memory:"), Connection::open_in_memory())?.migrated(layouts)
    }

    fn connect(path: &Path, extra: OpenFlags) -> Result<Self, StorageError> {
        // The thread that opens a connection is the only one that uses it: no mutex.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
        Self::set_up(path, Connection::open_with_flags(path, flags))
    }

    fn set_up(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Self, StorageError> {
        opened
            .and_then(|connection| {
                set_up(&connection)?;
                Ok(Self::of(connection, path))
            })
            .map_err(|error| StorageError::from_sqlite("open a connection", path, error))
    }

    fn migrated(self, layouts: &[&str]) -> Result<Self, StorageError> {
        migrate(&self.connection, &self.path, layouts)?;
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on it grows only as far as the origin's quota allows.
    pub(crate) fn belong_to(&mut self, origin: &Arc<OriginFiles>) -> Result<(), StorageError> {
        self.origin = Some(Arc::clone(origin));
        self.after_write()
    }

    /// The origin that it belongs to, if it does.
    pub(crate) fn origin(&self) -> Option<&OriginFiles> {
        self.origin.as_deref()
    }

    /// Was anything read that nobody wrote?
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.get()
    }

    /// To be called before a write that may make the file larger: SQLite refuses what is beyond the quota.
    pub(crate) fn before_write(&self) -> Result<(), StorageError> {
        let Some(origin) = &self.origin else {
            return Ok(());
        };
        let left = i64::try_from(origin.left() / PAGE_BYTES).unwrap_or(i64::MAX);
        let most = self.pages()?.saturating_add(left);
        if self.most_pages.replace(most) == most {
            return Ok(());
        }
        self.run("limit the size", |connection| {
            connection.pragma_update(None, "max_page_count", most)
        })
    }

    /// To be called after it, outside of any transaction.
    pub(crate) fn after_write(&self) -> Result<(), StorageError> {
        if let Some(origin) = &self.origin {
            origin.database_takes(&self.path, self.pages()?.unsigned_abs() * PAGE_BYTES);
        }
        Ok(())
    }

    fn pages(&self) -> Result<i64, StorageError> {
        self.run("read the size", |connection| {
            number(connection, "PRAGMA page_count")
        })
    }

    /// What later writes will have survived; not to be called inside a transaction.
    pub(crate) fn set_durability(&self, durability: Durability) -> Result<(), StorageError> {
        // With a write-ahead log, NORMAL survives the end of the process and FULL the loss of power too.
        let synchronous = match durability {
            Durability::Relaxed => "NORMAL",
            Durability::Strict => "FULL",
        };
        self.run("set the durability", |connection| {
            connection.pragma_update(None, "synchronous", synchronous)
        })
    }

    fn of(connection: Connection, path: &Path) -> Self {
        Self {
            connection,
            path: path.to_owned(),
            _copy: None,
            origin: None,
            most_pages: Cell::default(),
            is_damaged: Cell::default(),
        }
    }

    /// Makes the file smaller when much of it holds nothing any more. To be called after deleting, outside of any
    /// transaction. What cannot be done now is done after the next deletion.
    pub(crate) fn give_back_space(&self) {
        let given_back = self.run("give back free space", |connection| {
            let free = number(connection, "PRAGMA freelist_count")?;
            let pages = number(connection, "PRAGMA page_count")?;
            if free < MANY_FREE_PAGES || free * MUCH_OF_A_FILE < pages {
                return Ok(());
            }
            // A commit in this mode cuts off all free pages at once; incremental_vacuum would search the list of free
            // pages for each one that it takes.
            connection.pragma_update(None, "auto_vacuum", "FULL")?;
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        });
        if let Err(error) = given_back {
            tracing::debug!(%error, "a database stays larger than it needs to be for now");
        } else if let Err(error) = self.after_write() {
            tracing::debug!(%error, "a database is taken for larger than it is for now");
        }
    }

    /// One statement, or several that only read.
    pub(crate) fn run<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        work(&self.connection).map_err(|error| {
            let error = StorageError::from_sqlite(operation, &self.path, error);
            match (&error, &self.origin) {
                (StorageError::DiskFull { .. }, Some(origin)) => origin.why_full(error),
                (StorageError::Corrupt { .. }, Some(origin)) => {
                    self.is_damaged.set(true);
                    origin.note_damage(error)
                }
                _ => error,
            }
        })
    }

    /// One statement that writes.
    pub(crate) fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        self.before_write()?;
        let written = self.run(operation, work)?;
        self.after_write()?;
        Ok(written)
    }

    /// Several statements that happen together or not at all.
    pub(crate) fn transaction<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        self.write(operation, |connection| {
            // Immediate: a transaction that begins by reading and then writes could not wait for others.
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }
}

/// The file beside another whose name goes on so.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Without it SQLite compiles a statement anew whenever the bounds of its range are bound to other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Before the first table is made; a file keeps the mode it was made with. See `give_back_space`.
    if number(connection, "PRAGMA page_count")? == 0 {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What a large transaction has made of the log does not stay.
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))
}
