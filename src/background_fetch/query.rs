//! Which records a script asks for.

use serde::Deserialize;
use url::Url;

use crate::background_fetch::record::Record;
use crate::header_list::{TextHeaders, combined_value};

/// A request to compare with, and how. <https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions>
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordQuery {
    /// The address asked for.
    pub url: Url,
    /// The headers asked with, for `Vary`.
    pub headers: TextHeaders,
    /// Addresses that differ in their query are the same.
    pub ignore_search: bool,
    /// Requests with other methods than GET may answer too.
    pub ignore_method: bool,
    /// What `Vary` says does not matter.
    pub ignore_vary: bool,
}

impl RecordQuery {
    /// <https://w3c.github.io/ServiceWorker/#request-matches-cached-item-algorithm>
    pub fn matches(&self, record: &Record) -> bool {
        if !self.ignore_method && !record.request.is_repeatable() {
            return false;
        }
        self.comparable(&self.url) == self.comparable(&record.request.url)
            && (self.ignore_vary || self.varies_alike(record))
    }

    fn comparable(&self, url: &Url) -> Url {
        let mut url = url.clone();
        url.set_fragment(None);
        if self.ignore_search {
            url.set_query(None);
        }
        url
    }

    fn varies_alike(&self, record: &Record) -> bool {
        let vary = record.response.as_ref();
        let vary = vary.and_then(|response| response.head.header("vary"));
        let names = vary.as_deref().unwrap_or_default().split(',');
        names
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .all(|name| {
                name != "*"
                    && combined_value(&self.headers, name)
                        == combined_value(&record.request.headers, name)
            })
    }
}
