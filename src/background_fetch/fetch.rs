//! A background fetch: a list of requests under one name, with one end.

use serde::{Deserialize, Serialize};

use crate::background_fetch::record::Record;
use crate::background_fetch::result::{FailureReason, FetchResult, RecordResult};

/// An event whose delivery was cut off so many times by the end of the process is dropped: its handler may be what ends
/// it.
pub const MAX_DELIVERIES: u32 = 3;

/// <https://wicg.github.io/background-fetch/#background-fetch>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundFetch {
    /// Its number: no two fetches of a data folder ever have the same.
    pub number: i64,
    /// The name that the script gave it, as [text](crate::dom_string).
    pub id: String,
    /// What is to be shown.
    pub display: Display,
    /// Bytes of all responses at most; 0 if nobody said.
    pub download_total: u64,
    /// Its requests.
    pub records: Vec<Record>,
    /// How it ended.
    pub result: FetchResult,
    /// Why it failed, if it did.
    pub failure_reason: FailureReason,
    /// How many times the delivery of its last event has begun.
    pub deliveries: u32,
}

/// What is to be shown of a fetch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Display {
    /// A headline; may be empty.
    pub title: String,
    /// Pictures.
    pub icons: Vec<Icon>,
}

/// <https://www.w3.org/TR/image-resource/#dom-imageresource>
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Icon {
    /// Its address.
    pub src: String,
    /// Its sizes, as in `32x32 64x64`; may be empty.
    pub sizes: String,
    /// Its MIME type; may be empty.
    #[serde(rename = "type")]
    pub mime_type: String,
    /// What it says to those who do not see it; may be empty.
    pub label: String,
}

/// What changes while a fetch goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes of all request bodies that were sent.
    pub uploaded: u64,
    /// Bytes of all response bodies that are there.
    pub downloaded: u64,
    /// How it ended.
    pub result: FetchResult,
    /// Why it failed, if it did.
    pub failure_reason: FailureReason,
}

/// The last event of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchEnd {
    /// `backgroundfetchsuccess`
    Success,
    /// `backgroundfetchfail`
    Fail,
    /// `backgroundfetchabort`
    Abort,
}

impl BackgroundFetch {
    /// Bytes of all request bodies.
    pub fn upload_total(&self) -> u64 {
        self.records.iter().filter_map(|record| record.upload).sum()
    }

    /// Where it is.
    pub fn progress(&self) -> Progress {
        Progress {
            uploaded: self.records.iter().map(|record| record.uploaded).sum(),
            downloaded: self.records.iter().map(Record::downloaded).sum(),
            result: self.result,
            failure_reason: self.failure_reason,
        }
    }

    /// Whether it goes on: only then its name leads to it.
    pub fn is_active(&self) -> bool {
        self.result == FetchResult::Pending
    }

    /// Whether so many bytes more are within what the script had said.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.download_total == 0
            || self.progress().downloaded.saturating_add(bytes) <= self.download_total
    }

    /// A script or a user wants no more of it.
    pub fn abort(&mut self) {
        self.stop_records();
        self.end(FailureReason::Aborted);
    }

    /// Every request has ended, or one of them has ended it all.
    ///
    /// Of several reasons it is the one that ended it at once, else that of the first request that failed.
    pub fn settle(&mut self) {
        let failures = || {
            self.records
                .iter()
                .filter_map(|record| record.result.failure())
        };
        let at_once = failures().find(|reason| *reason == FailureReason::DownloadTotalExceeded);
        let reason = at_once.or_else(|| failures().next());
        self.stop_records();
        self.end(reason.unwrap_or_default());
    }

    /// What was promised is not possible any more: its service worker is gone.
    pub fn lose_worker(&mut self) {
        self.stop_records();
        self.end(FailureReason::FetchError);
    }

    /// Which event tells that it has ended; `None` if it has not.
    pub fn last_event(&self) -> Option<FetchEnd> {
        match (self.result, self.failure_reason) {
            (FetchResult::Pending, _) => None,
            (FetchResult::Success, _) => Some(FetchEnd::Success),
            (FetchResult::Failure, FailureReason::Aborted) => Some(FetchEnd::Abort),
            (FetchResult::Failure, _) => Some(FetchEnd::Fail),
        }
    }

    /// Whether its last event is not sent again.
    pub fn is_given_up(&self) -> bool {
        self.deliveries >= MAX_DELIVERIES
    }

    /// What the end of the process made of it.
    pub fn recover(&mut self) {
        self.records.iter_mut().for_each(Record::recover);
    }

    fn stop_records(&mut self) {
        for record in &mut self.records {
            if record.result == RecordResult::Pending {
                record.result = RecordResult::Failed(FailureReason::Aborted);
            }
        }
    }

    fn end(&mut self, reason: FailureReason) {
        self.failure_reason = reason;
        self.result = match reason {
            FailureReason::None => FetchResult::Success,
            _ => FetchResult::Failure,
        };
    }
}
