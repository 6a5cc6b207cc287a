//! One request to one server, or to what the HTTP cache has of it.
//!
//! <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>, from "Let httpCache be" on: the headers are there.

use std::sync::Arc;

use url::Url;

use crate::header_list::{HeaderList, first_value};
use crate::network::body::Body;
use crate::network::error::NetworkError;
use crate::network::gate::Gate;
use crate::network::http_cache::{Arrival, CacheKey, StoredResponse, Verdict, has_directive};
use crate::network::main_fetch::Fetcher;
use crate::network::origin::OriginServer;
use crate::network::request::{CacheMode, Request};
use crate::network::response::{CacheState, Response};
use crate::network::route::Intercepted;
use crate::network::site_data::SiteData;

/// A request that is ready to go out, and how.
pub(crate) struct Hop {
    /// With all its headers.
    pub(crate) request: Request,
    pub(crate) server: OriginServer,
    pub(crate) keeps_cookies: bool,
    pub(crate) gate: Gate,
}

/// What becomes of a request for which something is stored.
enum Plan {
    Answer(Response),
    /// The same, and the server is asked meanwhile.
    AnswerAndRevalidate(Response),
    /// The server is asked whether it still holds.
    Validate(HeaderList),
    Ask,
}

impl Fetcher {
    /// Answers from the cache if its mode and the response allow it, and asks the server otherwise.
    pub(super) async fn network_or_cache_fetch(
        self: &Arc<Self>,
        mut hop: Hop,
    ) -> Result<Response, NetworkError> {
        let mode = cache_mode(&hop.request);
        let key = CacheKey::of(&hop.request);
        let reads = matches!(hop.request.method.as_str(), "GET" | "HEAD")
            && !matches!(mode, CacheMode::NoStore | CacheMode::Reload);
        let stored = reads.then(|| self.http_cache.select(&key, &hop.request.headers));
        let stored = stored.flatten();
        let mut asked_by = HeaderList::new();
        if let Some(stored) = &stored {
            match self.plan(mode, &hop.request, stored) {
                Plan::Answer(response) => return Ok(response),
                Plan::AnswerAndRevalidate(response) => {
                    if stored.begin_revalidation() {
                        let stored = Arc::clone(stored);
                        tokio::spawn(Arc::clone(self).revalidate(hop, key, stored));
                    }
                    return Ok(response);
                }
                Plan::Validate(validators) => asked_by = validators,
                Plan::Ask => {}
            }
        }
        if mode == CacheMode::OnlyIfCached {
            return Err(NetworkError::NotCached);
        }
        if reads && has_directive(&hop.request.headers, "only-if-cached") {
            return Ok(gateway_timeout(&hop.request.url));
        }
        let validated = stored.filter(|_| !asked_by.is_empty());
        hop.request.headers.extend(asked_by);
        self.network_fetch_and_keep(hop, mode, key, validated).await
    }

    /// What is stored is an answer, a means to ask for less, or of no use.
    fn plan(&self, mode: CacheMode, request: &Request, stored: &StoredResponse) -> Plan {
        let answer = match request.header("range") {
            Some(range) => stored.answer_part(&request.url, range),
            None => Some(stored.answer(&request.url, CacheState::Local)),
        };
        let Some(answer) = answer else {
            return Plan::Ask;
        };
        let verdict = stored.verdict(&request.headers, self.clock.elapsed());
        match (mode, verdict) {
            (CacheMode::ForceCache | CacheMode::OnlyIfCached, _)
            | (CacheMode::Default, Verdict::Fresh) => Plan::Answer(answer),
            // A part, or the headers alone, are no occasion to ask for the whole.
            (CacheMode::Default, Verdict::WhileRevalidated)
                if answer.status == 206 || request.method != "GET" =>
            {
                Plan::Answer(answer)
            }
            (CacheMode::Default, Verdict::WhileRevalidated) => Plan::AnswerAndRevalidate(answer),
            _ if answer.status == 206 || request.method != "GET" => Plan::Ask,
            _ if is_conditional(request) => Plan::Ask,
            _ => Plan::Validate(stored.validators()),
        }
    }

    /// Asks the server, and changes the cache as the response says.
    async fn network_fetch_and_keep(
        &self,
        hop: Hop,
        mode: CacheMode,
        key: CacheKey,
        validated: Option<Arc<StoredResponse>>,
    ) -> Result<Response, NetworkError> {
        let url = hop.request.url.clone();
        let is_safe = matches!(
            hop.request.method.as_str(),
            "GET" | "HEAD" | "OPTIONS" | "TRACE"
        );
        let is_kept = hop.request.method == "GET" && mode != CacheMode::NoStore;
        let request = is_kept.then(|| hop.request.headers.clone());
        let asked_at = self.clock.elapsed();
        let removals = self.http_cache.removals();
        let mut response = self.network_fetch(hop).await?;
        if !is_safe && (200..400).contains(&response.status) {
            self.invalidate(&key, &url, &response);
        }
        let Some(request) = request else {
            return Ok(response);
        };
        let elapsed = self.clock.elapsed();
        let arrival = Arrival {
            now: self.clock.now(),
            elapsed,
            delay: elapsed.saturating_sub(asked_at),
        };
        if let Some(stored) = validated.filter(|_| response.status == 304) {
            let freshened = stored.freshened(&response.headers, arrival);
            let answer = freshened.answer(&url, CacheState::Validated);
            self.http_cache.freshen(&key, &request, freshened, removals);
            return Ok(answer);
        }
        self.http_cache.keep(key, &request, &mut response, arrival);
        Ok(response)
    }

    /// <https://fetch.spec.whatwg.org/#concept-http-network-fetch>
    async fn network_fetch(&self, hop: Hop) -> Result<Response, NetworkError> {
        let Hop {
            request,
            server,
            keeps_cookies,
            gate,
        } = hop;
        let partition = request.partition.clone();
        let url = request.url.clone();
        let cookie_url = server.cookie_url(&url);
        let exchange = async {
            let passed_on = match &self.interceptor {
                Some(interceptor) => interceptor(request).await?,
                None => Intercepted::PassedOn(request),
            };
            match passed_on {
                Intercepted::Answered(response) => Ok(response),
                Intercepted::PassedOn(request) => server.answer(request, &self.transport).await,
            }
        };
        let response = gate.guard(exchange).await?;
        if keeps_cookies {
            self.cookies
                .store(&partition, &cookie_url, &response.headers);
        }
        let named = SiteData::named_by(&url, &response.headers);
        if named != SiteData::default() {
            self.clear(named, &partition, &url, &cookie_url).await;
        }
        Ok(response)
    }

    /// <https://w3c.github.io/webappsec-clear-site-data/#clear-response>, for the clients of one origin.
    async fn clear(&self, named: SiteData, partition: &str, url: &Url, cookie_url: &Url) {
        if named.cache {
            self.http_cache.clear_server(partition, url);
            self.preflights.clear(partition);
        }
        if named.cookies {
            self.cookies.clear_site(partition, cookie_url);
        }
        // Another origin stores nothing among the things of this one.
        let is_own = url.origin().ascii_serialization() == partition;
        if let Some(clear_storage) = self
            .clear_storage
            .as_ref()
            .filter(|_| named.storage && is_own)
        {
            clear_storage(partition.to_owned()).await;
        }
    }

    /// <https://httpwg.org/specs/rfc9111.html#invalidation>
    fn invalidate(&self, key: &CacheKey, url: &Url, response: &Response) {
        self.http_cache.invalidate(key);
        for name in ["location", "content-location"] {
            let named = first_value(&response.headers, name);
            let named = named.and_then(|named| url.join(std::str::from_utf8(named).ok()?).ok());
            if let Some(named) = named.filter(|named| named.origin() == url.origin()) {
                self.http_cache.invalidate(&key.of_same_client(&named));
            }
        }
    }

    /// Brings a stored response up to date that was used meanwhile. Nobody learns if it fails: the next request asks
    /// again.
    async fn revalidate(self: Arc<Self>, mut hop: Hop, key: CacheKey, stored: Arc<StoredResponse>) {
        let gate = hop.gate.clone();
        hop.request.headers.extend(stored.validators());
        let used = Arc::clone(&stored);
        let asked = self.network_fetch_and_keep(hop, CacheMode::NoCache, key, Some(used));
        let read = match asked.await {
            // What is read to its end is kept.
            Ok(response) => gate.guard_body(response.body).collect().await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            tracing::debug!(%error, "a cached response could not be brought up to date");
        }
        stored.end_revalidation();
    }
}

/// "If httpRequest's cache mode is `default` and its header list contains ...": a script that asks conditionally gets
/// what the server says. So does one that wants nothing to be kept.
fn cache_mode(request: &Request) -> CacheMode {
    match request.cache {
        CacheMode::Default if is_conditional(request) => CacheMode::NoStore,
        _ if has_directive(&request.headers, "no-store") => CacheMode::NoStore,
        mode => mode,
    }
}

fn is_conditional(request: &Request) -> bool {
    let conditions = [
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "if-match",
        "if-range",
    ];
    let mut names = request.headers.iter().map(|(name, _)| name);
    names.any(|name| {
        conditions
            .iter()
            .any(|condition| name.eq_ignore_ascii_case(condition))
    })
}

/// <https://httpwg.org/specs/rfc9111.html#cache-request-directive.only-if-cached>
fn gateway_timeout(url: &Url) -> Response {
    let mut response = Response::new(504);
    response.status_text = "Gateway Timeout".to_owned();
    response.url_list = vec![url.clone()];
    response.body = Body::Empty;
    response.cache_state = CacheState::Local;
    response
}
