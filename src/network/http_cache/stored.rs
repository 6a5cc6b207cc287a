//! One response that is kept, and what it becomes: an answer, a question to its server, a newer one.
//!
//! Pure: times are handed in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use crate::clock::Timestamp;
use crate::header_list::{HeaderList, combined_value, first_value};
use crate::network::body::Body;
use crate::network::http_cache::freshness::{Freshness, Verdict, is_storable};
use crate::network::redirect::is_redirect_status;
use crate::network::response::{CacheState, Response};

/// A 304 says nothing about these of a response with a body: <https://httpwg.org/specs/rfc9111.html#update>
const NOT_UPDATED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "keep-alive",
    "set-cookie",
    "transfer-encoding",
];

/// What an entry takes besides its texts.
const ENTRY_OVERHEAD: usize = 512;

/// When a response came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// By the calendar, for dates in headers.
    pub(crate) now: Timestamp,
    /// By the clock that nobody sets back.
    pub(crate) elapsed: Duration,
    /// How long after it was asked for.
    pub(crate) delay: Duration,
}

/// A response to a GET as its server gave it, decoded, without cookies.
#[derive(Debug)]
pub(crate) struct StoredResponse {
    status: u16,
    status_text: String,
    headers: HeaderList,
    /// `None` for a response without a body.
    body: Option<Bytes>,
    /// What the request said in the headers that `Vary` names.
    selected_by: Vec<(String, Option<Vec<u8>>)>,
    freshness: Freshness,
    arrived_at: Duration,
    is_being_revalidated: AtomicBool,
}

impl StoredResponse {
    /// The entry for a response, still without its body; `None` if it must not be kept.
    pub(super) fn of(request: &HeaderList, response: &Response, arrival: Arrival) -> Option<Self> {
        if !is_storable(request, response.status, &response.headers) {
            return None;
        }
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("set-cookie"));
        Some(Self {
            status: response.status,
            status_text: response.status_text.clone(),
            body: None,
            selected_by: selecting_fields(request, &headers)?,
            freshness: Freshness::of(response.status, &headers, arrival.now, arrival.delay),
            headers,
            arrived_at: arrival.elapsed,
            is_being_revalidated: AtomicBool::new(false),
        })
    }

    pub(super) fn with_body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    /// Whether nobody will ever read the body: that of a redirect is dropped on the way.
    pub(super) fn is_redirect(&self) -> bool {
        is_redirect_status(self.status) && first_value(&self.headers, "location").is_some()
    }

    /// <https://httpwg.org/specs/rfc9111.html#caching.negotiated.responses>
    pub(super) fn is_selected_by(&self, request: &HeaderList) -> bool {
        let mut fields = self.selected_by.iter();
        fields.all(|(name, value)| combined_value(request, name) == *value)
    }

    /// Whether it is chosen by the same headers, so that one of the two is enough.
    pub(super) fn replaces(&self, older: &Self) -> bool {
        self.selected_by == older.selected_by
    }

    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
        let selecting = self.selected_by.iter();
        let selecting: usize = selecting
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len))
            .sum();
        ENTRY_OVERHEAD + headers + selecting + self.body.as_ref().map_or(0, Bytes::len)
    }

    /// Whether it may still be kept, after the news of a 304.
    pub(super) fn may_stay(&self, request: &HeaderList) -> bool {
        is_storable(request, self.status, &self.headers)
    }

    pub(crate) fn verdict(&self, request: &HeaderList, elapsed: Duration) -> Verdict {
        let resident = elapsed.saturating_sub(self.arrived_at);
        self.freshness.verdict(resident, request)
    }

    /// Whether it is to be asked for anew now; not while it is being asked for.
    pub(crate) fn begin_revalidation(&self) -> bool {
        !self.is_being_revalidated.swap(true, Ordering::Relaxed)
    }

    /// It has been asked for anew, whatever came of it.
    pub(crate) fn end_revalidation(&self) {
        self.is_being_revalidated.store(false, Ordering::Relaxed);
    }

    /// The answer to a request for `url`.
    pub(crate) fn answer(&self, url: &Url, state: CacheState) -> Response {
        let mut response = Response::new(self.status);
        response.status_text.clone_from(&self.status_text);
        response.headers.clone_from(&self.headers);
        response.url_list = vec![url.clone()];
        response.body = self.body.clone().map_or(Body::Empty, Body::Bytes);
        response.cache_state = state;
        response
    }

    /// The answer to a request for one part: <https://httpwg.org/specs/rfc9110.html#range.requests>
    ///
    /// `None` if only the server can answer it: several parts, none of those there are, or one of encoded bytes.
    pub(crate) fn answer_part(&self, url: &Url, range: &[u8]) -> Option<Response> {
        let body = self.body.as_ref().filter(|_| self.status == 200)?;
        if first_value(&self.headers, "content-encoding").is_some() {
            return None;
        }
        let (first, last) = parse_range(std::str::from_utf8(range).ok()?, body.len())?;
        let mut response = self.answer(url, CacheState::Local);
        response.status = 206;
        response.status_text = "Partial Content".to_owned();
        response.body = Body::Bytes(body.slice(first..=last));
        let mut set = |name: &str, value: String| {
            let headers = &mut response.headers;
            headers.retain(|(candidate, _)| !candidate.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.into_bytes()));
        };
        set("content-length", (last - first + 1).to_string());
        set(
            "content-range",
            format!("bytes {first}-{last}/{}", body.len()),
        );
        Some(response)
    }

    /// The headers by which the server can say that nothing has changed; none if it gave no means to.
    pub(crate) fn validators(&self) -> HeaderList {
        let pairs = [
            ("etag", "If-None-Match"),
            ("last-modified", "If-Modified-Since"),
        ];
        let validators = pairs.into_iter().filter_map(|(told, asked)| {
            let value = first_value(&self.headers, told)?;
            Some((asked.to_owned(), value.to_vec()))
        });
        validators.collect()
    }

    /// The same body with the news of a 304. <https://httpwg.org/specs/rfc9111.html#freshening.responses>
    pub(crate) fn freshened(&self, news: &HeaderList, arrival: Arrival) -> Self {
        let is_new = |name: &str| {
            first_value(news, name).is_some()
                && !NOT_UPDATED
                    .iter()
                    .any(|kept| name.eq_ignore_ascii_case(kept))
        };
        let kept = self.headers.iter().filter(|(name, _)| !is_new(name));
        let new = news.iter().filter(|(name, _)| is_new(name));
        let mut headers: HeaderList = kept.chain(new).cloned().collect();
        // An age that was told with the old response is over.
        if first_value(news, "age").is_none() {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("age"));
        }
        Self {
            status: self.status,
            status_text: self.status_text.clone(),
            body: self.body.clone(),
            selected_by: self.selected_by.clone(),
            freshness: Freshness::of(self.status, &headers, arrival.now, arrival.delay),
            headers,
            arrived_at: arrival.elapsed,
            is_being_revalidated: AtomicBool::new(false),
        }
    }
}

/// What the request says in the headers that `Vary` names; `None` for `*`, which nothing matches.
fn selecting_fields(
    request: &HeaderList,
    response: &HeaderList,
) -> Option<Vec<(String, Option<Vec<u8>>)>> {
    let vary = combined_value(response, "vary").unwrap_or_default();
    let vary = String::from_utf8_lossy(&vary).to_ascii_lowercase();
    let mut names: Vec<&str> = vary.split(',').map(str::trim).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    if names.contains(&"*") {
        return None;
    }
    let fields = names.into_iter();
    Some(
        fields
            .map(|name| (name.to_owned(), combined_value(request, name)))
            .collect(),
    )
}

/// First and last byte of a single range that a body of `length` bytes can satisfy.
fn parse_range(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let end = length.checked_sub(1)?;
    let (first, last) = match (first, last) {
        ("", suffix) => (length.saturating_sub(suffix.parse().ok()?), end),
        (first, "") => (first.parse().ok()?, end),
        (first, last) => (first.parse().ok()?, last.parse::<usize>().ok()?.min(end)),
    };
    (first <= last).then_some((first, last))
}
