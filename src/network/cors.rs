//! Who may read what across origins: checks, preflight and filtering.
//!
//! Pure: looks at requests and responses, sends nothing.

use http::header::HeaderName;

use crate::header_list::{HeaderList, combined_value};
use crate::network::error::NetworkError;
use crate::network::request::{CredentialsMode, RedirectMode, Request, RequestMode};
use crate::network::response::{Response, ResponseType};

/// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tainting {
    Basic,
    Cors,
    Opaque,
}

impl Tainting {
    /// The response type that hides as much as the tainting asks for.
    pub(crate) fn response_type(self) -> ResponseType {
        match self {
            Self::Basic => ResponseType::Basic,
            Self::Cors => ResponseType::Cors,
            Self::Opaque => ResponseType::Opaque,
        }
    }
}

/// Always visible: <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
const SAFELISTED_RESPONSE_HEADERS: &[&str] = &[
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
];

/// "If request's mode is ...": may this request go to its current address, and what will be visible?
///
/// <https://fetch.spec.whatwg.org/#concept-main-fetch>
pub(crate) fn tainting_for(request: &Request, before: Tainting) -> Result<Tainting, NetworkError> {
    if before == Tainting::Basic && request.is_same_origin() {
        return Ok(Tainting::Basic);
    }
    match request.mode {
        RequestMode::Navigate | RequestMode::Websocket => Ok(Tainting::Basic),
        RequestMode::SameOrigin => Err(NetworkError::NotSameOrigin {
            url: request.url.to_string(),
            origin: request.origin.clone(),
        }),
        RequestMode::NoCors if request.redirect != RedirectMode::Follow => {
            Err(NetworkError::InvalidRequest(
                "mode `no-cors` follows redirects of another origin, no other redirect mode is possible".to_owned(),
            ))
        }
        RequestMode::NoCors => Ok(Tainting::Opaque),
        RequestMode::Cors => Ok(Tainting::Cors),
    }
}

/// Do cookies and `Authorization` of the server travel?
pub(crate) fn includes_credentials(request: &Request, tainting: Tainting) -> bool {
    match request.credentials {
        CredentialsMode::Include => true,
        CredentialsMode::SameOrigin => tainting == Tainting::Basic,
        CredentialsMode::Omit => false,
    }
}

/// Must the other origin be asked first?
pub(crate) fn needs_preflight(request: &Request) -> bool {
    !is_safelisted_method(&request.method) || !unsafe_header_names(&request.headers).is_empty()
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
pub(crate) fn is_safelisted_method(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>, lower case, sorted.
pub(crate) fn unsafe_header_names(headers: &HeaderList) -> Vec<String> {
    let mut safelisted_size = 0;
    let mut potentially = Vec::new();
    let mut names = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if is_safelisted_header(&name, value) {
            safelisted_size += value.len();
            potentially.push(name);
        } else {
            names.push(name);
        }
    }
    if safelisted_size > 1024 {
        names.append(&mut potentially);
    }
    names.sort();
    names.dedup();
    names
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
pub(crate) fn is_safelisted_header(name: &str, value: &[u8]) -> bool {
    if value.len() > 128 {
        return false;
    }
    match name {
        "accept" => !value.iter().copied().any(is_unsafe_byte),
        "accept-language" | "content-language" => value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte)),
        "content-type" => {
            let text = String::from_utf8_lossy(value).to_ascii_lowercase();
            let essence = text.split(';').next().unwrap_or_default().trim();
            !value.iter().copied().any(is_unsafe_byte)
                && matches!(
                    essence,
                    "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
                )
        }
        "range" => is_simple_range(value),
        // Written by the network itself for bodies of known length, never by a script.
        "content-length" => true,
        _ => false,
    }
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte>
fn is_unsafe_byte(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f || b"\"():<>?@[\\]{}".contains(&byte)
}

/// `bytes=0-` or `bytes=0-255`.
fn is_simple_range(value: &[u8]) -> bool {
    let Some(range) = value.strip_prefix(b"bytes=") else {
        return false;
    };
    let Ok(range) = std::str::from_utf8(range) else {
        return false;
    };
    let Some((first, last)) = range.split_once('-') else {
        return false;
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !first.is_empty() && is_number(first) && is_number(last)
}

/// The request that asks for permission: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
pub(crate) fn preflight_request(request: &Request) -> Request {
    let mut preflight = Request::new("OPTIONS", request.url.clone(), &request.origin);
    preflight.partition.clone_from(&request.partition);
    preflight.credentials = CredentialsMode::Omit;
    preflight.referrer.clone_from(&request.referrer);
    preflight.referrer_policy = request.referrer_policy;
    preflight.client_url.clone_from(&request.client_url);
    preflight.destination.clone_from(&request.destination);
    preflight.headers = vec![
        ("Accept".to_owned(), b"*/*".to_vec()),
        (
            "Access-Control-Request-Method".to_owned(),
            request.method.clone().into_bytes(),
        ),
    ];
    let names = unsafe_header_names(&request.headers);
    if !names.is_empty() {
        let value = names.join(",").into_bytes();
        preflight
            .headers
            .push(("Access-Control-Request-Headers".to_owned(), value));
    }
    preflight
}

/// Did the other origin permit `request`? The response has passed [`check`] before.
pub(crate) fn check_preflight(request: &Request, answer: &Response) -> Result<(), NetworkError> {
    if !answer.is_ok() {
        return Err(NetworkError::Cors(format!(
            "the preflight answered {}",
            answer.status
        )));
    }
    let is_credentialed = request.credentials == CredentialsMode::Include;
    let methods = allowed_names(answer, "Access-Control-Allow-Methods")?;
    let any_method = !is_credentialed && methods.iter().any(|method| method == "*");
    if !is_safelisted_method(&request.method) && !any_method && !methods.contains(&request.method) {
        return Err(NetworkError::Cors(format!(
            "method {} is not in `Access-Control-Allow-Methods` of the preflight",
            request.method
        )));
    }
    let allowed = allowed_names(answer, "Access-Control-Allow-Headers")?;
    let any_header = !is_credentialed && allowed.iter().any(|name| name == "*");
    let refused = unsafe_header_names(&request.headers)
        .into_iter()
        .find(|name| {
            let is_listed = allowed
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(name));
            // "*" never covers Authorization.
            !is_listed && (!any_header || name == "authorization")
        });
    match refused {
        Some(name) => Err(NetworkError::Cors(format!(
            "header `{name}` is not in `Access-Control-Allow-Headers` of the preflight"
        ))),
        None => Ok(()),
    }
}

/// <https://fetch.spec.whatwg.org/#concept-cors-check>; `origin` is `null` after a tainted redirect.
pub(crate) fn check(
    request: &Request,
    origin: &str,
    response: &Response,
) -> Result<(), NetworkError> {
    let Some(allowed) = combined_value(&response.headers, "access-control-allow-origin") else {
        return Err(NetworkError::Cors(format!(
            "{} sent no `Access-Control-Allow-Origin` header for origin {origin}",
            request.url.origin().ascii_serialization()
        )));
    };
    let is_credentialed = request.credentials == CredentialsMode::Include;
    if !is_credentialed && allowed == b"*" {
        return Ok(());
    }
    if allowed.as_slice() != origin.as_bytes() {
        return Err(NetworkError::Cors(format!(
            "`Access-Control-Allow-Origin` is `{}`, which does not allow origin {origin}{}",
            String::from_utf8_lossy(&allowed),
            if is_credentialed {
                " with credentials"
            } else {
                ""
            },
        )));
    }
    if is_credentialed && response.header("access-control-allow-credentials") != Some(b"true") {
        return Err(NetworkError::Cors(
            "credentials were sent, but `Access-Control-Allow-Credentials` is not `true`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Removes the headers that a script must not see.
///
/// Opaque responses keep theirs: the type says that nothing is to be shown, and the bridge to scripts obeys.
/// <https://fetch.spec.whatwg.org/#concept-filtered-response>
pub(crate) fn filter_headers(response: &mut Response, credentials: CredentialsMode) {
    response.headers.retain(|(name, _)| {
        !name.eq_ignore_ascii_case("set-cookie") && !name.eq_ignore_ascii_case("set-cookie2")
    });
    if response.kind != ResponseType::Cors {
        return;
    }
    let exposed = listed(&response.headers, "access-control-expose-headers");
    let all = credentials != CredentialsMode::Include && exposed.iter().any(|name| name == "*");
    response.headers.retain(|(name, _)| {
        all || SAFELISTED_RESPONSE_HEADERS
            .iter()
            .any(|safe| name.eq_ignore_ascii_case(safe))
            || exposed
                .iter()
                .any(|exposed| name.eq_ignore_ascii_case(exposed))
    });
}

/// May a service worker's `response` be the answer to a request of these modes?
///
/// <https://fetch.spec.whatwg.org/#concept-http-fetch>, "If one of the following is true".
pub fn check_worker_response(
    mode: RequestMode,
    redirect: RedirectMode,
    response: &Response,
) -> Result<(), NetworkError> {
    let reason = match response.kind {
        ResponseType::Error => "the service worker answered with a network error",
        ResponseType::Cors if mode == RequestMode::SameOrigin => {
            "the service worker answered with a `cors` response, but the request's mode is `same-origin`"
        }
        ResponseType::Opaque if mode != RequestMode::NoCors => {
            "the service worker answered with an `opaque` response, but the request's mode is not `no-cors`"
        }
        ResponseType::OpaqueRedirect if redirect != RedirectMode::Manual => {
            "the service worker answered with an `opaqueredirect` response, but the redirect mode is not `manual`"
        }
        _ if redirect != RedirectMode::Follow && response.url_list.len() > 1 => {
            "the service worker answered with a redirected response, but the redirect mode is not `follow`"
        }
        _ => return Ok(()),
    };
    Err(NetworkError::Handler(reason.to_owned()))
}

/// What a preflight's answer lists; a list that is no list of names allows nothing.
fn allowed_names(answer: &Response, name: &str) -> Result<Vec<String>, NetworkError> {
    let names = listed(&answer.headers, &name.to_ascii_lowercase());
    match names
        .iter()
        .find(|listed| HeaderName::from_bytes(listed.as_bytes()).is_err())
    {
        Some(wrong) => Err(NetworkError::Cors(format!(
            "`{wrong}` in `{name}` of the preflight is no name"
        ))),
        None => Ok(names),
    }
}

/// The comma-separated values of a header over all its lines.
pub(crate) fn listed(headers: &HeaderList, name: &str) -> Vec<String> {
    headers
        .iter()
        .filter(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
        .flat_map(|(_, value)| {
            String::from_utf8_lossy(value)
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|item| !item.is_empty())
        .collect()
}
