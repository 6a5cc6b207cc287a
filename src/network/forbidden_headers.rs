//! Headers that a script may not set on a request.
//!
//! The list is the fetch standard's; the host's own requests are not bound by it.

use http::header::HeaderName;

use crate::header_list::HeaderList;
use crate::network::cors::is_safelisted_header;
use crate::network::request::RequestMode;

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

/// Whether a script may give a request this header, by the guard of its headers; without a value, whether it may delete
/// it.
///
/// <https://fetch.spec.whatwg.org/#headers-validate>. What is no name or no value is let through: to whoever complains.
pub fn may_set_header(name: &str, value: Option<&[u8]>, is_no_cors: bool) -> bool {
    let bytes = value.unwrap_or_default();
    let is_header = HeaderName::from_bytes(name.as_bytes()).is_ok()
        && !bytes.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'));
    if !is_header {
        return true;
    }
    let name = name.to_ascii_lowercase();
    let is_safe = || {
        // Only those who load media ask for a range.
        name != "range"
            && NO_CORS_SAFELISTED.contains(&name.as_str())
            && value.is_none_or(|value| is_safelisted_header(&name, value))
    };
    !is_forbidden(&name, bytes) && (!is_no_cors || is_safe())
}

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

    #[test]
    fn headers_of_no_cors_requests_are_those_of_a_form() {
        let may = |name, value: &str, is_no_cors| {
            may_set_header(name, Some(value.as_bytes()), is_no_cors)
        };
        assert!(may("Accept", "text/plain", true));
        assert!(may("Content-Type", "text/plain", true));
        assert!(!may("Content-Type", "application/json", true));
        assert!(may_set_header("Content-Type", None, true));
        assert!(!may("Range", "bytes=0-", true));
        assert!(!may("X-Token", "1", true));
        assert!(may("X-Token", "1", false));
        assert!(!may("Cookie", "1", false));
        assert!(may("no name", "1", true), "the caller complains");
    }
}
