//! The headers that a browser adds to what the script set.
//!
//! Pure; cookies are added by the fetch loop, which knows the jar.

use crate::header_list::{HeaderList, first_value};
use crate::network::body::Body;
use crate::network::decode::ACCEPTED_ENCODINGS;
use crate::network::referrer::{origin_header, referer_header};
use crate::network::request::{CacheMode, Request, RequestMode};

/// Who we say we are.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) user_agent: String,
    pub(crate) accept_language: Option<String>,
}

/// The full list for one hop. `origin` is `null` after a redirect that led astray.
///
/// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>
pub(crate) fn outgoing_headers(
    request: &Request,
    body: &Body,
    identity: &Identity,
    origin: &str,
    is_cors: bool,
) -> HeaderList {
    let mut headers = request.headers.clone();
    // Set from the body where its length is known; only a stream of known length brings its own.
    if body.known_length().is_some() {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    }
    let mut add = |name: &str, value: &str| {
        if first_value(&headers, name).is_none() {
            headers.push((name.to_owned(), value.as_bytes().to_vec()));
        }
    };
    add("Accept", default_accept(&request.destination));
    if request.mode == RequestMode::Navigate {
        // https://www.w3.org/TR/upgrade-insecure-requests/#preference
        add("Upgrade-Insecure-Requests", "1");
    }
    if let Some(languages) = &identity.accept_language {
        add("Accept-Language", languages);
    }
    add("User-Agent", &identity.user_agent);
    if let Some(referer) = referer_header(request, &request.url) {
        add("Referer", &referer);
    }
    if let Some(own) = origin_header(request, &request.url, is_cors) {
        add("Origin", if origin == "null" { origin } else { &own });
    }
    match request.cache {
        CacheMode::NoCache => add("Cache-Control", "max-age=0"),
        CacheMode::NoStore | CacheMode::Reload => {
            add("Pragma", "no-cache");
            add("Cache-Control", "no-cache");
        }
        CacheMode::Default | CacheMode::ForceCache | CacheMode::OnlyIfCached => {}
    }
    // Ranges count bytes as sent, so they must not be compressed.
    let is_range = request.header("range").is_some();
    add(
        "Accept-Encoding",
        if is_range {
            "identity"
        } else {
            ACCEPTED_ENCODINGS
        },
    );
    headers
}

/// Says in the request what it accepts, which a service worker sees. <https://fetch.spec.whatwg.org/#fetching>
pub fn settle_accept(request: &mut Request) {
    if request.header("accept").is_none() {
        let value = default_accept(&request.destination).as_bytes().to_vec();
        request.headers.push(("accept".to_owned(), value));
    }
}

/// "A user agent should set value to the first matching statement, switching on request's destination."
fn default_accept(destination: &str) -> &'static str {
    match destination {
        "document" | "frame" | "iframe" => {
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        }
        "image" => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        "style" => "text/css,*/*;q=0.1",
        "json" => "application/json,*/*;q=0.5",
        _ => "*/*",
    }
}
