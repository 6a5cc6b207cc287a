//! Background Fetch: how a list of requests is fetched while nobody looks, what a response means for it, and how it ends.
//! Data in, data out: sending, storing and waiting happen elsewhere.
//!
//! <https://wicg.github.io/background-fetch/>

mod admission;
mod content_range;
mod fetch;
mod query;
mod record;
mod response;
mod result;
mod retry;

#[cfg(test)]
mod tests;

pub use admission::{Admission, FetchRefusal, MAX_ACTIVE_FETCHES};
pub use fetch::{BackgroundFetch, Display, FetchEnd, Icon, MAX_DELIVERIES, Progress};
pub use query::RecordQuery;
pub use record::{Received, Record, RecordRequest};
pub use response::{ResponseHead, StoredResponse};
pub use result::{FailureReason, FetchResult, RecordResult};
pub use retry::retry_delay;
