//! Everything durable, in SQLite: the only place in the project that speaks SQL.
//! It keeps what the rules say and decides nothing; rows and SQL do not leave this folder.
//!
//! A host has one [`Storage`] on one thread. Each origin has a folder of its own beside it.

mod background_fetch;
pub mod cache_storage;
mod check;
mod column;
mod data_folder;
mod database;
mod error;
mod fetch_files;
mod folder;
pub mod indexed_db;
mod migrations;
mod notifications;
mod origin_files;
mod origin_folder;
mod push;
mod registrations;
mod sync_history;
mod sync_queue;
mod usage;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::storage::database::Database;

pub use check::{CheckedDatabase, check};
pub use data_folder::{DataFolder, Holder};
pub use error::StorageError;
pub use fetch_files::{BodyFile, FetchFiles, measure_bodies, remove_leftover_bodies};
pub use notifications::StoredNotification;
pub use origin_files::{DamageListener, OriginFiles, SetAside, default_quota};
pub use origin_folder::origin_folder;
pub use sync_history::{Dispatch, DispatchEnd, DispatchOutcome, DropCause, SyncEntry, SyncRecord};
pub use sync_queue::QueueChange;
pub use usage::{OriginUsage, remove_origin, stored_origins};

/// What a finished write has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, at any moment.
    #[default]
    Relaxed,
    /// The loss of power too.
    Strict,
}

/// The database of one host. Each subject adds its methods in a file of its own.
#[derive(Debug)]
pub struct Storage {
    database: Database,
}

impl Storage {
    /// The name of the database in a data folder.
    pub const FILE_NAME: &'static str = "host.db";

    /// Opens the database of a data folder, and makes one if there is none.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, StorageError> {
        let path = folder.join(Self::FILE_NAME);
        Ok(Self {
            database: Database::open(&path, durability, migrations::HOST)?,
        })
    }

    /// Opens the database of a data folder to read it, and changes nothing there.
    ///
    /// While a host runs on the folder it is read as it is. Else it is a copy that is read: of a database that was not
    /// closed in good order, or that an earlier version wrote, the first reader would have to put the files in order.
    pub fn open_to_read(folder: &Path) -> Result<Self, StorageError> {
        let path = folder.join(Self::FILE_NAME);
        let database = if DataFolder::holder(folder).is_some() {
            Database::open_to_read(&path, migrations::HOST)?
        } else {
            Database::open_copy(&path, migrations::HOST)?
        };
        Ok(Self { database })
    }

    /// A database that is gone when it is dropped.
    pub fn open_in_memory() -> Result<Self, StorageError> {
        Ok(Self {
            database: Database::open_in_memory(migrations::HOST)?,
        })
    }

    /// A number that no registration or worker of this data folder ever had.
    pub fn next_id(&self) -> Result<i64, StorageError> {
        self.database.run("number something new", |connection| {
            connection
                .prepare_cached("UPDATE next_id SET value = value + 1 RETURNING value - 1")?
                .query_row([], |row| row.get(0))
        })
    }
}
