//! What lies in a data folder for which origin: how much, and how it goes away.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::storage::cache_storage::CacheStorage;
use crate::storage::error::StorageError;
use crate::storage::fetch_files;
use crate::storage::indexed_db;
use crate::storage::origin_files::SET_ASIDE;
use crate::storage::origin_folder::{origin_folder, origin_of_folder};

/// The folder of a data folder that has a folder for each origin.
pub(super) const ORIGINS: &str = "origins";

/// What an origin's files take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OriginUsage {
    /// Databases of IndexedDB.
    pub indexed_db_bytes: u64,
    /// Cache Storage.
    pub cache_bytes: u64,
    /// Bodies of background fetches.
    pub background_fetch_bytes: u64,
    /// Databases that were found damaged and set aside. They do not count for the quota.
    pub damaged_bytes: u64,
}

impl OriginUsage {
    fn kind(&mut self, entry: &fs::DirEntry, is_indexed_db: bool) -> &mut u64 {
        if is_set_aside(entry) {
            &mut self.damaged_bytes
        } else if is_indexed_db {
            &mut self.indexed_db_bytes
        } else {
            &mut self.cache_bytes
        }
    }
}

fn is_set_aside(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().contains(SET_ASIDE)
}

/// Every origin that has files, and what they take.
pub fn stored_origins(data_folder: &Path) -> Result<Vec<(String, OriginUsage)>, StorageError> {
    let folder = data_folder.join(ORIGINS);
    let mut origins = Vec::new();
    for entry in entries(&folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(origin) = origin_of_folder(&name) {
            origins.push((origin, usage_of(&entry.path())?));
        }
    }
    origins.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(origins)
}

fn usage_of(folder: &Path) -> Result<OriginUsage, StorageError> {
    let mut usage = OriginUsage::default();
    for entry in entries(folder)? {
        let path = entry.path();
        if entry.file_name() == indexed_db::FOLDER_NAME {
            for entry in entries(&path)? {
                *usage.kind(&entry, true) += size(&entry.path());
            }
        } else if entry.file_name() == fetch_files::FOLDER_NAME {
            usage.background_fetch_bytes += size(&path);
        } else {
            *usage.kind(&entry, false) += size(&path);
        }
    }
    Ok(usage)
}

/// Removes every file of an origin, except the caches if scripts that run still have them open.
pub fn remove_origin(
    data_folder: &Path,
    origin: &str,
    keep_caches: bool,
) -> Result<(), StorageError> {
    let folder = data_folder.join(ORIGINS).join(origin_folder(origin));
    for entry in entries(&folder)? {
        let name = entry.file_name();
        let is_caches = name.to_string_lossy().starts_with(CacheStorage::FILE_NAME);
        if keep_caches && is_caches && !is_set_aside(&entry) {
            continue;
        }
        let path = entry.path();
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.or_else(not_found_is_fine).map_err(explain(&path))?;
    }
    if keep_caches {
        return Ok(());
    }
    fs::remove_dir(&folder)
        .or_else(not_found_is_fine)
        .map_err(explain(&folder))
}

/// Bytes in a file, or in all files below a folder; what cannot be read counts as nothing.
fn size(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| size(&entry.path()))
            .sum(),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}

/// What is in a folder; nothing if there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StorageError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    entries.map_err(explain(folder))
}

pub(super) fn not_found_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn explain(path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    move |source| StorageError::Folder {
        path: path.to_owned(),
        source,
    }
}
