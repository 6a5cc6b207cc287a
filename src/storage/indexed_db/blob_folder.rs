//! The files of large Blobs, in a folder beside their database, and what a transaction does to them.
//! Which record has which file is written in the database.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::storage::StorageError;
use crate::storage::folder::{make_folder, sync_folder};

/// The extension of the folder; the rest of its name is the database file's.
pub(in crate::storage) const EXTENSION: &str = "blobs";

/// The folder of one database, as one thread uses it.
#[derive(Debug)]
pub(super) struct BlobFolder {
    path: PathBuf,
    /// Made by the transaction: they go if it does not commit.
    written: RefCell<Vec<i64>>,
    /// Not needed any more once the transaction has committed.
    unneeded: RefCell<Vec<i64>>,
}

impl BlobFolder {
    /// The folder of the database in the file `database`. It is made when it is needed.
    pub(super) fn of(database: &Path) -> Self {
        Self {
            path: database.with_extension(EXTENSION),
            written: RefCell::default(),
            unneeded: RefCell::default(),
        }
    }

    fn file(&self, number: i64) -> PathBuf {
        self.path.join(number.to_string())
    }

    /// Writes a file, which stays if the transaction commits.
    pub(super) fn write(&self, number: i64, pieces: &[&[u8]]) -> Result<(), StorageError> {
        self.written.borrow_mut().push(number);
        let path = self.file(number);
        let write = || {
            make_folder(&self.path)?;
            let mut file = File::create(&path)?;
            pieces.iter().try_for_each(|piece| file.write_all(piece))
        };
        write().map_err(|source| StorageError::from_io(&path, source))
    }

    /// Opens a file and says how long it is.
    pub(super) fn open(&self, number: i64) -> Result<(File, u64), StorageError> {
        let path = self.file(number);
        let open = || {
            let file = File::open(&path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        open().map_err(|source| StorageError::from_io(&path, source))
    }

    /// The files that are there.
    pub(super) fn numbers(&self) -> Result<Vec<i64>, StorageError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StorageError::from_io(&self.path, source)),
        };
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        Ok(entries.filter_map(|entry| number(entry.ok()?)).collect())
    }

    /// Removes a file. One that cannot be removed is a leftover for the next process.
    pub(super) fn remove(&self, number: i64) {
        let path = self.file(number);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::debug!(path = %path.display(), %error, "the file of a Blob stays for now");
        }
    }

    /// The record that has the file is deleted.
    pub(super) fn remove_on_commit(&self, number: i64) {
        self.unneeded.borrow_mut().push(number);
    }

    /// Makes what was written survive the loss of power.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        let written = self.written.borrow();
        for number in written.iter() {
            let path = self.file(*number);
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|source| StorageError::from_io(&path, source))?;
        }
        if written.is_empty() {
            return Ok(());
        }
        sync_folder(&self.path).map_err(|source| StorageError::from_io(&self.path, source))
    }

    /// The transaction is over.
    pub(super) fn finish(&self, is_committed: bool) {
        let (written, unneeded) = (self.written.take(), self.unneeded.take());
        let gone = if is_committed { unneeded } else { written };
        for number in gone {
            self.remove(number);
        }
    }
}
