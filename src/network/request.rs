//! What a script asks the network for.
//!
//! A [`Request`] is plain data that travels between threads; it does not know how it is sent.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::header_list::{HeaderList, first_value};
use crate::network::body::Body;

/// <https://fetch.spec.whatwg.org/#concept-request>
#[derive(Debug)]
pub struct Request {
    /// The method, normalised as the fetch standard says.
    pub method: String,
    /// The address, without redirects followed so far.
    pub url: Url,
    /// What the script set; the network adds what a browser would add.
    pub headers: HeaderList,
    /// The body to send.
    pub body: Body,
    /// What is allowed across origins.
    pub mode: RequestMode,
    /// Whether cookies travel.
    pub credentials: CredentialsMode,
    /// What happens on a redirect.
    pub redirect: RedirectMode,
    /// How the HTTP cache is to be used.
    pub cache: CacheMode,
    /// `"client"`, `"no-referrer"`, or the serialised address.
    pub referrer: String,
    /// How much of the referrer is sent.
    pub referrer_policy: ReferrerPolicy,
    /// Subresource integrity metadata, empty for none.
    pub integrity: String,
    /// May outlive the client that sent it.
    pub keepalive: bool,
    /// The serialised origin of who asks; `null` if it is not to be told.
    pub origin: String,
    /// Whose cookies and cached answers the request uses: the serialised origin of the client, or for a page load of
    /// the client that it makes.
    pub partition: Box<str>,
    /// The address of the client's script or page, for the `Referer` header; empty for none.
    pub client_url: String,
    /// What the response is for, `""` for `fetch()`, `"script"`, `"serviceworker"`, `"document"`.
    pub destination: String,
    /// A page load that shows the same page anew.
    pub is_reload: bool,
}

impl Request {
    /// A request as `fetch(url)` of a client of `origin` makes it.
    pub fn new(method: &str, url: Url, origin: &str) -> Self {
        Self {
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            body: Body::Empty,
            mode: RequestMode::Cors,
            credentials: CredentialsMode::SameOrigin,
            redirect: RedirectMode::Follow,
            cache: CacheMode::Default,
            referrer: "client".to_owned(),
            referrer_policy: ReferrerPolicy::Default,
            integrity: String::new(),
            keepalive: false,
            origin: origin.to_owned(),
            partition: origin.into(),
            client_url: String::new(),
            destination: String::new(),
            is_reload: false,
        }
    }

    /// The first value of a header, names compared without case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first_value(&self.headers, name)
    }

    /// The same request with other headers and another body; neither is copied from here.
    pub(crate) fn with(&self, headers: HeaderList, body: Body) -> Self {
        Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers,
            body,
            referrer: self.referrer.clone(),
            integrity: self.integrity.clone(),
            origin: self.origin.clone(),
            partition: self.partition.clone(),
            client_url: self.client_url.clone(),
            destination: self.destination.clone(),
            ..*self
        }
    }

    /// Does the request go to the origin of its client?
    pub fn is_same_origin(&self) -> bool {
        self.url.origin().ascii_serialization() == self.origin
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-mode>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestMode {
    /// Fails for another origin.
    SameOrigin,
    /// Any origin, but the response is opaque to scripts.
    NoCors,
    /// Any origin that agrees by CORS headers.
    #[default]
    Cors,
    /// A page load.
    Navigate,
    /// Opening a WebSocket.
    Websocket,
}

impl RequestMode {
    /// Its name for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::NoCors => "no-cors",
            Self::Cors => "cors",
            Self::Navigate => "navigate",
            Self::Websocket => "websocket",
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-credentials-mode>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialsMode {
    /// Never.
    Omit,
    /// Only to the client's own origin.
    #[default]
    SameOrigin,
    /// Always.
    Include,
}

impl CredentialsMode {
    /// Its name for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Omit => "omit",
            Self::SameOrigin => "same-origin",
            Self::Include => "include",
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectMode {
    /// Follow up to twenty.
    #[default]
    Follow,
    /// A redirect is a network error.
    Error,
    /// The script gets an opaque-redirect response.
    Manual,
}

impl RedirectMode {
    /// Its name for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Error => "error",
            Self::Manual => "manual",
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-cache-mode>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// As the headers say.
    #[default]
    Default,
    /// Neither read nor write the cache.
    NoStore,
    /// Do not read the cache.
    Reload,
    /// Ask the server whether the cached response still holds.
    NoCache,
    /// Stale is good enough.
    ForceCache,
    /// The cache or nothing.
    OnlyIfCached,
}

impl CacheMode {
    /// Its name for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::NoStore => "no-store",
            Self::Reload => "reload",
            Self::NoCache => "no-cache",
            Self::ForceCache => "force-cache",
            Self::OnlyIfCached => "only-if-cached",
        }
    }
}

/// <https://w3c.github.io/webappsec-referrer-policy/#referrer-policies>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferrerPolicy {
    /// No policy set: strict-origin-when-cross-origin.
    #[default]
    #[serde(rename = "")]
    Default,
    /// Never send one.
    NoReferrer,
    /// The whole address, but not from https to http.
    NoReferrerWhenDowngrade,
    /// The whole address to the own origin, nothing elsewhere.
    SameOrigin,
    /// Only the origin.
    Origin,
    /// Only the origin, but not from https to http.
    StrictOrigin,
    /// The whole address to the own origin, the origin elsewhere.
    OriginWhenCrossOrigin,
    /// As before, but nothing from https to http.
    StrictOriginWhenCrossOrigin,
    /// Always the whole address.
    UnsafeUrl,
}

impl ReferrerPolicy {
    /// Its name for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::NoReferrer => "no-referrer",
            Self::NoReferrerWhenDowngrade => "no-referrer-when-downgrade",
            Self::SameOrigin => "same-origin",
            Self::Origin => "origin",
            Self::StrictOrigin => "strict-origin",
            Self::OriginWhenCrossOrigin => "origin-when-cross-origin",
            Self::StrictOriginWhenCrossOrigin => "strict-origin-when-cross-origin",
            Self::UnsafeUrl => "unsafe-url",
        }
    }
}
