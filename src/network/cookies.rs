//! Cookies, kept apart by the origin of the client that made the request.
//!
//! In memory only; scripts never see them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cookie_store::{CookieStore, RawCookie};
use url::Url;

use crate::header_list::HeaderList;
use crate::network::site::is_schemelessly_same_site;

/// One jar per client origin, so that a worker of one origin cannot use the log-in of another.
#[derive(Debug, Default)]
pub(crate) struct CookieJars {
    jars: Mutex<HashMap<String, CookieStore>>,
}

impl CookieJars {
    /// The `Cookie` header for a request of `partition` to `url`: those of the longest path first, then the oldest.
    /// <https://httpwg.org/specs/rfc6265.html#cookie>
    pub(crate) fn header_for(&self, partition: &str, url: &Url) -> Option<String> {
        let jars = self.jars.lock().unwrap_or_else(PoisonError::into_inner);
        // The jar has them by age.
        let mut cookies = jars.get(partition)?.matches(url);
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Keeps what the server at `url` set by `Set-Cookie`.
    pub(crate) fn store(&self, partition: &str, url: &Url, headers: &HeaderList) {
        let cookies: Vec<RawCookie<'static>> = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
            .filter_map(|text| RawCookie::parse(text.to_owned()).ok())
            .collect();
        if cookies.is_empty() {
            return;
        }
        let mut jars = self.jars.lock().unwrap_or_else(PoisonError::into_inner);
        let jar = jars.entry(partition.to_owned()).or_default();
        jar.store_response_cookies(cookies.into_iter(), url);
    }

    /// Forgets the cookies that the clients of an origin have of the site of `url`.
    pub(crate) fn clear_site(&self, partition: &str, url: &Url) {
        let mut jars = self.jars.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(jar) = jars.get_mut(partition) else {
            return;
        };
        let of_the_site = jar.iter_any().filter_map(|cookie| {
            let domain = cookie.domain.as_cow()?.into_owned();
            let at = Url::parse(&format!("http://{domain}/")).ok()?;
            let name = cookie.name().to_owned();
            is_schemelessly_same_site(&at, url).then(|| (domain, cookie.path.to_string(), name))
        });
        let of_the_site: Vec<_> = of_the_site.collect();
        for (domain, path, name) in of_the_site {
            jar.remove(&domain, &path, &name);
        }
    }

    /// Forgets everything of one client origin.
    pub(crate) fn clear(&self, partition: &str) {
        self.jars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(partition);
    }
}
