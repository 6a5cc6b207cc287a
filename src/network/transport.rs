//! One HTTP exchange over a real connection, by reqwest.
//!
//! Knows nothing of redirects, cookies or origins: what it is given goes out, what comes back is returned.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use tokio::sync::OnceCell;
use url::Url;

use crate::header_list::HeaderList;
use crate::network::body::Body;
use crate::network::decode;
use crate::network::error::NetworkError;
use crate::network::request::Request;
use crate::network::resend;
use crate::network::response::Response;
use crate::network::route::Route;

/// So many headers may a response have over HTTP/1. Browsers count only their bytes; here memory for so many is set
/// aside.
const MAX_HEADERS: usize = 1000;

/// So many bytes may the headers of one message have over HTTP/2: Chromium's limit.
pub const MAX_HEADER_BYTES: u32 = 256 << 10;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The pool of connections, made when first needed: loading root certificates costs start-up time.
#[derive(Debug)]
pub(crate) struct Transport {
    client: OnceCell<reqwest::Client>,
    route: Route,
}

impl Transport {
    /// A way to servers with the embedder's changes; refuses certificates that cannot be read.
    pub(crate) fn new(route: Route) -> Result<Self, NetworkError> {
        route.trusted()?;
        Ok(Self {
            client: OnceCell::new(),
            route,
        })
    }

    /// Sends `request` to its address and waits for the head of the response.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Response, NetworkError> {
        let client = self
            .client
            .get_or_try_init(|| async { self.build_client() })
            .await?;
        let url = request.url.clone();
        let outgoing = outgoing(request)?;
        // Boxed: it holds two requests, and is moved around.
        let answer = Box::pin(resend::send(client, outgoing)).await;
        let answer = answer.map_err(|error| classify(&error))?;
        Ok(incoming(answer, url))
    }

    /// A machine without root certificates, as small containers are, can still speak plain HTTP.
    fn build_client(&self) -> Result<reqwest::Client, NetworkError> {
        let trusted = self.route.trusted()?;
        let settings = || self.route.resolve(client_settings());
        let built = settings().tls_certs_merge(trusted.clone()).build();
        let built = built.or_else(|error| {
            tracing::warn!(reason = innermost(&error), "most https requests will fail");
            settings().tls_certs_only(trusted).build()
        });
        built.map_err(|error| NetworkError::Connect(innermost(&error)))
    }
}

fn client_settings() -> reqwest::ClientBuilder {
    resend::noticing(reqwest::Client::builder())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .http1_max_headers(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        // A library does not read environment variables behind its embedder's back.
        .no_proxy()
}

fn outgoing(request: Request) -> Result<reqwest::Request, NetworkError> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|_| {
        NetworkError::InvalidRequest(format!("invalid method `{}`", request.method))
    })?;
    let mut url = request.url;
    url.set_fragment(None);
    let is_upload = matches!(request.method.as_str(), "POST" | "PUT");
    let mut outgoing = reqwest::Request::new(method, url);
    *outgoing.headers_mut() = header_map(&request.headers)?;
    match request.body {
        // "If httpRequest's body is null and method is POST or PUT, then set contentLength to 0."
        Body::Empty if is_upload => {
            let none = HeaderValue::from_static("0");
            outgoing.headers_mut().insert(CONTENT_LENGTH, none);
        }
        Body::Empty => {}
        Body::Bytes(bytes) => *outgoing.body_mut() = Some(reqwest::Body::from(bytes)),
        Body::Stream(chunks) => {
            *outgoing.body_mut() = Some(reqwest::Body::wrap_stream(chunks));
        }
    }
    Ok(outgoing)
}

fn header_map(headers: &HeaderList) -> Result<HeaderMap, NetworkError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let invalid = |_| NetworkError::InvalidRequest(format!("invalid header `{name}`"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(()))?;
        let value = HeaderValue::from_bytes(value).map_err(|_| invalid(()))?;
        map.append(key, value);
    }
    Ok(map)
}

fn incoming(answer: reqwest::Response, url: Url) -> Response {
    let mut response = Response::new(answer.status().as_u16());
    response.status_text = status_text(&answer);
    response.headers = answer
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    response.url_list = vec![url];
    let has_no_body = matches!(response.status, 101 | 204 | 205 | 304);
    if !has_no_body && answer.content_length() != Some(0) {
        let ends_with_connection = answer.version() <= reqwest::Version::HTTP_11
            && !answer.headers().contains_key(CONTENT_LENGTH)
            && !answer.headers().contains_key(TRANSFER_ENCODING);
        let chunks = answer.bytes_stream().take_while(move |chunk| {
            let is_over = ends_with_connection && chunk.as_ref().is_err_and(is_abrupt_end);
            std::future::ready(!is_over)
        });
        let raw = Body::stream(chunks.map_err(|error| classify(&error)).boxed());
        response.body = decode::decode(raw, response.header("content-encoding"));
    } else if !has_no_body {
        response.body = Body::Bytes(Bytes::new());
    }
    response
}

/// hyper keeps the reason phrase only where it is not the usual one; HTTP/2 has none.
fn status_text(answer: &reqwest::Response) -> String {
    if answer.version() >= reqwest::Version::HTTP_2 {
        return String::new();
    }
    match answer.extensions().get::<hyper::ext::ReasonPhrase>() {
        Some(phrase) => String::from_utf8_lossy(phrase.as_bytes()).into_owned(),
        None => answer
            .status()
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Whether the connection was closed without TLS's word for it. Many servers end a body like that whose length they did
/// not tell, and browsers take it for the end.
fn is_abrupt_end(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        let as_io = inner.downcast_ref::<std::io::Error>();
        if as_io.is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof) {
            return true;
        }
        source = inner.source();
    }
    false
}

/// Whose fault it was; the innermost cause says it in the fewest words.
fn classify(error: &reqwest::Error) -> NetworkError {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(own) = inner.downcast_ref::<NetworkError>() {
            return NetworkError::RequestBody(own.to_string());
        }
        source = inner.source();
    }
    if error.is_timeout() && error.is_connect() {
        NetworkError::Connect("timed out while connecting".to_owned())
    } else if error.is_connect() {
        NetworkError::Connect(innermost(error))
    } else {
        NetworkError::Transfer(innermost(error))
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut current: &dyn std::error::Error = error;
    while let Some(inner) = current.source() {
        current = inner;
    }
    current.to_string()
}
