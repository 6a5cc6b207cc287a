//! What the network, a folder, a service worker or a cache answered.
//!
//! A [`Response`] is plain data that travels between threads; its body may still be arriving.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::header_list::{HeaderList, first_value};
use crate::network::body::Body;

/// <https://fetch.spec.whatwg.org/#concept-response>
#[derive(Debug)]
pub struct Response {
    /// How much of it a script may see.
    pub kind: ResponseType,
    /// Every address on the way, the last one answered; empty for a made-up response.
    pub url_list: Vec<Url>,
    /// The status code, 0 for filtered responses.
    pub status: u16,
    /// The reason phrase, empty over HTTP/2.
    pub status_text: String,
    /// The headers that a script may see.
    pub headers: HeaderList,
    /// The body, already decoded.
    pub body: Body,
    /// Whether the HTTP cache had a part in it.
    pub cache_state: CacheState,
}

impl Response {
    /// A response that nobody has filtered yet.
    pub fn new(status: u16) -> Self {
        Self {
            kind: ResponseType::Default,
            url_list: Vec::new(),
            status,
            status_text: String::new(),
            headers: Vec::new(),
            body: Body::Empty,
            cache_state: CacheState::Network,
        }
    }

    /// The first value of a header, names compared without case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first_value(&self.headers, name)
    }

    /// The address that answered.
    pub fn url(&self) -> Option<&Url> {
        self.url_list.last()
    }

    /// <https://fetch.spec.whatwg.org/#ok-status>
    pub fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-response-cache-state>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheState {
    /// It had none.
    #[default]
    Network,
    /// It answered without asking the server.
    Local,
    /// It answered after the server had said that nothing has changed.
    Validated,
}

/// <https://fetch.spec.whatwg.org/#concept-response-type>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    /// Same origin: everything but cookies is visible.
    Basic,
    /// Another origin that agreed: safelisted and exposed headers are visible.
    Cors,
    /// Made by a script, or not filtered yet.
    #[default]
    Default,
    /// A network error.
    Error,
    /// Another origin in no-cors mode: nothing is visible.
    Opaque,
    /// A redirect in manual mode: nothing is visible.
    OpaqueRedirect,
}
