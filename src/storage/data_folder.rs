//! The folder that holds everything a host keeps, held by one host at a time.
//! It knows where things are, not what is in them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::folder::make_folder;
use crate::storage::origin_folder::origin_folder;
use crate::storage::usage::ORIGINS;

/// Who holds a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The number of its process.
    pub pid: u32,
    /// When it took the folder.
    #[serde(rename = "since_ms")]
    pub since: Timestamp,
}

/// A data folder that this process holds until the value is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Locked as long as it is open.
    lock: File,
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started just now still has the file open, and with it the
        // lock. Nothing can be done if this fails.
        let _ = self.lock.unlock();
    }
}

impl DataFolder {
    const LOCK_NAME: &'static str = "host.lock";

    /// Takes the folder for this process, and makes it if there is none.
    pub fn acquire(path: &Path, now: Timestamp) -> Result<Self, StorageError> {
        let explain = |source| StorageError::Folder {
            path: path.to_owned(),
            source,
        };
        make_folder(path).map_err(explain)?;
        let mut lock = open_lock(path).map_err(explain)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StorageError::Held {
                    path: path.to_owned(),
                    holder: read_holder(&mut lock),
                });
            }
            Err(TryLockError::Error(source)) => return Err(explain(source)),
        }
        let holder = Holder {
            pid: std::process::id(),
            since: now,
        };
        write_holder(&mut lock, holder).map_err(explain)?;
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// Who holds the folder now, if anyone does and it can be told.
    pub fn holder(path: &Path) -> Option<Holder> {
        let mut lock = File::open(path.join(Self::LOCK_NAME)).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read_holder(&mut lock),
            _ => None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of an origin in a data folder, whoever holds that. It may not be there yet.
    pub fn origin_in(path: &Path, origin: &str) -> PathBuf {
        path.join(ORIGINS).join(origin_folder(origin))
    }
}

fn open_lock(folder: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(DataFolder::LOCK_NAME))
}

fn read_holder(lock: &mut File) -> Option<Holder> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write_holder(lock: &mut File, holder: Holder) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(&serde_json::to_vec(&holder)?)?;
    lock.flush()
}
