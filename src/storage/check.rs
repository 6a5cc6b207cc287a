//! Whether the databases of a data folder are whole. Nothing is repaired or removed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::storage::Storage;
use crate::storage::database::BUSY_TIMEOUT;
use crate::storage::error::StorageError;
use crate::storage::usage::{ORIGINS, entries};

/// More faults of one database are not listed.
const MOST_FAULTS: u32 = 10;

/// What became of the check of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedDatabase {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it; nothing if it is whole.
    pub problem: Option<String>,
}

/// Reads every database of a data folder to its end, as `PRAGMA integrity_check` does.
///
/// It may be in use meanwhile. Files that were set aside because they are damaged are not looked at again.
pub fn check(data_folder: &Path) -> Result<Vec<CheckedDatabase>, StorageError> {
    let mut paths = vec![data_folder.join(Storage::FILE_NAME)];
    find_databases(&data_folder.join(ORIGINS), &mut paths)?;
    paths.sort();
    Ok(paths
        .into_iter()
        .map(|path| CheckedDatabase {
            problem: problem(&path).err(),
            path,
        })
        .collect())
}

fn find_databases(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), StorageError> {
    for entry in entries(folder)? {
        let path = entry.path();
        if path.is_dir() {
            find_databases(&path, found)?;
        } else if path.extension() == Some(OsStr::new("sqlite")) {
            found.push(path);
        }
    }
    Ok(())
}

fn problem(path: &Path) -> Result<(), String> {
    let faults = integrity_check(path).map_err(|error| error.to_string())?;
    match faults.as_slice() {
        [fine] if fine == "ok" => Ok(()),
        faults => Err(faults.join("; ")),
    }
}

fn integrity_check(path: &Path) -> rusqlite::Result<Vec<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection
        .prepare(&format!("PRAGMA integrity_check({MOST_FAULTS})"))?
        .query_map([], |row| row.get(0))?
        .collect()
}
