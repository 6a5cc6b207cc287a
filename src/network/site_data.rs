//! The `Clear-Site-Data` header: what a server wants its clients to forget.
//!
//! <https://w3c.github.io/webappsec-clear-site-data/>. Pure: forgetting is others' work.

use url::Url;

use crate::header_list::{HeaderList, combined_value};
use crate::network::site::is_potentially_trustworthy;

/// What is to be forgotten. `executionContexts` is not known: a host has no documents to reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SiteData {
    pub(crate) cache: bool,
    pub(crate) cookies: bool,
    pub(crate) storage: bool,
}

impl SiteData {
    /// What a response of `url` names; nothing where the connection cannot be trusted.
    /// <https://w3c.github.io/webappsec-clear-site-data/#parsing>
    pub(crate) fn named_by(url: &Url, headers: &HeaderList) -> Self {
        let value = combined_value(headers, "clear-site-data");
        let Some(value) = value.filter(|_| is_potentially_trustworthy(url)) else {
            return Self::default();
        };
        let value = String::from_utf8_lossy(&value);
        let names: Vec<&str> = value.split(',').map(str::trim).collect();
        let is_named = |name: &str| names.contains(&name) || names.contains(&"\"*\"");
        Self {
            cache: is_named("\"cache\""),
            cookies: is_named("\"cookies\""),
            storage: is_named("\"storage\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str, value: &str) -> [bool; 3] {
        let headers = vec![("Clear-Site-Data".to_owned(), value.as_bytes().to_vec())];
        let SiteData {
            cache,
            cookies,
            storage,
        } = SiteData::named_by(&Url::parse(url).unwrap(), &headers);
        [cache, cookies, storage]
    }

    #[test]
    fn only_quoted_names_of_a_trustworthy_address_count() {
        let https = "https://app.example/";
        assert_eq!(named(https, "\"cache\", \"storage\""), [true, false, true]);
        assert_eq!(named(https, "\"*\""), [true; 3]);
        assert_eq!(named(https, "cache, \"Cookies\", \"unknown\""), [false; 3]);
        assert_eq!(named("http://app.example/", "\"*\""), [false; 3]);
        assert_eq!(
            named("http://localhost/", "\"cookies\""),
            [false, true, false]
        );
    }
}
