//! Requests and responses between the network and what is kept of them.

use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

use crate::background_fetch::{RecordRequest, ResponseHead};
use crate::header_list::{HeaderList, TextHeaders};
use crate::network::{Body, CacheState, Request, Response};

/// What is kept of a request.
pub(super) fn kept_request(request: &Request) -> RecordRequest {
    RecordRequest {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: kept_headers(&request.headers),
        mode: word(request.mode),
        credentials: word(request.credentials),
        redirect: word(request.redirect),
        cache: word(request.cache),
        referrer: request.referrer.clone(),
        referrer_policy: word(request.referrer_policy),
        integrity: request.integrity.clone(),
        client_url: request.client_url.clone(),
    }
}

/// The request that was kept; `None` if its words are not understood.
pub(super) fn request_from(kept: &RecordRequest, origin: &str, body: Body) -> Option<Request> {
    Some(Request {
        headers: headers_from(&kept.headers),
        body,
        mode: from_word(&kept.mode)?,
        credentials: from_word(&kept.credentials)?,
        redirect: from_word(&kept.redirect)?,
        cache: from_word(&kept.cache)?,
        referrer: kept.referrer.clone(),
        referrer_policy: from_word(&kept.referrer_policy)?,
        integrity: kept.integrity.clone(),
        keepalive: true,
        client_url: kept.client_url.clone(),
        ..Request::new(&kept.method, kept.url.clone(), origin)
    })
}

/// What is kept of a response, its body aside.
pub(super) fn kept_response(response: &Response) -> ResponseHead {
    ResponseHead {
        kind: word(response.kind),
        url_list: response.url_list.clone(),
        status: response.status,
        status_text: response.status_text.clone(),
        headers: kept_headers(&response.headers),
    }
}

/// The response that was kept, for a script; `None` if its words are not understood.
/// <https://wicg.github.io/background-fetch/#create-record-objects>
pub(super) fn response_from(kept: &ResponseHead, body: Body) -> Option<Response> {
    let mut headers = headers_from(&kept.headers);
    headers.retain(|(name, _)| {
        !["content-range", "content-length"]
            .iter()
            .any(|hidden| name.eq_ignore_ascii_case(hidden))
    });
    Some(Response {
        kind: from_word(&kept.kind)?,
        url_list: kept.url_list.clone(),
        status: kept.status,
        status_text: kept.status_text.clone(),
        headers,
        body,
        cache_state: CacheState::Network,
    })
}

/// Each byte of a value becomes one character.
fn kept_headers(headers: &HeaderList) -> TextHeaders {
    let kept = |value: &[u8]| value.iter().copied().map(char::from).collect();
    headers
        .iter()
        .map(|(name, value)| (name.clone(), kept(value)))
        .collect()
}

fn headers_from(kept: &TextHeaders) -> HeaderList {
    // No character that was kept has more than one byte.
    let bytes = |value: &str| {
        let characters = value.chars();
        characters.filter_map(|it| u8::try_from(it).ok()).collect()
    };
    kept.iter()
        .map(|(name, value)| (name.clone(), bytes(value)))
        .collect()
}

/// How an enum without fields is spelt.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn from_word<'a, T: Deserialize<'a>>(word: &'a str) -> Option<T> {
    let word: StrDeserializer<'a, Error> = word.into_deserializer();
    T::deserialize(word).ok()
}
