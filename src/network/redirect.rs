//! What a redirect does to a request.
//!
//! Decides only; sending the changed request is the fetch loop's work.

use percent_encoding::AsciiSet;
use url::Url;

use crate::header_list::HeaderList;
use crate::network::body::Body;
use crate::network::error::NetworkError;
use crate::network::response::Response;

/// <https://fetch.spec.whatwg.org/#http-redirect-fetch>: "If request's redirect count is 20".
pub const MAX_REDIRECTS: usize = 20;

const BODY_HEADERS: &[&str] = &[
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
    "content-length",
];

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub(crate) fn is_redirect_status(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where the response sends us; `None` if it has no `Location` and is therefore the final one.
///
/// <https://fetch.spec.whatwg.org/#concept-response-location-url>
pub fn location_url(response: &Response, current: &Url) -> Option<Result<Url, NetworkError>> {
    if !is_redirect_status(response.status) {
        return None;
    }
    let location = text(response.header("location")?);
    let Ok(mut url) = current.join(&location) else {
        return Some(Err(NetworkError::InvalidRedirect(location)));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(Err(NetworkError::InvalidRedirect(location)));
    }
    if url.fragment().is_none() {
        url.set_fragment(current.fragment());
    }
    Some(Ok(url))
}

/// Bytes that are no text stay what they are, percent-encoded.
fn text(location: &[u8]) -> String {
    match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => percent_encoding::percent_encode(location, &AsciiSet::EMPTY).to_string(),
    }
}

/// Does this status turn the method into GET and drop the body?
pub(crate) fn becomes_get(status: u16, method: &str) -> bool {
    match status {
        301 | 302 => method == "POST",
        303 => method != "GET" && method != "HEAD",
        _ => false,
    }
}

/// What of a body can be sent again; streams cannot.
pub fn replay(body: &Body) -> Option<Body> {
    match body {
        Body::Empty => Some(Body::Empty),
        Body::Bytes(bytes) => Some(Body::Bytes(bytes.clone())),
        Body::Stream(_) => None,
    }
}

/// "For each headerName of request-body-header name, delete headerName."
pub(crate) fn drop_body_headers(headers: &mut HeaderList) {
    headers.retain(|(name, _)| {
        !BODY_HEADERS
            .iter()
            .any(|drop| name.eq_ignore_ascii_case(drop))
    });
}

/// "If request's current URL's origin is not same origin with locationURL's origin, remove `Authorization`."
pub(crate) fn drop_authorization(headers: &mut HeaderList) {
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
}
