//! The HTTP cache: responses kept in memory, and which of them answers a request.
//! <https://httpwg.org/specs/rfc9111.html>
//!
//! It is apart for each partition, the origin of the client. Asking servers is the fetch loop's work.

mod directives;
mod freshness;
mod keep;
mod stored;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use url::Url;

use crate::header_list::HeaderList;
use crate::network::http_cache::directives::Directives;
use crate::network::request::Request;

pub(crate) use freshness::Verdict;
pub(crate) use stored::{Arrival, StoredResponse};

/// No body may take more than this share of the cache, as in Chromium.
const LARGEST_SHARE: usize = 8;

/// Where a response is kept. <https://fetch.spec.whatwg.org/#http-cache-partitions>
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    /// The origin of the client.
    partition: String,
    /// Without its fragment.
    url: String,
}

impl CacheKey {
    /// Where the response to `request` is kept.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            partition: request.partition.to_string(),
            url: without_fragment(&request.url),
        }
    }

    /// Where another response to the same client is kept.
    pub(crate) fn of_same_client(&self, url: &Url) -> Self {
        Self {
            partition: self.partition.clone(),
            url: without_fragment(url),
        }
    }

    /// Bytes that it takes.
    fn size(&self) -> usize {
        self.partition.len() + self.url.len()
    }
}

fn without_fragment(url: &Url) -> String {
    url[..url::Position::AfterQuery].to_owned()
}

/// Whether `Cache-Control` says so.
pub(crate) fn has_directive(headers: &HeaderList, name: &str) -> bool {
    Directives::of(headers).has(name)
}

/// Responses up to so many bytes; those unused for longest go first.
#[derive(Debug)]
pub(crate) struct HttpCache {
    limit: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug)]
struct Shelf {
    /// Under each address one response for each way in which it varies, the newest last.
    by_key: LruCache<CacheKey, Vec<Arc<StoredResponse>>>,
    bytes: usize,
    /// How often something was taken away. A body that was on its way then is not kept: it may be out of date.
    removals: u64,
}

impl HttpCache {
    /// An empty one for `limit` bytes; with 0 nothing is ever kept.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            shelf: Mutex::new(Shelf {
                by_key: LruCache::unbounded(),
                bytes: 0,
                removals: 0,
            }),
        }
    }

    /// The response that such a request would get, fresh or not.
    pub(crate) fn select(
        &self,
        key: &CacheKey,
        request: &HeaderList,
    ) -> Option<Arc<StoredResponse>> {
        let mut shelf = self.shelf();
        let mut newest_first = shelf.by_key.get(key)?.iter().rev();
        newest_first
            .find(|stored| stored.is_selected_by(request))
            .cloned()
    }

    /// How often something was taken away so far.
    pub(crate) fn removals(&self) -> u64 {
        self.shelf().removals
    }

    /// Keeps a response that a 304 has brought up to date, unless the 304 forbids it or something was taken away since
    /// there were `removals`.
    pub(crate) fn freshen(
        &self,
        key: &CacheKey,
        request: &HeaderList,
        stored: StoredResponse,
        removals: u64,
    ) {
        if !stored.may_stay(request) {
            self.forget(key, request);
        } else if self.removals() == removals {
            self.put(key, stored);
        }
    }

    /// Keeps a response in place of those that the same requests get.
    pub(crate) fn put(&self, key: &CacheKey, stored: StoredResponse) {
        self.shelf().put(key, stored, self.limit);
    }

    /// Forgets what such a request would get.
    pub(crate) fn forget(&self, key: &CacheKey, request: &HeaderList) {
        let mut shelf = self.shelf();
        shelf.retain(key, |stored| !stored.is_selected_by(request));
    }

    /// Forgets everything of an address. <https://httpwg.org/specs/rfc9111.html#invalidation>
    pub(crate) fn invalidate(&self, key: &CacheKey) {
        let mut shelf = self.shelf();
        shelf.removals += 1;
        shelf.retain(key, |_| false);
    }

    /// Forgets everything of the clients of an origin.
    pub(crate) fn clear(&self, partition: &str) {
        self.remove(|key| key.partition == partition);
    }

    /// Forgets what the clients of an origin have of the server of `url`.
    pub(crate) fn clear_server(&self, partition: &str, url: &Url) {
        let server = &url[..url::Position::BeforePath];
        self.remove(|key| {
            let path = key.url.strip_prefix(server);
            key.partition == partition && path.is_some_and(|path| path.starts_with('/'))
        });
    }

    fn remove(&self, is_removed: impl Fn(&CacheKey) -> bool) {
        let mut shelf = self.shelf();
        shelf.removals += 1;
        let keys = shelf.by_key.iter().map(|(key, _)| key);
        let keys: Vec<CacheKey> = keys.filter(|key| is_removed(key)).cloned().collect();
        for key in keys {
            shelf.retain(&key, |_| false);
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn put(&mut self, key: &CacheKey, stored: StoredResponse, limit: usize) {
        self.retain(key, |older| !stored.replaces(older));
        let size = stored.size() + key.size();
        if size > limit / LARGEST_SHARE {
            return;
        }
        let variants = self.by_key.get_or_insert_mut(key.clone(), Vec::new);
        variants.push(Arc::new(stored));
        self.bytes += size;
        while self.bytes > limit {
            let Some((key, oldest)) = self.by_key.pop_lru() else {
                return;
            };
            self.bytes -= sizes(&key, &oldest);
        }
    }

    /// Keeps those of an address that `is_kept` names.
    fn retain(&mut self, key: &CacheKey, is_kept: impl Fn(&StoredResponse) -> bool) {
        let Some(variants) = self.by_key.get_mut(key) else {
            return;
        };
        self.bytes -= sizes(key, variants);
        variants.retain(|stored| is_kept(stored));
        self.bytes += sizes(key, variants);
        if variants.is_empty() {
            self.by_key.pop(key);
        }
    }
}

fn sizes(key: &CacheKey, variants: &[Arc<StoredResponse>]) -> usize {
    let sizes = variants.iter().map(|stored| stored.size() + key.size());
    sizes.sum()
}
