//! One request of a background fetch, and what has come of it.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::background_fetch::response::{ResponseHead, StoredResponse};
use crate::background_fetch::result::{FailureReason, RecordResult};
use crate::header_list::TextHeaders;

/// The status of an answer that has no such part.
const RANGE_NOT_SATISFIABLE: u16 = 416;

/// A request without its body. The words are those of the fetch standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRequest {
    /// The method.
    pub method: String,
    /// The address.
    pub url: Url,
    /// What the script set.
    pub headers: TextHeaders,
    /// `Request.mode`
    pub mode: String,
    /// `Request.credentials`
    pub credentials: String,
    /// `Request.redirect`
    pub redirect: String,
    /// `Request.cache`
    pub cache: String,
    /// `"client"`, `"no-referrer"`, or an address.
    pub referrer: String,
    /// `Request.referrerPolicy`
    pub referrer_policy: String,
    /// `Request.integrity`
    pub integrity: String,
    /// The address of the script or page that asked, for the `Referer` header.
    pub client_url: String,
}

impl RecordRequest {
    /// Whether sending it twice is the same as sending it once, as far as the specification knows.
    pub fn is_repeatable(&self) -> bool {
        self.method == "GET"
    }
}

/// <https://wicg.github.io/background-fetch/#background-fetch-record>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, which is also that of the file with the request's body.
    pub number: i64,
    /// The request.
    pub request: RecordRequest,
    /// Bytes of the request's body; `None` if it has none.
    pub upload: Option<u64>,
    /// Bytes of it that were sent.
    pub uploaded: u64,
    /// It was sent once, although that must not happen twice.
    pub is_sent: bool,
    /// The response as far as it has come.
    pub response: Option<StoredResponse>,
    /// How it ended.
    pub result: RecordResult,
}

/// What is to be done with the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It takes the place of what was there: its body is written from the beginning.
    Begin,
    /// Its body goes on where the one before was cut off.
    Continue,
    /// The rest that was asked for is not there: what came so far is forgotten, and all is asked for.
    StartOver,
    /// It is not what was asked for.
    Invalid,
}

impl Record {
    /// A request that was not sent yet.
    pub fn new(number: i64, request: RecordRequest, upload: Option<u64>) -> Self {
        Self {
            number,
            request,
            upload,
            uploaded: 0,
            is_sent: false,
            response: None,
            result: RecordResult::Pending,
        }
    }

    /// Bytes of the response that are there.
    pub fn downloaded(&self) -> u64 {
        self.response.as_ref().map_or(0, |response| response.length)
    }

    /// From which byte on the response is asked for. <https://fetch.spec.whatwg.org/#concept-request-add-range-header>
    pub fn range_start(&self) -> u64 {
        match &self.response {
            Some(StoredResponse { head, length, .. })
                if self.request.is_repeatable() && (head.is_partial() || head.can_be_resumed()) =>
            {
                *length
            }
            _ => 0,
        }
    }

    /// What a response means that was asked for from [`Self::range_start`] on.
    /// <https://wicg.github.io/background-fetch/#complete-a-record-algorithm>
    pub fn receive(&self, head: &ResponseHead) -> Received {
        let asked = self.range_start();
        if !head.is_partial() {
            // Differs from the spec, which takes it for the response: a file that is all there, but was not known to be
            // when the process ended, has no rest.
            return match head.status {
                RANGE_NOT_SATISFIABLE if asked > 0 => Received::StartOver,
                _ => Received::Begin,
            };
        }
        let range = head.content_range();
        if range.is_none_or(|range| range.first != asked) {
            return Received::Invalid;
        }
        match &self.response {
            Some(before) if asked > 0 && before.head.is_continued_by(head) => Received::Continue,
            Some(_) if asked > 0 => Received::Invalid,
            _ => Received::Begin,
        }
    }

    /// What it comes to when the body of its response has ended; still pending if the server has more.
    pub fn end_of_body(&self) -> RecordResult {
        match &self.response {
            Some(StoredResponse { head, length, .. }) if head.is_partial() => {
                if head.complete_length() == Some(*length) {
                    RecordResult::Success
                } else {
                    RecordResult::Pending
                }
            }
            Some(response) if (200..=299).contains(&response.head.status) => RecordResult::Success,
            Some(_) => RecordResult::Failed(FailureReason::BadStatus),
            None => RecordResult::Pending,
        }
    }

    /// What the end of the process made of it: what must not be sent twice and was sent once is lost, and what is all
    /// there has ended.
    pub fn recover(&mut self) {
        if self.result != RecordResult::Pending {
            return;
        }
        let is_whole = self.response.as_ref().is_some_and(|response| {
            response.length > 0 && response.head.complete_length() == Some(response.length)
        });
        if is_whole {
            self.result = self.end_of_body();
        } else if self.is_sent {
            self.result = RecordResult::Failed(FailureReason::FetchError);
        }
    }
}
