//! What can go wrong with a database file.
//! Which exception a script gets for it is decided in `web::indexed_db`.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::key::MalformedKey;

/// Why an operation on a database file failed.
#[derive(Debug, thiserror::Error)]
pub enum IndexedDbError {
    /// The file is not a database, or its content contradicts itself. It is left as it is.
    #[error("the database file `{}` is damaged and was left as it is; move it away to start afresh", path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
    },
    /// A newer version of this program wrote the file.
    #[error("the database file `{}` was written by a newer version (format {format})", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format number.
        format: i64,
    },
    /// No room: nothing of the transaction is kept.
    #[error("no space is left to store the data")]
    DiskFull,
    /// The folder of the origin cannot be used.
    #[error("cannot {operation} `{}`", path.display())]
    Folder {
        /// What was tried.
        operation: &'static str,
        /// With which path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else SQLite refused.
    #[error("cannot {operation}: {source}")]
    Sqlite {
        /// What was tried.
        operation: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A key in the file cannot be read.
    #[error(transparent)]
    MalformedKey(#[from] MalformedKey),
}

impl IndexedDbError {
    /// Sorts SQLite's answer to `operation` on the file at `path`.
    pub(super) fn from_sqlite(
        operation: &'static str,
        path: &Path,
        source: rusqlite::Error,
    ) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                path: path.to_owned(),
            },
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Sqlite { operation, source },
        }
    }
}
