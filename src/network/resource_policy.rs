//! `Cross-Origin-Resource-Policy`: a server's word on who may load what it serves without asking by CORS.
//!
//! Pure: looks at a request and its response.

use url::Url;

use crate::header_list::combined_value;
use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::response::Response;
use crate::network::site::is_schemelessly_same_site;

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check>, for a request of mode `no-cors`.
pub(crate) fn check(request: &Request, response: &Response) -> Result<(), NetworkError> {
    let policy = combined_value(&response.headers, "cross-origin-resource-policy");
    let is_allowed = match policy.as_deref() {
        Some(b"same-origin") => request.is_same_origin(),
        Some(b"same-site") => Url::parse(&request.origin).is_ok_and(|origin| {
            let is_downgraded = origin.scheme() != "https" && request.url.scheme() == "https";
            is_schemelessly_same_site(&origin, &request.url) && !is_downgraded
        }),
        _ => true,
    };
    if is_allowed {
        return Ok(());
    }
    let policy = String::from_utf8_lossy(&policy.unwrap_or_default()).into_owned();
    Err(NetworkError::ResourcePolicy(policy))
}
