//! What happens to background fetches, as events of the host.
//! It describes; nothing is decided by an event.

use serde::Serialize;
use url::Url;

use crate::background_fetch::{Display, FailureReason, FetchResult};
use crate::service_worker::{EventKind, EventOutcome};

/// Something happened to a background fetch. Each has the scope of its registration and the name that its script gave
/// it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum BackgroundFetchEvent {
    /// A script began it, and it is on disk: this is for the eyes of whoever sits there.
    #[serde(rename = "background_fetch_registered")]
    Registered {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// What is to be shown.
        #[serde(flatten)]
        display: Display,
        /// How many requests it has.
        requests: usize,
        /// Bytes of all request bodies.
        upload_total: u64,
        /// Bytes of all responses at most; 0 if the script did not say.
        download_total: u64,
    },
    /// A host that starts goes on with it.
    #[serde(rename = "background_fetch_resumed")]
    Resumed {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// Bytes of responses that are there already.
        downloaded: u64,
    },
    /// It goes on; told 20 times a second at most.
    #[serde(rename = "background_fetch_progress")]
    Progress {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// Bytes of request bodies that were sent.
        uploaded: u64,
        /// Bytes of responses that are there.
        downloaded: u64,
    },
    /// One of its requests ended.
    #[serde(rename = "background_fetch_request_ended")]
    RequestEnded {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// The method.
        method: String,
        /// The address.
        address: Url,
        /// The status of the response; `None` if there is none.
        status: Option<u16>,
        /// Bytes of the response that are there.
        bytes: u64,
        /// Why it failed; empty if it did not.
        failure_reason: FailureReason,
    },
    /// It ended. An event tells its worker so.
    #[serde(rename = "background_fetch_ended")]
    Ended {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// How.
        result: FetchResult,
        /// Why it failed; empty if it did not.
        failure_reason: FailureReason,
        /// Bytes of request bodies that were sent.
        uploaded: u64,
        /// Bytes of responses that are there.
        downloaded: u64,
    },
    /// Its worker wants something else to be shown.
    #[serde(rename = "background_fetch_updated")]
    Updated {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// What is to be shown.
        #[serde(flatten)]
        display: Display,
    },
    /// Somebody clicked it.
    #[serde(rename = "background_fetch_clicked")]
    Clicked {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
    },
    /// The event that told its worker how it ended is over. Nothing is left of the fetch.
    #[serde(rename = "background_fetch_event_ended")]
    EventEnded {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// Which event.
        kind: EventKind,
        /// How it ended.
        outcome: EventOutcome,
    },
    /// Its worker was not told how it ended: the process ended each time that it was.
    #[serde(rename = "background_fetch_given_up")]
    GivenUp {
        /// The registration's scope.
        scope: Url,
        /// The name of the fetch.
        id: String,
        /// How many times that was.
        deliveries: u32,
    },
}
