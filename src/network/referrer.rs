//! What the `Referer` and `Origin` headers say.
//!
//! Pure: decided from the request and where it goes.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NoSuchPolicy;
use url::Url;

use crate::header_list::{HeaderList, combined_value};
use crate::network::request::{ReferrerPolicy, Request, RequestMode};

/// <https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer>
pub(crate) fn referer_header(request: &Request, target: &Url) -> Option<String> {
    let source = match request.referrer.as_str() {
        "no-referrer" => return None,
        "client" | "about:client" | "" => Url::parse(&request.client_url).ok()?,
        address => Url::parse(address).ok()?,
    };
    if !matches!(source.scheme(), "http" | "https") {
        return None;
    }
    let full = || Some(strip(source.clone()));
    let origin_only = || Some(format!("{}/", source.origin().ascii_serialization()));
    let is_same_origin = source.origin() == target.origin();
    let is_downgrade = source.scheme() == "https" && target.scheme() != "https";
    match request.referrer_policy {
        ReferrerPolicy::NoReferrer => None,
        ReferrerPolicy::UnsafeUrl => full(),
        ReferrerPolicy::Origin => origin_only(),
        ReferrerPolicy::StrictOrigin if is_downgrade => None,
        ReferrerPolicy::StrictOrigin => origin_only(),
        ReferrerPolicy::NoReferrerWhenDowngrade if is_downgrade => None,
        ReferrerPolicy::NoReferrerWhenDowngrade => full(),
        ReferrerPolicy::SameOrigin if is_same_origin => full(),
        ReferrerPolicy::SameOrigin => None,
        ReferrerPolicy::OriginWhenCrossOrigin if is_same_origin => full(),
        ReferrerPolicy::OriginWhenCrossOrigin => origin_only(),
        ReferrerPolicy::Default | ReferrerPolicy::StrictOriginWhenCrossOrigin => {
            if is_same_origin {
                full()
            } else if is_downgrade {
                None
            } else {
                origin_only()
            }
        }
    }
}

/// Says in the request what "client" and the default policy stand for, which a service worker sees.
/// <https://fetch.spec.whatwg.org/#main-fetch>
pub fn settle_referrer(request: &mut Request) {
    if request.referrer_policy == ReferrerPolicy::Default {
        request.referrer_policy = ReferrerPolicy::StrictOriginWhenCrossOrigin;
    }
    let told = referer_header(request, &request.url);
    request.referrer = told.unwrap_or_else(|| "no-referrer".to_owned());
}

/// The last policy that a response names and we know.
/// <https://w3c.github.io/webappsec-referrer-policy/#parse-referrer-policy-from-header>
pub fn referrer_policy_of(headers: &HeaderList) -> Option<ReferrerPolicy> {
    let value = combined_value(headers, "referrer-policy")?;
    read_referrer_policy(&String::from_utf8_lossy(&value))
}

/// The last policy that we know in the value of a header `Referrer-Policy`.
pub fn read_referrer_policy(value: &str) -> Option<ReferrerPolicy> {
    let value = value.to_ascii_lowercase();
    let names = value
        .rsplit(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let read = |name: &str| -> Result<_, NoSuchPolicy> {
        ReferrerPolicy::deserialize(name.into_deserializer())
    };
    let mut known = names.filter_map(|name| read(name).ok());
    known.next()
}

/// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>, for an origin not tainted by redirects.
pub(crate) fn origin_header(request: &Request, target: &Url, is_cors: bool) -> Option<String> {
    if is_cors || request.mode == RequestMode::Websocket {
        return Some(request.origin.clone());
    }
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return None;
    }
    let is_same_origin = target.origin().ascii_serialization() == request.origin;
    let is_downgrade = request.origin.starts_with("https:") && target.scheme() != "https";
    let hides_origin = request.mode != RequestMode::Cors
        && match request.referrer_policy {
            ReferrerPolicy::NoReferrer => true,
            ReferrerPolicy::SameOrigin => !is_same_origin,
            ReferrerPolicy::Default
            | ReferrerPolicy::NoReferrerWhenDowngrade
            | ReferrerPolicy::StrictOrigin
            | ReferrerPolicy::StrictOriginWhenCrossOrigin => is_downgrade,
            _ => false,
        };
    Some(if hides_origin {
        "null".to_owned()
    } else {
        request.origin.clone()
    })
}

/// <https://w3c.github.io/webappsec-referrer-policy/#strip-url>
fn strip(mut url: Url) -> String {
    // Both fail only for addresses that cannot have credentials, which then have none to strip.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url.into()
}
