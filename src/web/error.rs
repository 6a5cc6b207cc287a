//! What a script can be told when the host refuses something.
//! Every variant names the JavaScript class that it becomes.

use crate::service_worker::scope::{ScopeError, ScopeException};
use crate::storage::StorageError;
use crate::sync::SyncRefusal;

/// A refusal, as an exception of the web platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, deno_error::JsError)]
pub enum WebError {
    /// `TypeError`
    #[class(type)]
    #[error("{0}")]
    Type(String),
    /// `SecurityError`
    #[class("DOMExceptionSecurityError")]
    #[error("{0}")]
    Security(String),
    /// `InvalidStateError`
    #[class("DOMExceptionInvalidStateError")]
    #[error("{0}")]
    InvalidState(String),
    /// `InvalidAccessError`
    #[class("DOMExceptionInvalidAccessError")]
    #[error("{0}")]
    InvalidAccess(String),
    /// `NotAllowedError`
    #[class("DOMExceptionNotAllowedError")]
    #[error("{0}")]
    NotAllowed(String),
    /// `NetworkError`
    #[class("DOMExceptionNetworkError")]
    #[error("{0}")]
    Network(String),
    /// `QuotaExceededError`
    #[class("DOMExceptionQuotaExceededError")]
    #[error("{0}")]
    QuotaExceeded(String),
    /// `AbortError`
    #[class("DOMExceptionAbortError")]
    #[error("{0}")]
    Aborted(String),
    /// `UnknownError`
    #[class("DOMExceptionUnknownError")]
    #[error("{0}")]
    Unknown(String),
    /// `Error`: what a function of the embedder says.
    #[class(generic)]
    #[error("{0}")]
    Embedder(String),
    /// `AbortError`: the host is going away.
    #[class("DOMExceptionAbortError")]
    #[error("the host is shutting down")]
    ShuttingDown,
}

impl From<StorageError> for WebError {
    fn from(error: StorageError) -> Self {
        if error.is_full() {
            Self::QuotaExceeded(error.to_string())
        } else {
            Self::Unknown(error.to_string())
        }
    }
}

impl From<ScopeError> for WebError {
    fn from(error: ScopeError) -> Self {
        match error.exception() {
            ScopeException::TypeError => Self::Type(error.to_string()),
            ScopeException::SecurityError => Self::Security(error.to_string()),
        }
    }
}

impl From<SyncRefusal> for WebError {
    fn from(refusal: SyncRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            SyncRefusal::NoActiveWorker => Self::InvalidState(message),
            SyncRefusal::NoWindowOrLongTag => Self::InvalidAccess(message),
            SyncRefusal::PermissionDenied => Self::NotAllowed(message),
            SyncRefusal::Disabled => Self::Unknown(message),
        }
    }
}
