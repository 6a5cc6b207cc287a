//! What can go wrong with files and databases, said so that the reader knows what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::storage::data_folder::Holder;

/// Why something could not be kept or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The file is not what was written to it.
    #[error(
        "the database `{}` is damaged ({reason}); it was left as it is: move it away to start afresh, or put a copy of it in its place",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite or the reader says about it.
        reason: String,
    },
    /// A later version wrote the file.
    #[error(
        "the database `{}` has layout {found}, and this version knows layouts up to {known}: use a newer landfall",
        path.display()
    )]
    NewerLayout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        found: u32,
        /// The last layout known here.
        known: u32,
    },
    /// A host of an earlier version runs on the file, and it was to be read.
    #[error(
        "the database `{}` has layout {found}, older than {known}: the host that runs on it is of an earlier version, so use that to read it",
        path.display()
    )]
    OlderLayout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        found: u32,
        /// The last layout known here.
        known: u32,
    },
    /// No permission to write, or no such place.
    #[error("the database `{}` cannot be written: {reason}", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What SQLite says about it.
        reason: String,
    },
    /// Someone else kept the file locked for too long.
    #[error("the database `{}` is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// No room is left. The write did not happen at all.
    #[error("the disk that holds `{}` is full; nothing was changed", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The origin stores all that it may. The write did not happen at all.
    #[error("the origin may store {quota} bytes in `{}`; nothing was changed: delete something, or raise the quota", folder.display())]
    QuotaExceeded {
        /// The folder of the origin.
        folder: PathBuf,
        /// How many bytes it may store.
        quota: u64,
    },
    /// Anything else SQLite refuses.
    #[error("cannot {operation} in the database `{}`", path.display())]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite says about it.
        #[source]
        source: rusqlite::Error,
    },
    /// A data folder cannot be made or used.
    #[error("the data folder `{}` cannot be used", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Two hosts cannot share a data folder.
    #[error(
        "the data folder `{}` is in use by {}: stop that host, or use another folder",
        path.display(),
        name_of(*holder)
    )]
    Held {
        /// The folder.
        path: PathBuf,
        /// Who holds it, if that could be read.
        holder: Option<Holder>,
    },
}

fn name_of(holder: Option<Holder>) -> String {
    match holder {
        Some(holder) => format!("another host, process {}", holder.pid),
        None => "another host".to_owned(),
    }
}

impl StorageError {
    /// Is there no room left, for the origin or on the disk?
    pub fn is_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::QuotaExceeded { .. })
    }

    /// Sorts what the operating system says of a file or folder.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Folder { path, source },
        }
    }

    /// Sorts what SQLite says by what one can do about it.
    pub(super) fn from_sqlite(
        operation: &'static str,
        path: &Path,
        source: rusqlite::Error,
    ) -> Self {
        let path = path.to_owned();
        let reason = source.to_string();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path, reason }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NotWritable { path, reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            None if is_unreadable(&source) => Self::Corrupt { path, reason },
            _ => Self::Failed {
                operation,
                path,
                source,
            },
        }
    }
}

/// A value that no version ever wrote there.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
    )
}
