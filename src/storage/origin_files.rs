//! What the threads of one origin share about its files: how much they may take, and what becomes of damaged ones.
//!
//! SQLite keeps the quota: before each write a database is told how far it may grow.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::database::with_suffix;
use crate::storage::error::StorageError;
use crate::storage::indexed_db::BLOBS_EXTENSION;
use crate::storage::usage::not_found_is_fine;

/// An origin may store so many bytes, or a tenth of the disk if that is less.
const DEFAULT_QUOTA: u64 = 1 << 30;

/// With less than this part of the quota left the folder is looked at before each write: something may have been
/// removed from it.
const LITTLE: u64 = 8;

/// What the names of files that were set aside contain, and of notes that say which are to be; and no other.
pub(super) const SET_ASIDE: &str = ".damaged";

/// A file that could not be read and was renamed, so that its origin could start afresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it was.
    pub path: PathBuf,
    /// Where it is now.
    pub moved_to: PathBuf,
    /// What SQLite says about it.
    pub reason: String,
}

/// Says it to whoever looks after the host.
impl fmt::Display for SetAside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the database `{}` was damaged ({}); it is now `{}`, and its origin starts without it",
            self.path.display(),
            self.reason,
            self.moved_to.display()
        )
    }
}

/// Told of every file that is set aside.
pub type DamageListener = Arc<dyn Fn(SetAside) + Send + Sync>;

/// The files of one origin.
pub struct OriginFiles {
    folder: PathBuf,
    quota: u64,
    state: Mutex<State>,
    /// Held while a database is opened or deleted, so that nobody opens one that is being set aside.
    opening: Mutex<()>,
    listener: DamageListener,
}

#[derive(Default)]
struct State {
    /// Bytes of the databases that were opened: a file lags behind its write-ahead log.
    databases: HashMap<PathBuf, u64>,
    /// Bytes that may still be written; `None` if the folder has to be looked at.
    left: Option<u64>,
}

/// What an origin may store if nobody says otherwise, on the disk that holds `data_folder`.
pub fn default_quota(data_folder: &Path) -> u64 {
    // A disk that does not say how large it is is not taken for a small one.
    fs4::total_space(data_folder).map_or(DEFAULT_QUOTA, |disk| (disk / 10).min(DEFAULT_QUOTA))
}

impl OriginFiles {
    /// The files in the origin's folder, which may take `quota` bytes.
    pub fn new(folder: PathBuf, quota: u64, listener: DamageListener) -> Arc<Self> {
        Arc::new(Self {
            folder,
            quota,
            state: Mutex::default(),
            opening: Mutex::default(),
            listener,
        })
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes they may take.
    pub fn quota(&self) -> u64 {
        self.quota
    }

    /// How many bytes they take.
    pub fn usage(&self) -> u64 {
        usage(&self.folder, &mut lock(&self.state).databases)
    }

    /// How many bytes may still be written.
    pub(super) fn left(&self) -> u64 {
        let mut state = lock(&self.state);
        match state.left {
            Some(left) if left > self.quota / LITTLE => left,
            _ => {
                let used = usage(&self.folder, &mut state.databases);
                *state.left.insert(self.quota.saturating_sub(used))
            }
        }
    }

    /// A database was opened or written, and takes so many bytes now.
    pub(super) fn database_takes(&self, path: &Path, bytes: u64) {
        let mut state = lock(&self.state);
        match state.databases.get_mut(path) {
            Some(before) => {
                let grown = bytes.saturating_sub(*before);
                *before = bytes;
                state.left = state.left.map(|left| left.saturating_sub(grown));
            }
            None => {
                state.databases.insert(path.to_owned(), bytes);
                state.left = None;
            }
        }
    }

    /// A file of so many bytes is about to be written.
    pub(super) fn take(&self, bytes: u64) -> Result<(), StorageError> {
        if bytes > self.left() {
            return Err(self.quota_exceeded());
        }
        let mut state = lock(&self.state);
        state.left = state.left.map(|left| left.saturating_sub(bytes));
        Ok(())
    }

    /// Why a database could not grow: the quota, or the disk if that has less room.
    pub(super) fn why_full(&self, error: StorageError) -> StorageError {
        let disk = fs4::available_space(&self.folder).unwrap_or(u64::MAX);
        if disk > self.left() {
            self.quota_exceeded()
        } else {
            error
        }
    }

    fn quota_exceeded(&self) -> StorageError {
        StorageError::QuotaExceeded {
            folder: self.folder.clone(),
            quota: self.quota,
        }
    }

    /// Opens or deletes a database. One that is damaged is set aside first, as soon as nobody uses it: SQLite must not
    /// lose a file that it has open.
    pub(super) fn open_whole<T>(
        &self,
        path: &Path,
        is_in_use: impl FnOnce() -> bool,
        open: impl Fn() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let _in_turn = lock(&self.opening);
        let is_in_use = is_in_use();
        if !is_in_use && let Ok(reason) = fs::read_to_string(note_of(path)) {
            self.set_aside(path, reason)?;
        }
        match open() {
            Err(StorageError::Corrupt { reason, .. }) if !is_in_use => {
                self.set_aside(path, reason)?;
                open()
            }
            Err(error) => Err(self.note_damage(error)),
            opened => opened,
        }
    }

    /// A database that turned out to be damaged in use is set aside when it is opened next, by whichever process.
    pub(super) fn note_damage(&self, error: StorageError) -> StorageError {
        if let StorageError::Corrupt { path, reason } = &error
            && let Err(error) = fs::write(note_of(path), reason)
        {
            tracing::warn!(path = %path.display(), %error, "it cannot be noted that the database is damaged");
        }
        error
    }

    fn set_aside(&self, path: &Path, reason: String) -> Result<(), StorageError> {
        let moved_to = move_aside(path)?;
        (self.listener)(SetAside {
            path: path.to_owned(),
            moved_to,
            reason,
        });
        Ok(())
    }
}

impl fmt::Debug for OriginFiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OriginFiles")
            .field("folder", &self.folder)
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

/// Bytes of everything in a folder that counts; `databases` says more of some files than the disk does.
fn usage(folder: &Path, databases: &mut HashMap<PathBuf, u64>) -> u64 {
    databases.retain(|path, _| path.exists());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_set_aside = name.contains(SET_ASIDE);
            // A log takes no room once its content is in the database, where it is counted already.
            let is_free = name.ends_with("-wal") || name.ends_with("-shm");
            match (databases.get(&path), entry.metadata()) {
                _ if is_set_aside => 0,
                (Some(bytes), _) => *bytes,
                (None, Ok(metadata)) if metadata.is_dir() => usage(&path, databases),
                (None, Ok(metadata)) if !is_free => metadata.len(),
                (None, _) => 0,
            }
        })
        .sum()
}

/// Where it is written that a database is damaged.
fn note_of(path: &Path) -> PathBuf {
    with_suffix(path, SET_ASIDE)
}

/// Renames a database with its write-ahead log, so that SQLite can still read the one with the other, and with the
/// folder of its Blobs.
fn move_aside(path: &Path) -> Result<PathBuf, StorageError> {
    let mut suffixes = (1_u32..).map(|number| format!("{SET_ASIDE}-{number}"));
    let free = suffixes.find(|suffix| !with_suffix(path, suffix).exists());
    let suffix = free.expect("there are more numbers than files");
    let moved_to = with_suffix(path, &suffix);
    let blobs = path.with_extension(BLOBS_EXTENSION);
    let moves = [
        (with_suffix(path, "-wal"), with_suffix(&moved_to, "-wal")),
        (with_suffix(path, "-shm"), with_suffix(&moved_to, "-shm")),
        (blobs.clone(), with_suffix(&blobs, &suffix)),
        (path.to_owned(), moved_to.clone()),
    ];
    for (from, to) in moves {
        if from.exists() {
            fs::rename(&from, to).map_err(|source| StorageError::from_io(&from, source))?;
        }
    }
    fs::remove_file(note_of(path))
        .or_else(not_found_is_fine)
        .map_err(|source| StorageError::from_io(path, source))?;
    Ok(moved_to)
}

/// A poisoned lock still holds whole values: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Arc<OriginFiles> {
        OriginFiles::new(folder.to_owned(), 8_000, Arc::new(drop))
    }

    #[test]
    fn what_is_written_is_counted_until_the_folder_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let (database, log) = (
            folder.path().join("a.sqlite"),
            folder.path().join("a.sqlite-wal"),
        );
        fs::write(&database, [0; 1_000]).unwrap();
        fs::write(&log, [0; 5_000]).unwrap();
        assert_eq!((files.usage(), files.left()), (1_000, 7_000));

        files.database_takes(&database, 3_000);
        assert_eq!((files.usage(), files.left()), (3_000, 5_000));
        files.database_takes(&database, 4_000);
        files.take(3_500).unwrap();
        // The file of 3,500 bytes was not written after all, which is seen when little is left.
        assert_eq!(files.left(), 4_000);
        fs::remove_file(&database).unwrap();
        files.take(3_900).unwrap();
        assert_eq!(files.left(), 8_000);
        assert!(matches!(
            files.take(8_001),
            Err(StorageError::QuotaExceeded { quota: 8_000, .. })
        ));
    }

    #[test]
    fn a_damaged_file_is_set_aside_once_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sqlite");
        fs::write(&path, "damaged").unwrap();
        fs::write(folder.path().join("a.sqlite-wal"), "log").unwrap();
        fs::create_dir(folder.path().join("a.blobs")).unwrap();
        fs::write(folder.path().join("a.blobs/1"), "blob").unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        let files = OriginFiles::new(
            folder.path().to_owned(),
            8_000,
            Arc::new(move |set_aside| listener.lock().unwrap().push(set_aside)),
        );
        let open = || {
            if path.exists() {
                let reason = "file is not a database".to_owned();
                let path = path.clone();
                return Err(StorageError::Corrupt { path, reason });
            }
            Ok("opened")
        };
        let error = files.open_whole(&path, || true, open).unwrap_err();
        assert!(
            matches!(error, StorageError::Corrupt { .. }),
            "it is in use"
        );
        assert_eq!(files.open_whole(&path, || false, open).unwrap(), "opened");
        let moved_to = folder.path().join("a.sqlite.damaged-1");
        assert_eq!(fs::read(&moved_to).unwrap(), b"damaged");
        assert_eq!(
            fs::read(folder.path().join("a.sqlite.damaged-1-wal")).unwrap(),
            b"log"
        );
        assert_eq!(
            fs::read(folder.path().join("a.blobs.damaged-1/1")).unwrap(),
            b"blob"
        );
        assert_eq!(told.lock().unwrap()[0].moved_to, moved_to);
        assert_eq!(files.usage(), 0, "it is no use to its origin");
        files.open_whole(&path, || false, open).unwrap();
        assert_eq!(told.lock().unwrap().len(), 1);
    }
}
