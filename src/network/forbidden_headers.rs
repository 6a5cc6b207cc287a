//! Headers that a script may not set on a request.
//!
//! The list is the fetch standard's; the host's own requests are not bound by it.

use crate::network::request::{HeaderList, RequestMode};

const FORBIDDEN: &[&str] = &[
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

const NO_CORS_SAFELISTED: &[&str] = &[
    "accept",
    "accept-language",
    "content-language",
    "content-type",
    "range",
];

/// Takes out what a script may not say in a request of this mode.
pub fn strip_forbidden_headers(headers: &mut HeaderList, mode: RequestMode) {
    headers.retain(|(name, value)| {
        let name = name.to_ascii_lowercase();
        !is_forbidden(&name, value)
            && (mode != RequestMode::NoCors || NO_CORS_SAFELISTED.contains(&name.as_str()))
    });
}

/// Takes out what a script may not say, and gives it.
pub fn take_forbidden_headers(headers: &mut HeaderList) -> HeaderList {
    headers
        .extract_if(.., |(name, value)| {
            is_forbidden(&name.to_ascii_lowercase(), value)
        })
        .collect()
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>
fn is_forbidden(name: &str, value: &[u8]) -> bool {
    if FORBIDDEN.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-") {
        return true;
    }
    let overrides_method = matches!(
        name,
        "x-http-method" | "x-http-method-override" | "x-method-override"
    );
    overrides_method
        && String::from_utf8_lossy(value).split(',').any(|method| {
            matches!(
                method.trim().to_ascii_uppercase().as_str(),
                "CONNECT" | "TRACE" | "TRACK"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, value: &str, mode: RequestMode) -> bool {
        let mut headers = vec![(name.to_owned(), value.as_bytes().to_vec())];
        strip_forbidden_headers(&mut headers, mode);
        !headers.is_empty()
    }

    #[test]
    fn scripts_cannot_speak_for_the_browser() {
        for name in [
            "Cookie",
            "host",
            "Origin",
            "Sec-Fetch-Mode",
            "Proxy-Authorization",
        ] {
            assert!(!kept(name, "x", RequestMode::Cors), "{name}");
        }
        assert!(!kept(
            "X-HTTP-Method-Override",
            "GET, TRACE",
            RequestMode::Cors
        ));
        assert!(kept("X-HTTP-Method-Override", "PATCH", RequestMode::Cors));
        assert!(kept("Authorization", "Bearer x", RequestMode::Cors));
        assert!(!kept("Authorization", "Bearer x", RequestMode::NoCors));
    }
}
