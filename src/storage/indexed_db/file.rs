//! One thread's connection to one database file, and the SQLite transaction it is in.
//! Who may write when is the coordinator's affair: here a second writer would only get "busy".

use std::cell::Cell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::storage::Durability;

use super::catalog::remove_files;
use super::error::IndexedDbError;

/// Applied in order by `user_version`; never edited once released.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_start.sql")];

/// Every statement of this folder fits, so none is compiled twice.
const STATEMENT_CACHE: usize = 64;

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
    connection: Connection,
    path: PathBuf,
    held: Cell<Held>,
    /// The durability that `PRAGMA synchronous` was last set for.
    durability: Cell<Durability>,
}

impl DatabaseFile {
    /// Opens the file at `path`, creating it (with version zero) for the database called `name`.
    pub fn open(path: &Path, name: &str) -> Result<Self, IndexedDbError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| IndexedDbError::Folder {
                operation: "create",
                path: folder.to_owned(),
                source,
            })?;
        }
        let file = Self::connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        file.migrate(name)?;
        Ok(file)
    }

    /// Opens a file that must be there already, without looking at its format.
    pub(super) fn open_existing(path: &Path) -> Result<Self, IndexedDbError> {
        Self::connect(path, OpenFlags::empty())
    }

    fn connect(path: &Path, extra: OpenFlags) -> Result<Self, IndexedDbError> {
        let describe = |source| IndexedDbError::from_sqlite("open the database file", path, source);
        // The thread that opens a connection is the only one that uses it: no mutex.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
        let connection = Connection::open_with_flags(path, flags).map_err(describe)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;")
            .map_err(describe)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            held: Cell::new(Held::Nothing),
            durability: Cell::new(Durability::Relaxed),
        })
    }

    fn migrate(&self, name: &str) -> Result<(), IndexedDbError> {
        let format = self.run("read the format", |connection| {
            connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        })?;
        let newest = MIGRATIONS.len() as i64;
        if format == newest {
            return Ok(());
        }
        let Some(missing) = usize::try_from(format)
            .ok()
            .and_then(|done| MIGRATIONS.get(done..))
        else {
            return Err(IndexedDbError::NewerFormat {
                path: self.path.clone(),
                format,
            });
        };
        self.run("create the tables", |connection| {
            let transaction = connection.unchecked_transaction()?;
            for migration in missing {
                transaction.execute_batch(migration)?;
            }
            if format == 0 {
                transaction
                    .execute("INSERT INTO database (name, version) VALUES (?, 0)", [name])?;
            }
            transaction.pragma_update(None, "user_version", newest)?;
            transaction.commit()
        })
    }

    /// Makes what other threads committed visible; called when a read-only transaction starts.
    ///
    /// Transactions that are already reading lose nothing: nobody may have written to their stores.
    pub fn refresh(&self) -> Result<(), IndexedDbError> {
        if self.held.get() == Held::Snapshot {
            self.end("COMMIT", "end a snapshot")?;
        }
        Ok(())
    }

    /// Starts the SQLite transaction of a read/write or upgrade transaction.
    pub fn begin(&self, durability: Durability) -> Result<(), IndexedDbError> {
        self.refresh()?;
        if self.durability.replace(durability) != durability {
            let level = match durability {
                Durability::Relaxed => "NORMAL",
                Durability::Strict => "FULL",
            };
            self.run("set the durability", |connection| {
                connection.pragma_update(None, "synchronous", level)
            })?;
        }
        self.statement("BEGIN IMMEDIATE", "begin a transaction")?;
        self.held.set(Held::Write);
        Ok(())
    }

    /// Commits. When this returns, the changes survive the death of the process.
    pub fn commit(&self) -> Result<(), IndexedDbError> {
        let committed = self.statement("COMMIT", "commit a transaction");
        if committed.is_err() {
            self.roll_back()?;
        }
        self.held.set(Held::Nothing);
        committed
    }

    /// Undoes everything since [`DatabaseFile::begin`].
    pub fn roll_back(&self) -> Result<(), IndexedDbError> {
        self.held.set(Held::Nothing);
        // A full disk or an I/O error makes SQLite roll back by itself.
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.statement("ROLLBACK", "roll back a transaction")
    }

    fn end(&self, sql: &str, operation: &'static str) -> Result<(), IndexedDbError> {
        self.held.set(Held::Nothing);
        self.statement(sql, operation)
    }

    fn statement(&self, sql: &str, operation: &'static str) -> Result<(), IndexedDbError> {
        self.run(operation, |connection| {
            connection.prepare_cached(sql)?.execute([]).map(drop)
        })
    }

    /// Runs a reading operation inside a snapshot that later reads share.
    pub(super) fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, IndexedDbError> {
        if self.held.get() == Held::Nothing {
            self.statement("BEGIN", "begin a snapshot")?;
            self.held.set(Held::Snapshot);
        }
        self.run(operation, work)
    }

    /// Runs an operation and gives its failure a name.
    pub(super) fn run<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, IndexedDbError> {
        work(&self.connection)
            .map_err(|source| IndexedDbError::from_sqlite(operation, &self.path, source))
    }

    /// Closes the file. One whose first upgrade never committed is removed: its database does not exist.
    pub fn close(self) -> Result<(), IndexedDbError> {
        self.refresh()?;
        let exists = self.schema()?.version > 0;
        let Self {
            connection, path, ..
        } = self;
        drop(connection);
        if exists { Ok(()) } else { remove_files(&path) }
    }
}
