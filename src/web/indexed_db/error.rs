//! What a script is told when a database operation fails.
//! Every variant names the JavaScript class that it becomes.

use crate::storage::StorageError;
use crate::storage::indexed_db::MalformedKey;

/// Why an IndexedDB op failed.
#[derive(Debug, thiserror::Error, deno_error::JsError)]
pub(super) enum OpError {
    /// `UnknownError`: the file cannot be used.
    #[class("DOMExceptionUnknownError")]
    #[error("{0}")]
    Unknown(String),
    /// `QuotaExceededError`: the disk is full, or the origin stores all that it may.
    #[class("DOMExceptionQuotaExceededError")]
    #[error("{0}")]
    QuotaExceeded(String),
    /// `ConstraintError`: a key is taken.
    #[class("DOMExceptionConstraintError")]
    #[error("{0}")]
    Constraint(String),
    /// `DataCloneError`: a Blob's bytes are not at hand.
    #[class("DOMExceptionDataCloneError")]
    #[error("{0}")]
    DataClone(String),
    /// `InvalidStateError`: the connection or transaction is gone.
    #[class("DOMExceptionInvalidStateError")]
    #[error("the {0} is gone")]
    Gone(&'static str),
    /// `DataError`: a value that is not a key reached an op that wants one.
    #[class("DOMExceptionDataError")]
    #[error("the value is not a valid key")]
    InvalidKey,
    /// What V8 or a script threw; V8 has it already.
    #[class(generic)]
    #[error("an exception was thrown")]
    Thrown,
}

impl From<StorageError> for OpError {
    fn from(error: StorageError) -> Self {
        let message = error.to_string();
        if error.is_full() {
            Self::QuotaExceeded(message)
        } else {
            Self::Unknown(message)
        }
    }
}

impl From<MalformedKey> for OpError {
    fn from(error: MalformedKey) -> Self {
        Self::Unknown(error.to_string())
    }
}
