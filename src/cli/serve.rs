//! `landfall serve`: HTTP in front of a worker. Each request becomes a `fetch` event; what the worker leaves alone
//! goes to whoever answers for the origin.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures::stream::MapOk;
use futures::{Stream, StreamExt, TryStreamExt, ready};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyDataStream, BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::cli::certificate::Certificate;
use crate::clock::{Clock, SystemClock};
use crate::host::{Host, HostInside};
use crate::network::{
    Body, BodyStream, CredentialsMode, HeaderList, MAX_HEADER_BYTES, NetworkError, RedirectMode,
    Request, RequestMode, Response,
};

/// How long requests under way may take when the server is told to end.
const GRACE: Duration = Duration::from_secs(10);

/// Headers that are about one connection, or that whoever sends the message sets anew.
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

type AnswerBody = Either<Full<Bytes>, StreamBody<MapOk<BodyStream, fn(Bytes) -> Frame<Bytes>>>>;

/// Takes a place to listen at.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen at {address}"))
}

/// Where the server listens, and what it shows its clients there.
pub(super) struct Place {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    /// Shown to those who speak HTTPS; without it HTTP is spoken.
    pub(super) certificate: Option<Certificate>,
}

impl Place {
    /// Takes it.
    pub(super) async fn take(
        address: SocketAddr,
        certificate: Option<Certificate>,
    ) -> anyhow::Result<Self> {
        let tls = certificate
            .as_ref()
            .map(|certificate| certificate.acceptor(&["h2", "http/1.1"]));
        Ok(Self {
            tls: tls.transpose()?,
            certificate,
            listener: listen(address).await?,
        })
    }

    /// Where it is.
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Whether an address leads back here.
    pub(super) fn is_meant_by(&self, url: &Url) -> bool {
        let Ok(here) = self.address() else {
            return false;
        };
        let is_here =
            |ip: IpAddr| ip == here.ip() || (here.ip().is_unspecified() && ip.is_loopback());
        let has_host = match url.host() {
            Some(url::Host::Ipv4(ip)) => is_here(ip.into()),
            Some(url::Host::Ipv6(ip)) => is_here(ip.into()),
            Some(url::Host::Domain(name)) => {
                name == "localhost" && (here.ip().is_loopback() || here.ip().is_unspecified())
            }
            None => false,
        };
        has_host && url.port_or_known_default() == Some(here.port())
    }

    /// Of its addresses.
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Serves until `stop`, then lets requests under way come to their end. Runs on the host's thread, so that a request
/// goes to the worker's thread and back and nowhere else.
pub(super) async fn serve(
    host: &Host,
    origin: &Url,
    place: Place,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let (origin, stop) = (origin.clone(), stop.clone());
    // A socket belongs to the runtime of the thread that it is used on.
    let Place { listener, tls, .. } = place;
    let listener = listener.into_std()?;
    host.run_inside(async move |host| match TcpListener::from_std(listener) {
        Ok(listener) => accept(host, origin, listener, tls, stop).await,
        Err(error) => tracing::error!(%error, "the server did not start"),
    })
    .await;
    Ok(())
}

async fn accept(
    host: HostInside,
    origin: Url,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    let mut builder = auto::Builder::new(OnThisThread);
    // Over HTTP/1 it takes a hundred, as other servers do: for more hyper would set memory aside for each request.
    builder.http2().max_header_list_size(MAX_HEADER_BYTES);
    let serialised: Rc<str> = origin.origin().ascii_serialization().into();
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or a client that was gone at once: the next one may do better.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (host, origin, serialised) = (host.clone(), origin.clone(), Rc::clone(&serialised));
        let service = service_fn(move |request| {
            let host = host.clone();
            let request = request_from(request, &origin, &serialised);
            async move { Ok::<_, Infallible>(answer(&host, request).await) }
        });
        let (builder, watcher) = (builder.clone(), connections.watcher());
        let (tls, stop) = (tls.clone(), stop.clone());
        tokio::task::spawn_local(async move {
            let served = match tls {
                None => {
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    watcher.watch(connection.into_owned()).await
                }
                Some(tls) => {
                    let Some(stream) = shake_hands(&tls, stream, &stop).await else {
                        return;
                    };
                    let connection = builder.serve_connection(TokioIo::new(stream), service);
                    watcher.watch(connection.into_owned()).await
                }
            };
            if let Err(error) = served {
                tracing::debug!(error, "a connection broke");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = SystemClock.sleep(GRACE) => {
            tracing::warn!("requests were cut off after {} s", GRACE.as_secs());
        }
    }
}

/// Agrees with a client on how to speak TLS; `None` if it does not, or not in time.
async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    stop: &CancellationToken,
) -> Option<TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        shaken = tls.accept(stream) => shaken,
        () = SystemClock.sleep(GRACE) => return None,
        // It has asked for nothing yet.
        () = stop.cancelled() => return None,
    };
    // Plain HTTP, or a client that does not trust the certificate.
    shaken
        .inspect_err(|error| tracing::debug!(%error, "a client did not speak TLS"))
        .ok()
}

/// Where the streams of an HTTP/2 connection run: where the connection does.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future<Output: 'static> + 'static> Executor<F> for OnThisThread {
    fn execute(&self, stream: F) {
        tokio::task::spawn_local(stream);
    }
}

async fn answer(
    host: &HostInside,
    request: Result<Request, Refusal>,
) -> http::Response<AnswerBody> {
    let request = match request {
        Ok(request) => request,
        Err((status, reason)) => return plain(status, format!("{reason}\n")),
    };
    match host.fetch(request).await {
        Ok(response) => response_from(response),
        // A network error, in words: a browser would show its own page.
        Err(error) => plain(StatusCode::BAD_GATEWAY, format!("{error}\n")),
    }
}

/// The status and the text of an answer to what no worker gets to see.
type Refusal = (StatusCode, &'static str);

/// Why no worker gets to see a request: HTTP wants it refused
/// (<https://www.rfc-editor.org/rfc/rfc9112#section-3.2>), or no browser would have sent it
/// (<https://fetch.spec.whatwg.org/#forbidden-method>).
fn refusal(request: &http::Request<Incoming>) -> Option<Refusal> {
    if matches!(request.method().as_str(), "CONNECT" | "TRACE" | "TRACK") {
        return Some((
            StatusCode::METHOD_NOT_ALLOWED,
            "browsers send no such method, and so the service worker does not get it",
        ));
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_clear = match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            host.is_empty() || http::uri::Authority::try_from(host.as_bytes()).is_ok()
        }
        (None, _) => request.version() != http::Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    (!is_clear).then_some((
        StatusCode::BAD_REQUEST,
        "a request of HTTP/1.1 has one `Host` header, with a host and perhaps a port",
    ))
}

/// The request as a browser would have sent it: what an HTTP client does not say of itself is that of a script of the
/// origin.
fn request_from(
    request: http::Request<Incoming>,
    origin: &Url,
    serialised: &str,
) -> Result<Request, Refusal> {
    if let Some(refusal) = refusal(&request) {
        return Err(refusal);
    }
    let (head, body) = request.into_parts();
    let mut url = origin.clone();
    url.set_path(head.uri.path());
    url.set_query(head.uri.query());
    let said = |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let (mode, accept) = (said(&SEC_FETCH_MODE), said(&header::ACCEPT));
    let mode = mode_of(mode, accept, head.method.as_str());
    let referrer = said(&header::REFERER).and_then(|text| Url::parse(text).ok());
    let page = referrer
        .as_ref()
        .filter(|page| page.origin() == origin.origin());
    Ok(Request {
        mode,
        credentials: CredentialsMode::Include,
        redirect: if mode == RequestMode::Navigate {
            RedirectMode::Manual
        } else {
            RedirectMode::Follow
        },
        destination: match said(&SEC_FETCH_DEST) {
            Some("empty") => String::new(),
            Some(destination) => destination.to_owned(),
            None if mode == RequestMode::Navigate => "document".to_owned(),
            None => String::new(),
        },
        client_url: page.map(Url::to_string).unwrap_or_default(),
        referrer: referrer
            .as_ref()
            .map_or_else(|| "no-referrer".to_owned(), Url::to_string),
        headers: headers_from(&head.headers),
        body: body_from(body, head.version),
        ..Request::new(head.method.as_str(), url, serialised)
    })
}

fn mode_of(said: Option<&str>, accept: Option<&str>, method: &str) -> RequestMode {
    match said {
        Some("navigate") => RequestMode::Navigate,
        Some("no-cors") => RequestMode::NoCors,
        Some("cors") => RequestMode::Cors,
        Some(_) => RequestMode::SameOrigin,
        None if method == "GET" && accept.is_some_and(|accept| accept.contains("text/html")) => {
            RequestMode::Navigate
        }
        // That of fetch().
        None => RequestMode::Cors,
    }
}

/// What goes on to the worker and the origin. `Accept-Encoding` does not: the answer is sent as the worker has it.
fn headers_from(headers: &http::HeaderMap) -> HeaderList {
    let connection = headers.get_all(header::CONNECTION).into_iter();
    let connection = connection.filter_map(|names| names.to_str().ok());
    let named: Vec<&str> = connection.flat_map(|names| names.split(',')).collect();
    let is_named = |name: &str| named.iter().any(|it| it.trim().eq_ignore_ascii_case(name));
    let passed_on = headers.iter().filter(|(name, _)| {
        ![header::HOST, header::ACCEPT_ENCODING, header::COOKIE].contains(name)
            && !OF_THE_CONNECTION.contains(&name.as_str())
            && !is_named(name.as_str())
    });
    let mut list: HeaderList = passed_on
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    // HTTP/2 may split them: <https://www.rfc-editor.org/rfc/rfc9113.html#section-8.2.3>
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let cookies: Vec<&[u8]> = cookies.map(http::HeaderValue::as_bytes).collect();
    if !cookies.is_empty() {
        list.push((header::COOKIE.to_string(), cookies.join(&b"; "[..])));
    }
    list
}

fn body_from(body: Incoming, version: http::Version) -> Body {
    if hyper::body::Body::is_end_stream(&body) {
        return Body::Empty;
    }
    let failed = |error: hyper::Error| NetworkError::RequestBody(error.to_string());
    if version >= http::Version::HTTP_2 {
        return Body::stream(body.into_data_stream().map_err(failed));
    }
    let upload = Upload {
        body: Some(body.into_data_stream()),
        runtime: Handle::current(),
    };
    Body::stream(upload.map_err(failed))
}

/// The body of a request of HTTP/1. What nobody wants of it is read and thrown away: a client may look for the answer
/// only when it has sent everything, and would not see it if the connection were closed before.
struct Upload {
    body: Option<BodyDataStream<Incoming>>,
    runtime: Handle,
}

impl Stream for Upload {
    type Item = Result<Bytes, hyper::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let chunk = ready!(body.poll_next_unpin(context));
        if !matches!(chunk, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(chunk)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut rest) = self.body.take() {
            // Ends with the connection, if not before.
            self.runtime
                .spawn(async move { while let Some(Ok(_)) = rest.next().await {} });
        }
    }
}

fn response_from(response: Response) -> http::Response<AnswerBody> {
    let Ok(status) = StatusCode::from_u16(response.status) else {
        return plain(
            StatusCode::BAD_GATEWAY,
            "the service worker answered with a response that has no status\n".to_owned(),
        );
    };
    let body = match response.body {
        Body::Empty => Either::Left(Full::default()),
        Body::Bytes(bytes) => Either::Left(Full::new(bytes)),
        Body::Stream(chunks) => {
            let frame: fn(Bytes) -> Frame<Bytes> = Frame::data;
            Either::Right(StreamBody::new(chunks.map_ok(frame)))
        }
    };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    if !response.status_text.is_empty() || status.canonical_reason().is_none() {
        // What HTTP/1 cannot say is left out.
        let phrase = ReasonPhrase::try_from(response.status_text.into_bytes());
        if let Ok(phrase) = phrase {
            answer.extensions_mut().insert(phrase);
        }
    }
    let headers = answer.headers_mut();
    for (name, value) in &response.headers {
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value),
        ) else {
            continue;
        };
        // The body is decoded, and its length is counted anew.
        let is_of_the_wire = name == header::CONTENT_ENCODING || name == header::CONTENT_LENGTH;
        if !is_of_the_wire && !OF_THE_CONNECTION.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    answer
}

fn plain(status: StatusCode, text: String) -> http::Response<AnswerBody> {
    let mut answer = http::Response::new(Either::Left(Full::from(text)));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain;charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}
