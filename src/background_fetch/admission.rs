//! What `backgroundFetch.fetch()` checks before anything is kept.

/// So many fetches of one origin may go on at a time.
///
/// Differs from the spec, which has no such limit: Chromium has this one.
pub const MAX_ACTIVE_FETCHES: usize = 5;

/// Why `fetch()` is refused. The messages are Chromium's where it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchRefusal {
    /// `NotAllowedError`
    #[error("This origin does not have permission to start a fetch.")]
    PermissionDenied,
    /// `TypeError`
    #[error("No active registration available on the ServiceWorkerRegistration.")]
    NoActiveWorker,
    /// `TypeError`
    #[error("There already is a registration for the given id.")]
    IdTaken,
    /// `TypeError`
    #[error("There are too many active fetches for this origin.")]
    TooMany,
    /// `TypeError`
    #[error("Refused to fetch '{url}' because {reason}.")]
    Address {
        /// The address.
        url: String,
        /// What is wrong about it.
        reason: String,
    },
    /// `TypeError`
    #[error("The body of the request for '{0}' could not be read.")]
    Body(String),
    /// `QuotaExceededError`
    #[error("Quota exceeded.")]
    QuotaExceeded,
}

/// What `fetch()` asks about.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// Whether the origin has the permission.
    pub has_permission: bool,
    /// Whether the registration has an active worker.
    pub has_active_worker: bool,
    /// Whether a fetch with that id has not ended yet.
    pub is_id_taken: bool,
    /// How many fetches of the origin have not ended yet.
    pub active_fetches: usize,
}

impl Admission {
    /// <https://wicg.github.io/background-fetch/#background-fetch-manager-fetch>
    pub fn check(self) -> Result<(), FetchRefusal> {
        if !self.has_permission {
            Err(FetchRefusal::PermissionDenied)
        } else if !self.has_active_worker {
            Err(FetchRefusal::NoActiveWorker)
        } else if self.is_id_taken {
            Err(FetchRefusal::IdTaken)
        } else if self.active_fetches >= MAX_ACTIVE_FETCHES {
            Err(FetchRefusal::TooMany)
        } else {
            Ok(())
        }
    }
}
