//! Which databases an origin has: one file each, in one folder.
//! The name in the file is the true one; the file's name only helps people who look into the folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::blob_folder;
use super::file::DatabaseFile;
use crate::storage::{OriginFiles, StorageError};

const EXTENSION: &str = "sqlite";
/// SQLite's write-ahead log and its index lie beside the file.
const COMPANIONS: [&str; 2] = ["sqlite-wal", "sqlite-shm"];
/// How much of a database's name is readable in the file's name.
const READABLE_CHARACTERS: usize = 40;
const HASH_BYTES: usize = 10;

/// One entry of `indexedDB.databases()`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DatabaseInfo {
    /// Its name.
    pub name: String,
    /// Its version, never zero.
    pub version: i64,
}

/// The file of the database called `name`, in the folder of an origin's databases.
pub fn file_path(folder: &Path, name: &str) -> PathBuf {
    let readable = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let mut file_name: String = readable.take(READABLE_CHARACTERS).collect();
    file_name.push('.');
    for byte in &Sha256::digest(name)[..HASH_BYTES] {
        file_name.push_str(&format!("{byte:02x}"));
    }
    folder.join(file_name).with_added_extension(EXTENSION)
}

/// Lists the databases that finished their first upgrade. Files that cannot be read are left out.
pub fn list_databases(folder: &Path) -> Result<Vec<DatabaseInfo>, StorageError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(StorageError::from_io(folder, source));
        }
    };
    let mut databases: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == EXTENSION)
        })
        .filter_map(|path| read_info(&path))
        .filter(|info| info.version > 0)
        .collect();
    databases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(databases)
}

/// Name and version of the database in a file, unless it cannot be read.
fn read_info(path: &Path) -> Option<DatabaseInfo> {
    let read = DatabaseFile::open_existing(path).and_then(|file| file.info());
    read.inspect_err(
        |error| tracing::warn!(path = %path.display(), %error, "a database cannot be listed"),
    )
    .ok()
}

/// The version of the database in a file; zero if there is none. A file that is damaged is set aside, unless it is in
/// use.
pub fn database_version(
    origin: &OriginFiles,
    path: &Path,
    is_in_use: bool,
) -> Result<i64, StorageError> {
    let version = || {
        if path.exists() {
            Ok(DatabaseFile::open_existing(path)?.info()?.version)
        } else {
            Ok(0)
        }
    };
    origin.open_whole(path, || is_in_use, version)
}

/// Deletes the file of a database that no thread has open, or sets it aside if it is damaged.
pub fn delete_database(origin: &OriginFiles, path: &Path) -> Result<(), StorageError> {
    origin.open_whole(path, || false, || remove_files(path))
}

/// Removes a database file, its companions and the folder of its Blobs.
pub(super) fn remove_files(path: &Path) -> Result<(), StorageError> {
    let companions = COMPANIONS.map(|extension| path.with_extension(extension));
    let files = companions.iter().map(PathBuf::as_path).chain([path]);
    let mut removals: Vec<_> = files.map(|file| (file, fs::remove_file(file))).collect();
    let blobs = path.with_extension(blob_folder::EXTENSION);
    removals.push((&blobs, fs::remove_dir_all(&blobs)));
    for (path, removed) in removals {
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StorageError::from_io(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

impl DatabaseFile {
    fn info(&self) -> Result<DatabaseInfo, StorageError> {
        self.run("read the version", |connection| {
            connection.query_row("SELECT name, version FROM database", [], |row| {
                Ok(DatabaseInfo {
                    name: row.get(0)?,
                    version: row.get(1)?,
                })
            })
        })
    }
}
