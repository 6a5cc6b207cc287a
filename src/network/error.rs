//! Why a request came to nothing.
//!
//! A script sees all of these as one `TypeError`; the reason is for the developer who reads it.

/// <https://fetch.spec.whatwg.org/#concept-network-error>
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The gate is closed.
    #[error("offline: {reason}")]
    Offline {
        /// Where the state comes from, for example `set offline by the host`.
        reason: String,
    },
    /// The script or the host gave up.
    #[error("the request was aborted")]
    Aborted,
    /// Only http and https leave the process.
    #[error("the scheme `{0}:` is not supported, use http: or https:")]
    UnsupportedScheme(String),
    /// <https://fetch.spec.whatwg.org/#port-blocking>
    #[error("port {0} is blocked by the fetch standard")]
    BlockedPort(u16),
    /// The method or a header cannot be written in HTTP.
    #[error("{0}")]
    InvalidRequest(String),
    /// A request in mode `same-origin` left its origin.
    #[error("`{url}` is not of the origin `{origin}`, as mode `same-origin` asks for")]
    NotSameOrigin {
        /// Where it would have gone.
        url: String,
        /// The client's origin.
        origin: String,
    },
    /// The other origin did not agree.
    #[error("blocked by CORS: {0}")]
    Cors(String),
    /// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check>
    #[error("blocked by `Cross-Origin-Resource-Policy: {0}` of the response")]
    ResourcePolicy(String),
    /// More than twenty redirects.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect came where mode `error` forbids it.
    #[error("redirected to `{0}`, which redirect mode `error` forbids")]
    UnexpectedRedirect(String),
    /// The `Location` header makes no address.
    #[error("the redirect to `{0}` is not a valid http(s) address")]
    InvalidRedirect(String),
    /// A body that was streamed cannot be sent a second time.
    #[error("a redirect asks for the request body again, but it was a stream")]
    BodyNotReplayable,
    /// Cache mode `only-if-cached` found nothing.
    #[error("cache mode `only-if-cached` found no cached response")]
    NotCached,
    /// No connection: name resolution, refused, unreachable, TLS.
    #[error("{0}")]
    Connect(String),
    /// The connection broke, or what came was not HTTP.
    #[error("{0}")]
    Transfer(String),
    /// The body does not decode as its `Content-Encoding` says.
    #[error("the body is not valid {0}")]
    Decode(String),
    /// Whoever produced the request body failed.
    #[error("the request body failed: {0}")]
    RequestBody(String),
    /// Subresource integrity.
    #[error("the body does not match the integrity metadata `{0}`")]
    Integrity(String),
    /// Whoever answers for the origin, an embedder or a service worker, failed.
    #[error("{0}")]
    Handler(String),
    /// What shall be trusted holds no certificate.
    #[error("a certificate that is to be trusted cannot be read: it must be PEM")]
    InvalidCertificate,
    /// The network thread could not be started.
    #[error("cannot start the network thread: {0}")]
    Start(String),
    /// The network thread has ended with its host.
    #[error("the network is shut down")]
    ShutDown,
}

impl NetworkError {
    /// Whether nothing answered at all, which may be the network's fault.
    pub fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Transfer(_))
    }
}
