//! What a script can be told when the host refuses something.
//! Every variant names the JavaScript class that it becomes.

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
    /// `UnknownError`
    #[class("DOMExceptionUnknownError")]
    #[error("{0}")]
    Unknown(String),
    /// `AbortError`: the host is going away.
    #[class("DOMExceptionAbortError")]
    #[error("the host is shutting down")]
    ShuttingDown,
}

impl From<crate::service_worker::scope::ScopeError> for WebError {
    fn from(error: crate::service_worker::scope::ScopeError) -> Self {
        use crate::service_worker::scope::ScopeException;
        match error.exception() {
            ScopeException::TypeError => Self::Type(error.to_string()),
            ScopeException::SecurityError => Self::Security(error.to_string()),
        }
    }
}
