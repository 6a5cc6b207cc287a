//! What other origins have permitted by preflight, so that they are not asked each time.
//!
//! <https://fetch.spec.whatwg.org/#concept-cache>. Times are handed in.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use url::Url;

use crate::header_list::combined_value;
use crate::network::cors::{is_safelisted_method, listed, unsafe_header_names};
use crate::network::request::{CredentialsMode, Request};
use crate::network::response::Response;

/// "If max-age is failure or null, then set max-age to 5."
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5);

/// What Chromium allows at most.
const LONGEST_MAX_AGE: Duration = Duration::from_hours(2);

/// Addresses that are remembered; those unused for longest go first.
const MAX_ADDRESSES: NonZeroUsize = NonZeroUsize::new(1000).expect("it is not zero");

/// Permissions of one address, and until when they hold.
type Permissions = Vec<(Permission, Duration)>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    /// The origin of the client.
    partition: String,
    /// The same, or `null` after a redirect that led astray.
    origin: String,
    url: Url,
}

/// <https://fetch.spec.whatwg.org/#cache-entry>
#[derive(Debug, Clone, PartialEq, Eq)]
struct Permission {
    with_credentials: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A method, or `*`.
    Method(String),
    /// A header's name in lower case, or `*`.
    Header(String),
}

/// The CORS-preflight cache, in memory.
#[derive(Debug)]
pub(crate) struct PreflightCache {
    by_address: Mutex<LruCache<Asked, Permissions>>,
}

impl Default for PreflightCache {
    fn default() -> Self {
        Self {
            by_address: Mutex::new(LruCache::new(MAX_ADDRESSES)),
        }
    }
}

impl PreflightCache {
    /// Whether everything that `request` of `origin` needs has been permitted and still is.
    pub(crate) fn permits(&self, request: &Request, origin: &str, now: Duration) -> bool {
        let mut by_address = self.locked();
        let Some(permissions) = by_address.get(&Asked::by(request, origin)) else {
            return false;
        };
        let is_credentialed = request.credentials == CredentialsMode::Include;
        let valid = permissions.iter().filter(|(permission, until)| {
            now < *until && (permission.with_credentials || !is_credentialed)
        });
        let has = |is_it: &dyn Fn(&What) -> bool| {
            valid.clone().any(|(permission, _)| is_it(&permission.what))
        };
        let is_method_permitted = is_safelisted_method(&request.method)
            || has(
                &|what| matches!(what, What::Method(method) if *method == request.method || method == "*"),
            );
        let mut names = unsafe_header_names(&request.headers).into_iter();
        is_method_permitted
            && names.all(|name| {
                // "*" never covers Authorization.
                has(&|what| matches!(what, What::Header(header) if *header == name || (header == "*" && name != "authorization")))
            })
    }

    /// Remembers what `answer`, which has passed every check, permits.
    pub(crate) fn store(&self, request: &Request, origin: &str, answer: &Response, now: Duration) {
        let with_credentials = request.credentials == CredentialsMode::Include;
        let until = now + max_age(answer);
        let methods = listed(&answer.headers, "access-control-allow-methods");
        let names = listed(&answer.headers, "access-control-allow-headers");
        let methods = methods.into_iter().map(What::Method);
        let names = names
            .into_iter()
            .map(|name| What::Header(name.to_ascii_lowercase()));
        let what = methods.chain(names).filter(|what| {
            // With credentials it is a name like any other.
            !with_credentials
                || !matches!(what, What::Method(name) | What::Header(name) if name == "*")
        });
        let mut by_address = self.locked();
        let permissions = by_address.get_or_insert_mut(Asked::by(request, origin), Vec::new);
        permissions.retain(|(_, until)| now < *until);
        for what in what {
            let permission = Permission {
                with_credentials,
                what,
            };
            permissions.retain(|(older, _)| *older != permission);
            permissions.push((permission, until));
        }
    }

    /// "If corsWithPreflightResponse is a network error, then clear cache entries using request."
    pub(crate) fn forget(&self, request: &Request, origin: &str) {
        self.locked().pop(&Asked::by(request, origin));
    }

    /// Forgets what the clients of an origin were permitted.
    pub(crate) fn clear(&self, partition: &str) {
        let mut by_address = self.locked();
        let asked = by_address.iter().map(|(asked, _)| asked);
        let asked: Vec<Asked> = asked
            .filter(|asked| asked.partition == partition)
            .cloned()
            .collect();
        for asked in asked {
            by_address.pop(&asked);
        }
    }

    fn locked(&self) -> MutexGuard<'_, LruCache<Asked, Permissions>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    fn by(request: &Request, origin: &str) -> Self {
        Self {
            partition: request.partition.to_string(),
            origin: origin.to_owned(),
            url: request.url.clone(),
        }
    }
}

fn max_age(answer: &Response) -> Duration {
    let said = combined_value(&answer.headers, "access-control-max-age");
    let seconds = said.and_then(|said| std::str::from_utf8(&said).ok()?.trim().parse().ok());
    seconds.map_or(DEFAULT_MAX_AGE, |seconds| {
        Duration::from_secs(seconds).min(LONGEST_MAX_AGE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://app.example";

    fn request(method: &str, credentials: CredentialsMode, headers: &[&str]) -> Request {
        let url = Url::parse("https://api.example/items").unwrap();
        let mut request = Request::new(method, url, ORIGIN);
        request.credentials = credentials;
        let headers = headers.iter();
        request.headers = headers
            .map(|name| ((*name).to_owned(), b"1".to_vec()))
            .collect();
        request
    }

    fn answer(methods: &str, headers: &str, max_age: &str) -> Response {
        let mut answer = Response::new(204);
        for (name, value) in [
            ("access-control-allow-methods", methods),
            ("access-control-allow-headers", headers),
            ("access-control-max-age", max_age),
        ] {
            answer
                .headers
                .push((name.to_owned(), value.as_bytes().to_vec()));
        }
        answer
    }

    fn permits(cache: &PreflightCache, request: &Request, seconds: u64) -> bool {
        cache.permits(request, ORIGIN, Duration::from_secs(seconds))
    }

    #[test]
    fn what_was_permitted_is_for_its_time() {
        use CredentialsMode::SameOrigin;
        let delete = request("DELETE", SameOrigin, &["X-Mark"]);
        for (said, lasts) in [
            ("60", 60),
            ("", 5),
            ("soon", 5),
            ("-1", 5),
            ("86400", 7200),
            ("0", 0),
        ] {
            let cache = PreflightCache::default();
            cache.store(
                &delete,
                ORIGIN,
                &answer("DELETE, PUT", "x-mark", said),
                Duration::ZERO,
            );
            assert!(lasts == 0 || permits(&cache, &delete, lasts - 1), "{said}");
            assert!(!permits(&cache, &delete, lasts), "{said}");
        }
    }

    #[test]
    fn everything_that_a_request_needs_must_have_been_permitted() {
        use CredentialsMode::{Include, SameOrigin};
        let cache = PreflightCache::default();
        let delete = request("DELETE", SameOrigin, &["X-Mark"]);
        cache.store(
            &delete,
            ORIGIN,
            &answer("DELETE", "x-mark", "60"),
            Duration::ZERO,
        );
        assert!(permits(&cache, &request("DELETE", SameOrigin, &[]), 0));
        assert!(permits(&cache, &request("GET", SameOrigin, &["x-MARK"]), 0));
        assert!(!permits(&cache, &request("PUT", SameOrigin, &[]), 0));
        assert!(!permits(
            &cache,
            &request("DELETE", SameOrigin, &["X-Other"]),
            0
        ));
        assert!(!permits(&cache, &request("DELETE", Include, &[]), 0));
        assert!(!cache.permits(&delete, "null", Duration::ZERO));
        cache.forget(&delete, ORIGIN);
        assert!(!permits(&cache, &delete, 0));
    }

    #[test]
    fn a_star_is_for_all_but_authorization_and_never_with_credentials() {
        use CredentialsMode::{Include, SameOrigin};
        let cache = PreflightCache::default();
        let any = answer("*", "*", "60");
        cache.store(
            &request("PUT", SameOrigin, &[]),
            ORIGIN,
            &any,
            Duration::ZERO,
        );
        assert!(permits(
            &cache,
            &request("PATCH", SameOrigin, &["X-Mark"]),
            0
        ));
        assert!(!permits(
            &cache,
            &request("PATCH", SameOrigin, &["Authorization"]),
            0
        ));
        cache.clear(ORIGIN);
        cache.store(&request("PUT", Include, &[]), ORIGIN, &any, Duration::ZERO);
        assert!(!permits(&cache, &request("PUT", Include, &[]), 0));
    }
}
