//! From a script's request to a response it may see: modes, redirects, cookies, headers.
//!
//! Each hop goes to whoever answers for its origin; bytes on the wire are the transport's work.

use std::sync::Arc;

use url::Url;

use crate::clock::Clock;
use crate::header_list::first_value;
use crate::network::ClearStorage;
use crate::network::body::Body;
use crate::network::cached_fetch::Hop;
use crate::network::cookies::CookieJars;
use crate::network::cors::{self, Tainting};
use crate::network::data_url;
use crate::network::error::NetworkError;
use crate::network::fetch_metadata::fetch_metadata;
use crate::network::gate::Gate;
use crate::network::http_cache::HttpCache;
use crate::network::integrity;
use crate::network::origin::OriginServers;
use crate::network::outgoing_headers::{Identity, outgoing_headers};
use crate::network::port_blocking::check_address;
use crate::network::preflight_cache::PreflightCache;
use crate::network::redirect;
use crate::network::referrer::{referer_header, referrer_policy_of};
use crate::network::request::{RedirectMode, Request, RequestMode};
use crate::network::resource_policy;
use crate::network::response::{Response, ResponseType};
use crate::network::route::Interceptor;
use crate::network::transport::Transport;

/// Everything that outlives one request.
pub(crate) struct Fetcher {
    pub(crate) transport: Transport,
    pub(crate) interceptor: Option<Interceptor>,
    pub(crate) origins: OriginServers,
    pub(crate) cookies: CookieJars,
    pub(crate) http_cache: Arc<HttpCache>,
    pub(crate) preflights: PreflightCache,
    pub(crate) clear_storage: Option<ClearStorage>,
    pub(crate) identity: Identity,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What changes while redirects are followed.
struct Course {
    url_list: Vec<Url>,
    tainting: Tainting,
    /// The origin as other servers see it: `null` once a redirect has led astray.
    origin: String,
    /// Stands before whatever is not answered by the HTTP cache.
    gate: Gate,
}

impl Fetcher {
    /// <https://fetch.spec.whatwg.org/#concept-main-fetch>
    pub(crate) async fn main_fetch(
        self: &Arc<Self>,
        request: Request,
        gate: Gate,
    ) -> Result<Response, NetworkError> {
        if request.url.scheme() == "data" {
            return data_url::fetch(&request);
        }
        let metadata = request.integrity.clone();
        let response = self.http_fetch(request, gate).await?;
        integrity::verify(response, &metadata).await
    }

    /// One hop to whoever answers for the origin, with nothing added or taken away.
    pub(crate) async fn forward(&self, request: Request) -> Result<Response, NetworkError> {
        let server = self.origins.server_of(&request.url);
        server.answer(request, &self.transport).await
    }

    /// Hop by hop until something other than a redirect answers.
    async fn http_fetch(
        self: &Arc<Self>,
        mut request: Request,
        gate: Gate,
    ) -> Result<Response, NetworkError> {
        let mut course = Course {
            gate,
            url_list: vec![request.url.clone()],
            tainting: Tainting::Basic,
            origin: request.origin.clone(),
        };
        loop {
            check_address(&request.url)?;
            course.tainting = cors::tainting_for(&request, course.tainting)?;
            let replay = redirect::replay(&request.body);
            let mut response = match course.tainting {
                Tainting::Basic => self.hop(&mut request, &course).await?,
                Tainting::Cors => self.cors_fetch(&mut request, &course).await?,
                Tainting::Opaque => {
                    let response = self.hop(&mut request, &course).await?;
                    resource_policy::check(&request, &response)?;
                    response
                }
            };
            if redirect::is_redirect_status(response.status) {
                match request.redirect {
                    RedirectMode::Error => return Err(unexpected_redirect(&response)),
                    RedirectMode::Manual => {
                        response.kind = ResponseType::OpaqueRedirect;
                        return Ok(finish(response, &request, course));
                    }
                    RedirectMode::Follow => {}
                }
                if let Some(location) = redirect::location_url(&response, &request.url) {
                    follow(&mut request, &mut course, location?, &response, replay)?;
                    continue;
                }
            }
            response.kind = course.tainting.response_type();
            return Ok(finish(response, &request, course));
        }
    }

    /// One request that the other origin must agree to, and be asked by preflight before if it is no plain one.
    async fn cors_fetch(
        self: &Arc<Self>,
        request: &mut Request,
        course: &Course,
    ) -> Result<Response, NetworkError> {
        let fetched = async {
            if cors::needs_preflight(request) {
                self.cors_preflight_fetch(request, course).await?;
            }
            let response = self.hop(request, course).await?;
            cors::check(request, &course.origin, &response)?;
            Ok(response)
        };
        let fetched = fetched.await;
        if fetched.is_err() {
            self.preflights.forget(request, &course.origin);
        }
        fetched
    }

    /// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, unless the answer is known.
    async fn cors_preflight_fetch(
        self: &Arc<Self>,
        // Exclusive, because a body may be read by one thread only.
        request: &mut Request,
        course: &Course,
    ) -> Result<(), NetworkError> {
        let origin = &course.origin;
        if self
            .preflights
            .permits(request, origin, self.clock.elapsed())
        {
            return Ok(());
        }
        let mut preflight = cors::preflight_request(request);
        let answer = self.hop(&mut preflight, course).await?;
        cors::check(request, origin, &answer)?;
        cors::check_preflight(request, &answer)?;
        let now = self.clock.elapsed();
        self.preflights.store(request, origin, &answer, now);
        Ok(())
    }

    /// One request to whoever answers for its origin, with the headers and cookies a browser adds.
    ///
    /// Takes the body out of `request`: it is sent once.
    async fn hop(
        self: &Arc<Self>,
        request: &mut Request,
        course: &Course,
    ) -> Result<Response, NetworkError> {
        let server = self.origins.server_of(&request.url);
        let is_credentialed = cors::includes_credentials(request, course.tainting);
        let is_cors = course.tainting == Tainting::Cors;
        let body = std::mem::take(&mut request.body);
        let mut headers = outgoing_headers(request, &body, &self.identity, &course.origin, is_cors);
        for (name, value) in fetch_metadata(request, &course.url_list) {
            if first_value(&headers, name).is_none() {
                headers.push((name.to_owned(), value.into_bytes()));
            }
        }
        if is_credentialed
            && let Some(cookies) = self
                .cookies
                .header_for(&request.partition, &server.cookie_url(&request.url))
        {
            headers.push(("Cookie".to_owned(), cookies.into_bytes()));
        }
        let hop = Hop {
            request: request.with(headers, body),
            server,
            keeps_cookies: is_credentialed,
            gate: course.gate.clone(),
        };
        self.network_or_cache_fetch(hop).await
    }
}

/// What the answer of a service worker makes of a request.
pub enum WorkerAnswer {
    /// This is the response.
    Response(Response),
    /// The request goes on to another address, where a service worker may answer again.
    Redirected(Request),
}

/// Takes the response of a service worker to `request`, whose body is in `replay` if it can be sent again.
///
/// `url_list` are the addresses until now. What follows on a response in
/// <https://fetch.spec.whatwg.org/#concept-http-fetch>
pub fn take_worker_response(
    mut response: Response,
    mut request: Request,
    replay: Option<Body>,
    url_list: &mut Vec<Url>,
) -> Result<WorkerAnswer, NetworkError> {
    let is_filtered = matches!(
        response.kind,
        ResponseType::Opaque | ResponseType::OpaqueRedirect
    );
    if !is_filtered && redirect::is_redirect_status(response.status) {
        match request.redirect {
            RedirectMode::Error => return Err(unexpected_redirect(&response)),
            RedirectMode::Manual => response.kind = ResponseType::OpaqueRedirect,
            RedirectMode::Follow => {
                // A relative address in a made-up response, which has no address itself, leads nowhere.
                let base = match response.url() {
                    Some(url) => url.clone(),
                    None => Url::parse("about:blank").expect("it is an address"),
                };
                if let Some(location) = redirect::location_url(&response, &base) {
                    let mut course = Course {
                        tainting: cors::tainting_for(&request, Tainting::Basic)?,
                        origin: request.origin.clone(),
                        url_list: std::mem::take(url_list),
                        gate: Gate::open(),
                    };
                    follow(&mut request, &mut course, location?, &response, replay)?;
                    request.origin = course.origin;
                    *url_list = course.url_list;
                    cors::tainting_for(&request, Tainting::Basic)?;
                    return Ok(WorkerAnswer::Redirected(request));
                }
            }
        }
    }
    if response.url_list.is_empty() {
        response.url_list = std::mem::take(url_list);
    }
    Ok(WorkerAnswer::Response(response))
}

/// <https://fetch.spec.whatwg.org/#http-redirect-fetch>
fn follow(
    request: &mut Request,
    course: &mut Course,
    location: Url,
    response: &Response,
    replay: Option<Body>,
) -> Result<(), NetworkError> {
    if course.url_list.len() > redirect::MAX_REDIRECTS {
        return Err(NetworkError::TooManyRedirects(redirect::MAX_REDIRECTS));
    }
    let leaves_origin = location.origin() != request.url.origin();
    let is_foreign = location.origin().ascii_serialization() != request.origin;
    let has_credentials = !location.username().is_empty() || location.password().is_some();
    let is_cors = request.mode == RequestMode::Cors;
    if has_credentials && is_cors && (is_foreign || course.tainting == Tainting::Cors) {
        return Err(NetworkError::Cors(
            "redirected to an address with a user name".to_owned(),
        ));
    }
    if leaves_origin && !request.is_same_origin() {
        course.origin = "null".to_owned();
    }
    if response.status != 303 && replay.is_none() {
        return Err(NetworkError::BodyNotReplayable);
    }
    if redirect::becomes_get(response.status, &request.method) {
        request.method = "GET".to_owned();
        redirect::drop_body_headers(&mut request.headers);
    } else {
        request.body = replay.ok_or(NetworkError::BodyNotReplayable)?;
    }
    if leaves_origin {
        redirect::drop_authorization(&mut request.headers);
    }
    // What one server was not told, the next one is not told either.
    let told = referer_header(request, &request.url);
    request.referrer = told.unwrap_or_else(|| "no-referrer".to_owned());
    if let Some(policy) = referrer_policy_of(&response.headers) {
        request.referrer_policy = policy;
    }
    course.url_list.push(location.clone());
    request.url = location;
    Ok(())
}

fn finish(mut response: Response, request: &Request, course: Course) -> Response {
    response.url_list = course.url_list;
    cors::filter_headers(&mut response, request.credentials);
    if request.method == "HEAD" || request.method == "CONNECT" {
        response.body = Body::Empty;
    }
    response
}

fn unexpected_redirect(response: &Response) -> NetworkError {
    let location = response.header("location").unwrap_or_default();
    NetworkError::UnexpectedRedirect(String::from_utf8_lossy(location).into_owned())
}
