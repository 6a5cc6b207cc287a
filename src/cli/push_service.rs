//! `landfall run --push-listen`: a push service, for application servers that send to this host's workers.
//! It speaks HTTP and HTTPS at the same place: some application servers know only the one, some only the other.
//! <https://www.rfc-editor.org/rfc/rfc8030>

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::cli::serve;
use crate::host::{Error, Host, PushMessage, PushReceipt};
use crate::push::{MAX_BODY_BYTES, PushRefusal, PushRequest};

/// The first byte that a client of TLS sends: a record of its handshake.
const TLS_HANDSHAKE: u8 = 22;

/// A push service that ends when it is dropped.
pub(super) struct PushService {
    listening: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A place to listen at.
pub(super) struct PushPlace {
    listener: TcpListener,
    /// What endpoints begin with.
    pub(super) address: Url,
}

impl PushPlace {
    /// Takes it.
    pub(super) async fn take(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = serve::listen(address).await?;
        let listening = listener.local_addr()?;
        let place = if listening.ip().is_unspecified() {
            format!("localhost:{}", listening.port())
        } else {
            listening.to_string()
        };
        let address = Url::parse(&format!("http://{place}/push/"))?;
        Ok(Self { listener, address })
    }

    /// The address of this machine that it is at.
    pub(super) fn ip(&self) -> std::io::Result<IpAddr> {
        Ok(self.listener.local_addr()?.ip())
    }
}

impl PushService {
    /// Begins to take messages for a host's workers.
    pub(super) fn start(host: Host, place: PushPlace, tls: Option<TlsAcceptor>) -> Self {
        let PushPlace { listener, address } = place;
        let listening = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let (host, service, tls) = (host.clone(), address.clone(), tls.clone());
                        tokio::spawn(async move {
                            if let Err(error) = converse(host, service, tls, stream).await {
                                tracing::debug!(error, "a connection to the push service broke");
                            }
                        });
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

type Broken = Box<dyn std::error::Error + Send + Sync>;

async fn converse(
    host: Host,
    service: Url,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
) -> Result<(), Broken> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    match tls {
        Some(tls) if first == [TLS_HANDSHAKE] => {
            let stream = tls.accept(stream).await?;
            speak_http(host, service, stream).await
        }
        _ => speak_http(host, service, stream).await,
    }
}

async fn speak_http(
    host: Host,
    service: Url,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(), Broken> {
    let answering = service_fn(move |request| answer(host.clone(), service.clone(), request));
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), answering)
        .await
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
        let why = "a push message is sent with POST";
        let mut response = told(StatusCode::METHOD_NOT_ALLOWED, why);
        let allowed = HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, allowed);
        return Ok(response);
    }
    let headers = readable(request.headers());
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
