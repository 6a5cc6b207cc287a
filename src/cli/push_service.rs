//! `landfall run --push-listen`: a push service on HTTP, for application servers that send to this host's workers.
//! <https://www.rfc-editor.org/rfc/rfc8030>

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use crate::cli::serve;
use crate::host::{Error, Host, PushMessage, PushReceipt};
use crate::push::{MAX_BODY_BYTES, PushRefusal, PushRequest};

/// A push service that ends when it is dropped.
pub(super) struct PushService {
    listening: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Takes a place to listen at, and says what the endpoints there begin with.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<(TcpListener, Url)> {
    let listener = serve::listen(address).await?;
    let listening = listener.local_addr()?;
    let place = if listening.ip().is_unspecified() {
        format!("localhost:{}", listening.port())
    } else {
        listening.to_string()
    };
    let service = Url::parse(&format!("http://{place}/push/"))?;
    Ok((listener, service))
}

impl PushService {
    /// Begins to take messages for a host's workers.
    pub(super) fn start(host: Host, service: Url, listener: TcpListener) -> Self {
        let listening = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(converse(host.clone(), service.clone(), stream));
                    }
                    Err(error) => {
                        // Out of file descriptors, or a client that was gone at once: the next one may do better.
                        tracing::warn!(%error, "a connection to the push service was not accepted");
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        Self { listening }
    }
}

async fn converse(host: Host, service: Url, stream: TcpStream) {
    let answering = service_fn(move |request| answer(host.clone(), service.clone(), request));
    let connection = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), answering)
        .await;
    if let Err(error) = connection {
        tracing::debug!(error, "a connection to the push service broke");
    }
}

async fn answer(
    host: Host,
    service: Url,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut endpoint = service.clone();
    endpoint.set_path(request.uri().path());
    endpoint.set_query(request.uri().query());
    if request.method() != Method::POST {
        return Ok(told(
            StatusCode::METHOD_NOT_ALLOWED,
            "a push message is sent with POST",
        ));
    }
    let headers = readable(request.headers());
    // One byte more than is taken, so that the host sees that it is too much.
    let body = match Limited::new(request.into_body(), MAX_BODY_BYTES)
        .collect()
        .await
    {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(refused(&PushRefusal::TooLarge)),
        Err(error) => return Ok(told(StatusCode::BAD_REQUEST, &error.to_string())),
    };
    let message = PushMessage::Encrypted(PushRequest {
        endpoint,
        headers,
        body,
    });
    Ok(match host.deliver_push(message).await {
        Ok(receipt) => accepted(&service, receipt),
        Err(Error::Push(refusal)) => refused(&refusal),
        Err(error) => told(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    })
}

/// A value that is no text stands for nothing that is known here.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// <https://www.rfc-editor.org/rfc/rfc8030#section-5>
fn accepted(service: &Url, receipt: PushReceipt) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::CREATED;
    let location = service.join(&format!("messages/{}", receipt.id));
    let location = location.map_or_else(|_| service.to_string(), String::from);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    let ttl = HeaderValue::from(receipt.ttl.as_secs());
    response.headers_mut().insert("ttl", ttl);
    response
}

fn refused(refusal: &PushRefusal) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(refusal.http_status());
    let status = status.expect("a refusal has a status of HTTP, and a test looks at each");
    told(status, &refusal.to_string())
}

fn told(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{why}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain;charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("vapid");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}
