//! The `Sec-Fetch-*` headers, by which a server knows what a request is for and from whose page it comes.
//!
//! Pure: decided from the request and where it has been.

use url::Url;

use crate::network::request::{Request, RequestMode};
use crate::network::site::{is_potentially_trustworthy, is_same_site};

/// <https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-append-the-fetch-metadata-headers-for-a-request>
///
/// `url_list` has every address on the way, the present one last. Nothing is told to an address that is not trustworthy.
pub(crate) fn fetch_metadata(request: &Request, url_list: &[Url]) -> Vec<(&'static str, String)> {
    if !is_potentially_trustworthy(&request.url) {
        return Vec::new();
    }
    let destination = match request.destination.as_str() {
        "" => "empty",
        destination => destination,
    };
    vec![
        ("Sec-Fetch-Site", site(&request.origin, url_list).to_owned()),
        ("Sec-Fetch-Mode", mode(request.mode).to_owned()),
        ("Sec-Fetch-Dest", destination.to_owned()),
    ]
}

/// <https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-set-site>
fn site(origin: &str, url_list: &[Url]) -> &'static str {
    let Ok(own) = Url::parse(origin) else {
        return "cross-site";
    };
    if url_list.iter().all(|url| url.origin() == own.origin()) {
        "same-origin"
    } else if url_list.iter().all(|url| is_same_site(url, &own)) {
        "same-site"
    } else {
        "cross-site"
    }
}

fn mode(mode: RequestMode) -> &'static str {
    match mode {
        RequestMode::SameOrigin => "same-origin",
        RequestMode::NoCors => "no-cors",
        RequestMode::Cors => "cors",
        RequestMode::Navigate => "navigate",
        RequestMode::Websocket => "websocket",
    }
}
