//! Which addresses belong to one site: their hosts share a domain that somebody can register.

use url::{Host, Url};

/// <https://html.spec.whatwg.org/multipage/browsers.html#schemelessly-same-site>
pub(crate) fn is_schemelessly_same_site(one: &Url, other: &Url) -> bool {
    match (one.host(), other.host()) {
        (Some(Host::Domain(one)), Some(Host::Domain(other))) => {
            let registrable = psl::domain_str(one);
            // "example.com." is a host of its own, whose dot the list of suffixes overlooks.
            let agree_on_dot = one.ends_with('.') == other.ends_with('.');
            let is_sold_once = registrable.is_some() && registrable == psl::domain_str(other);
            one == other || (agree_on_dot && is_sold_once)
        }
        (one, other) => one.is_some() && one == other,
    }
}

/// <https://html.spec.whatwg.org/multipage/browsers.html#same-site>
pub(crate) fn is_same_site(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && is_schemelessly_same_site(one, other)
}

/// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
pub(crate) fn is_potentially_trustworthy(url: &Url) -> bool {
    let is_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || is_this_machine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_ends_where_domains_are_sold() {
        let same = |one: &str, other: &str| {
            let url = |text: &str| Url::parse(text).expect(text);
            is_same_site(&url(one), &url(other))
        };
        assert!(same("https://example.com", "https://www.example.com:8443"));
        assert!(!same("https://one.github.io", "https://two.github.io"));
        assert!(!same("https://example.com", "https://example.com."));
        assert!(!same("https://example.com", "http://example.com"));
        assert!(same("http://localhost:1", "http://localhost:2"));
        assert!(!same("http://127.0.0.1", "http://127.0.0.2"));
    }
}
