//! HTTP for scripts: the one gate every request passes.
//!
//! What a service worker may do with a request is not decided here.

mod body;
mod cached_fetch;
mod cookies;
mod cors;
mod data_url;
mod decode;
mod error;
mod fetch_metadata;
mod forbidden_headers;
mod gate;
mod http_cache;
mod integrity;
mod main_fetch;
pub mod origin;
mod outgoing_headers;
mod port_blocking;
mod preflight_cache;
mod redirect;
mod referrer;
mod request;
mod resend;
mod resource_policy;
mod response;
mod route;
mod site;
mod site_data;
mod thread;
mod transport;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::clock::{Clock, Timestamp};
use crate::network::cookies::CookieJars;
use crate::network::http_cache::HttpCache;
use crate::network::main_fetch::Fetcher;
use crate::network::origin::OriginServers;
use crate::network::outgoing_headers::Identity;
use crate::network::preflight_cache::PreflightCache;
use crate::network::thread::NetworkThread;
use crate::network::transport::Transport;

pub use crate::header_list::HeaderList;
pub use body::{Body, BodyStream};
pub use cors::check_worker_response;
pub use data_url::fetch as data_response;
pub use error::NetworkError;
pub use forbidden_headers::{may_set_header, strip_forbidden_headers, take_forbidden_headers};
pub use gate::Gate;
pub use integrity::verify as verify_integrity;
pub use main_fetch::{WorkerAnswer, take_worker_response};
pub use origin::{Handler, OriginServer};
pub use outgoing_headers::settle_accept;
pub use port_blocking::check_address;
pub use redirect::{MAX_REDIRECTS, location_url, replay};
pub use referrer::{read_referrer_policy, referrer_policy_of, settle_referrer};
pub use request::{CacheMode, CredentialsMode, RedirectMode, ReferrerPolicy, Request, RequestMode};
pub use response::{CacheState, Response, ResponseType};
pub use route::{Intercepted, Interceptor, Route};
pub use transport::MAX_HEADER_BYTES;

/// Told about every request when its head has arrived or it has failed.
pub type Observer = Arc<dyn Fn(&FinishedRequest) + Send + Sync>;

/// Removes what scripts of an origin have stored; ends when it is gone.
pub type ClearStorage = Arc<dyn Fn(String) -> BoxFuture<'static, ()> + Send + Sync>;

/// How a [`Network`] presents itself and what it obeys.
pub struct NetworkOptions {
    /// Closed while offline.
    pub gate: Gate,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The `Accept-Language` header, if any.
    pub accept_language: Option<String>,
    /// What the embedder changes on the way to a server.
    pub route: Route,
    /// Bytes that the HTTP cache may take; with 0 there is none.
    pub cache_limit: usize,
    /// For the durations that the observer sees, and for the age of what is cached.
    pub clock: Arc<dyn Clock>,
    /// Called on the network thread; must not block.
    pub observer: Option<Observer>,
    /// For servers that ask for it by `Clear-Site-Data: "storage"`.
    pub clear_storage: Option<ClearStorage>,
}

/// One request as a log shows it, without headers and bodies.
#[derive(Debug, Clone)]
pub struct FinishedRequest {
    /// When it was made.
    pub started_at: Timestamp,
    /// When its head arrived, or it failed.
    pub ended_at: Timestamp,
    /// The method asked for.
    pub method: String,
    /// The address asked for.
    pub url: url::Url,
    /// The origin of the client.
    pub origin: String,
    /// The script or page that asked, empty for the host itself.
    pub client_url: String,
    /// The status, or why there is none.
    pub result: Result<u16, NetworkError>,
}

/// A cheap handle on the network thread; the last one ends it.
#[derive(Clone)]
pub struct Network {
    thread: Arc<NetworkThread>,
    fetcher: Arc<Fetcher>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    observer: Option<Observer>,
}

impl Network {
    /// Starts the thread on which all connections live, so that they outlast workers.
    pub fn start(options: NetworkOptions) -> Result<Self, NetworkError> {
        let identity = Identity {
            user_agent: options.user_agent,
            accept_language: options.accept_language,
        };
        Ok(Self {
            thread: Arc::new(NetworkThread::start()?),
            fetcher: Arc::new(Fetcher {
                transport: Transport::new(options.route.clone())?,
                interceptor: options.route.interceptor,
                origins: OriginServers::default(),
                cookies: CookieJars::default(),
                http_cache: Arc::new(HttpCache::new(options.cache_limit)),
                preflights: PreflightCache::default(),
                clear_storage: options.clear_storage,
                identity,
                clock: Arc::clone(&options.clock),
            }),
            gate: options.gate,
            clock: options.clock,
            observer: options.observer,
        })
    }

    /// Says who answers for `origin` (serialised, without a final slash).
    pub fn serve_origin(&self, origin: &str, server: OriginServer) {
        self.fetcher.origins.serve(origin, server);
    }

    /// Forgets what the clients of `origin` got from servers: cookies, the HTTP cache, answers of preflights.
    pub fn clear_origin(&self, origin: &str) {
        self.fetcher.cookies.clear(origin);
        self.fetcher.http_cache.clear(origin);
        self.fetcher.preflights.clear(origin);
    }

    /// Sends a request and waits for the head of the response; while offline only the HTTP cache answers.
    ///
    /// Dropping the future, or later the body, cancels the transfer.
    pub async fn fetch(&self, request: Request) -> Result<Response, NetworkError> {
        self.fetch_through(self.gate.clone(), request, false).await
    }

    /// Sends a request of someone else's as it came, and gives the response as it comes: no redirect is followed, no
    /// cookie is added or kept, no header is hidden.
    pub async fn forward(&self, request: Request) -> Result<Response, NetworkError> {
        self.fetch_through(self.gate.clone(), request, true).await
    }

    /// Like [`Self::fetch`], but also while offline: for what the host itself reads from a folder.
    pub async fn fetch_while_offline(&self, request: Request) -> Result<Response, NetworkError> {
        self.fetch_through(Gate::open(), request, false).await
    }

    #[tracing::instrument(name = "request", skip_all, fields(method = %request.method, url = %request.url))]
    async fn fetch_through(
        &self,
        gate: Gate,
        request: Request,
        is_forwarded: bool,
    ) -> Result<Response, NetworkError> {
        let mut finished = FinishedRequest {
            started_at: self.clock.now(),
            ended_at: self.clock.now(),
            method: request.method.clone(),
            url: request.url.clone(),
            origin: request.origin.clone(),
            client_url: request.client_url.clone(),
            result: Err(NetworkError::Aborted),
        };
        let fetcher = self.fetcher.clone();
        let guard = gate.clone();
        let mut result = self
            .thread
            .run(async move {
                if is_forwarded {
                    guard.guard(fetcher.forward(request)).await
                } else {
                    fetcher.main_fetch(request, guard).await
                }
            })
            .await;
        if let Ok(response) = &mut result {
            response.body = gate.guard_body(std::mem::take(&mut response.body));
        }
        finished.ended_at = self.clock.now();
        finished.result = result
            .as_ref()
            .map(|response| response.status)
            .map_err(Clone::clone);
        self.report(&finished);
        result
    }

    fn report(&self, finished: &FinishedRequest) {
        match &finished.result {
            Ok(status) => {
                tracing::debug!(status, "answered");
            }
            Err(error) => {
                tracing::debug!(%error, "failed");
            }
        }
        if let Some(observer) = &self.observer {
            observer(finished);
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Network")
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}
