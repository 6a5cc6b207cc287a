//! Requests and responses between a script's objects and the network's plain data.
//!
//! The other half is js/fetch/bridge.js. Used by `fetch()`, and for events that carry requests into a worker.

use deno_core::{ByteString, OpState};
use deno_error::JsErrorBox;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::network::{
    Body, CacheMode, CacheState, CredentialsMode, HeaderList, RedirectMode, ReferrerPolicy,
    Request, RequestMode, Response, ResponseType, strip_forbidden_headers,
};
use crate::web::body::{NativeBody, ScriptBody};

type ScriptHeaders = Vec<(ByteString, ByteString)>;

/// Whom requests of a scope come from. Kept in the scope's op state.
#[derive(Debug, Clone)]
pub struct FetchClient {
    /// The serialised origin of the scope.
    pub origin: String,
    /// The address of the scope's script or page.
    pub url: String,
    /// What holds for requests that name no policy of their own.
    pub referrer_policy: ReferrerPolicy,
}

/// Everything of a request but its body, as scripts have it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestHead {
    method: String,
    url: Url,
    headers: ScriptHeaders,
    mode: RequestMode,
    credentials: CredentialsMode,
    redirect: RedirectMode,
    cache: CacheMode,
    referrer: String,
    referrer_policy: ReferrerPolicy,
    integrity: String,
    keepalive: bool,
    destination: String,
    is_reload: bool,
}

/// What `requestToNative` in bridge.js makes of a script's request.
#[derive(Deserialize)]
pub struct ScriptRequest {
    head: RequestHead,
    body: ScriptBody,
}

impl ScriptRequest {
    /// Takes the request of a client out of the script's scope.
    pub fn take(self, client: FetchClient, state: &mut OpState) -> Result<Request, JsErrorBox> {
        let RequestHead { headers, .. } = self.head;
        let mut headers = headers_from_script(headers);
        strip_forbidden_headers(&mut headers, self.head.mode);
        if let Some(length) = self.body.stream_length() {
            headers.push(("Content-Length".to_owned(), length.to_string().into_bytes()));
        }
        Ok(Request {
            method: self.head.method,
            url: self.head.url,
            headers,
            body: self.body.take(state)?,
            mode: self.head.mode,
            credentials: self.head.credentials,
            redirect: self.head.redirect,
            cache: self.head.cache,
            referrer: self.head.referrer,
            referrer_policy: match self.head.referrer_policy {
                ReferrerPolicy::Default => client.referrer_policy,
                own => own,
            },
            integrity: self.head.integrity,
            keepalive: self.head.keepalive,
            partition: client.origin.as_str().into(),
            origin: client.origin,
            client_url: client.url,
            destination: self.head.destination,
            is_reload: self.head.is_reload,
        })
    }
}

/// What `requestFromNative` in bridge.js makes a `Request` of.
pub struct NativeRequest {
    /// Everything but the body, line by line in Latin-1, as js/fetch/native_request.js reads it.
    pub head: Vec<u8>,
    /// Subresource integrity metadata: any text.
    pub integrity: String,
    /// The body, if there is one.
    pub body: Option<NativeBody>,
}

impl NativeRequest {
    /// Brings a request into the script's scope.
    pub fn put(request: Request, state: &mut OpState) -> Self {
        Self {
            head: head_of(&request),
            integrity: request.integrity,
            body: match request.body {
                Body::Empty => None,
                body => Some(NativeBody::put(body, state)),
            },
        }
    }
}

fn head_of(request: &Request) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    let mut line = |text: &[u8]| {
        let start = head.len();
        head.extend_from_slice(text);
        // What a request may hold has no line feeds; one that an embedder put there must not begin another line.
        for byte in &mut head[start..] {
            *byte = if *byte == b'\n' { b' ' } else { *byte };
        }
        head.push(b'\n');
    };
    line(request.method.as_bytes());
    line(request.url.as_str().as_bytes());
    line(request.mode.as_str().as_bytes());
    line(request.credentials.as_str().as_bytes());
    line(request.redirect.as_str().as_bytes());
    line(request.cache.as_str().as_bytes());
    line(request.referrer.as_bytes());
    line(request.referrer_policy.as_str().as_bytes());
    line(if request.keepalive { b"true" } else { b"false" });
    line(request.destination.as_bytes());
    line(if request.is_reload { b"true" } else { b"false" });
    for (name, value) in &request.headers {
        // The network's own: a script neither sets nor sees it.
        if !name.eq_ignore_ascii_case("content-length") {
            line(name.as_bytes());
            line(value);
        }
    }
    head
}

/// Headers as `responseOfText` in bridge.js writes them: name and value in turn, each ended by a line feed.
pub fn headers_from_lines(lines: &[u8]) -> HeaderList {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let mut headers = HeaderList::new();
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        headers.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    headers
}

/// Everything of a response but its body, as scripts have it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseHead {
    kind: ResponseType,
    url_list: Vec<Url>,
    status: u16,
    status_text: ByteString,
    headers: ScriptHeaders,
}

/// What `responseToNative` in bridge.js makes of a script's response.
#[derive(Deserialize)]
pub struct ScriptResponse {
    head: ResponseHead,
    body: ScriptBody,
}

impl ScriptResponse {
    /// Takes the response out of the script's scope.
    pub fn take(self, state: &mut OpState) -> Result<Response, JsErrorBox> {
        Ok(Response {
            kind: self.head.kind,
            url_list: self.head.url_list,
            status: self.head.status,
            status_text: String::from_utf8_lossy(&self.head.status_text).into_owned(),
            headers: headers_from_script(self.head.headers),
            body: self.body.take(state)?,
            cache_state: CacheState::Network,
        })
    }
}

/// What `responseFromNative` in bridge.js makes a `Response` of.
#[derive(Serialize)]
pub struct NativeResponse {
    head: ResponseHead,
    body: NativeBody,
}

impl NativeResponse {
    /// Brings a response into the script's scope, where js/fetch/filtered_response.js hides what is not to be seen.
    pub fn put(response: Response, state: &mut OpState) -> Self {
        Self {
            head: ResponseHead {
                kind: response.kind,
                url_list: response.url_list,
                status: response.status,
                status_text: response.status_text.into(),
                headers: headers_for_script(response.headers),
            },
            body: NativeBody::put(response.body, state),
        }
    }
}

fn headers_from_script(headers: ScriptHeaders) -> HeaderList {
    headers
        .into_iter()
        .map(|(name, value)| (String::from_utf8_lossy(&name).into_owned(), value.to_vec()))
        .collect()
}

fn headers_for_script(headers: HeaderList) -> ScriptHeaders {
    headers
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
