//! What a cache keeps of a request and a response, and whether a stored request answers another.
//! The rules are the specification's; nothing here knows SQL.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::header_list::{TextHeaders, combined_value};

/// A request, without a body: only GET can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedRequest {
    /// Its address.
    pub url: Url,
    /// Its headers.
    pub headers: TextHeaders,
    /// `Request.mode`
    pub mode: Option<String>,
    /// `Request.credentials`
    pub credentials: Option<String>,
    /// `Request.cache`
    pub cache: Option<String>,
    /// `Request.redirect`
    pub redirect: Option<String>,
    /// `Request.referrer`
    pub referrer: Option<String>,
    /// `Request.referrerPolicy`
    pub referrer_policy: Option<String>,
    /// `Request.integrity`
    pub integrity: Option<String>,
    /// `Request.keepalive`
    pub keepalive: Option<bool>,
}

/// A response, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedResponse {
    /// `Response.type`
    pub kind: String,
    /// Every address on the way to it; the last one is its own.
    pub url_list: Vec<String>,
    /// `Response.status`
    pub status: u16,
    /// `Response.statusText`
    pub status_text: String,
    /// Its headers.
    pub headers: TextHeaders,
    /// The body is not encoded any more as the headers say.
    pub is_decoded: bool,
}

/// Which stored requests are asked for. <https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CacheQuery {
    /// The address asked for.
    pub url: Url,
    /// The headers asked with, for `Vary`.
    pub headers: TextHeaders,
    /// Addresses that differ in their query are the same.
    pub ignore_search: bool,
    /// What `Vary` says does not matter.
    pub ignore_vary: bool,
}

impl CacheQuery {
    /// A query that finds what putting this request would replace.
    pub fn exactly(request: &CachedRequest) -> Self {
        Self {
            url: request.url.clone(),
            headers: request.headers.clone(),
            ignore_search: false,
            ignore_vary: false,
        }
    }

    /// Whether the stored headers let the entry answer, its address being right.
    /// <https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm>
    pub fn agrees(&self, request: &CachedRequest, response: &CachedResponse) -> bool {
        self.ignore_vary
            || varying_headers(response).all(|name| {
                name != "*"
                    && combined_value(&self.headers, name) == combined_value(&request.headers, name)
            })
    }
}

/// The address without its fragment.
pub(super) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// The address without its fragment and its query.
pub(super) fn without_search(url: &Url) -> Url {
    let mut url = without_fragment(url);
    url.set_query(None);
    url
}

/// The names that the header `Vary` lists.
fn varying_headers(response: &CachedResponse) -> impl Iterator<Item = &str> {
    response
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("vary"))
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
}
