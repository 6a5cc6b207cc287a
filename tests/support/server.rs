//! A real HTTP server for tests: answers as it is told, and remembers what it was asked.
//!
//! It runs on a thread of its own, so that blocking and asynchronous tests can use it alike.

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use async_compression::tokio::write::{
    BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder,
};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use futures::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot, watch};

/// What the server was asked.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as far as it came.
    pub body: Vec<u8>,
    /// `false` if the client broke off.
    pub is_complete: bool,
}

impl RecordedRequest {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A scripted answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: AnswerBody,
    encoding: Option<&'static str>,
    held: Option<watch::Receiver<bool>>,
}

#[derive(Debug, Clone)]
enum AnswerBody {
    Whole(Vec<u8>),
    Stream(Arc<Mutex<Option<mpsc::UnboundedReceiver<StreamPiece>>>>),
}

#[derive(Debug)]
enum StreamPiece {
    Chunk(Vec<u8>),
    Cut,
}

impl Answer {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: AnswerBody::Whole(Vec::new()),
            encoding: None,
            held: None,
        }
    }

    /// 200 with a text.
    pub fn text(text: &str) -> Self {
        Self::status(200)
            .header("content-type", "text/plain;charset=utf-8")
            .body(text)
    }

    /// 200 with a script.
    pub fn script(text: &str) -> Self {
        Self::status(200)
            .header("content-type", "text/javascript")
            .body(text)
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = AnswerBody::Whole(body.into());
        self
    }

    /// Sends the body as `gzip`, `deflate`, `raw-deflate`, `br` or `zstd`.
    pub fn encoded(mut self, encoding: &'static str) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// The body comes piece by piece from the test.
    pub fn streamed(mut self) -> (Self, AnswerStream) {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.body = AnswerBody::Stream(Arc::new(Mutex::new(Some(receiver))));
        (self, AnswerStream { sender })
    }

    /// Nothing is answered, not even the status, until the test lets go.
    pub fn held(mut self) -> (Self, Hold) {
        let (sender, receiver) = watch::channel(false);
        self.held = Some(receiver);
        (self, Hold { sender })
    }
}

/// Feeds a streamed body; dropping it ends the body.
#[derive(Debug)]
pub struct AnswerStream {
    sender: mpsc::UnboundedSender<StreamPiece>,
}

impl AnswerStream {
    /// Sends a piece.
    pub fn send(&self, chunk: impl Into<Vec<u8>>) {
        // The client may have gone, which is what some tests are about.
        let _ = self.sender.send(StreamPiece::Chunk(chunk.into()));
    }

    /// Breaks the connection.
    pub fn cut(self) {
        let _ = self.sender.send(StreamPiece::Cut);
    }

    /// Ends when the client no longer reads.
    pub async fn client_gone(&self) {
        self.sender.closed().await;
    }
}

/// Keeps an answer back; dropping it lets go.
#[derive(Debug)]
pub struct Hold {
    sender: watch::Sender<bool>,
}

impl Hold {
    /// The answer may go.
    pub fn let_go(self) {
        self.sender.send_replace(true);
    }
}

#[derive(Debug)]
struct Script {
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    requests: watch::Sender<Vec<RecordedRequest>>,
}

/// A server on a port of its own; it ends when dropped.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    script: Arc<Script>,
    _stop: oneshot::Sender<()>,
}

impl TestServer {
    /// Starts on a free port of the loopback interface.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (requests, _) = watch::channel(Vec::new());
        let script = Arc::new(Script {
            answers: Mutex::default(),
            requests,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let served = script.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async move {
                listener
                    .set_nonblocking(true)
                    .expect("sockets can be non-blocking");
                let listener =
                    tokio::net::TcpListener::from_std(listener).expect("a listening socket");
                let service = axum::Router::new().fallback(answer).with_state(served);
                tokio::select! {
                    result = axum::serve(listener, service) => result.expect("the server serves"),
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            script,
            _stop: stop,
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Requests of any method to `path` (without query) get this answer; several answers follow one another, the last one stays.
    pub fn answer(&self, path: &str, answer: Answer) -> &Self {
        let mut answers = self.script.answers.lock().expect("no answer panics");
        answers
            .entry(path.to_owned())
            .or_default()
            .push_back(answer);
        self
    }

    /// Everything asked so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.script.requests.borrow().clone()
    }

    /// The path and query of everything asked so far.
    pub fn asked(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests.map(|request| request.target).collect()
    }

    /// How often a path and query was asked for so far.
    pub fn times_asked(&self, target: &str) -> usize {
        let asked = self.asked().into_iter();
        asked.filter(|asked| asked == target).count()
    }

    /// Waits until so many requests have come, bodies included.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<RecordedRequest> {
        let mut requests = self.script.requests.subscribe();
        let seen = requests.wait_for(|requests| requests.len() >= count).await;
        seen.expect("the server keeps the sender").clone()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    record(&script, request).await;
    let scripted = {
        let mut answers = script.answers.lock().expect("no answer panics");
        match answers.get_mut(&path) {
            Some(queue) if queue.len() > 1 => queue.pop_front(),
            Some(queue) => queue.front().cloned(),
            None => None,
        }
    };
    let scripted = scripted.unwrap_or_else(|| Answer::status(404));
    if let Some(mut held) = scripted.held.clone() {
        // An error means that the holder is gone, which lets go as well.
        let _ = held.wait_for(|may_go| *may_go).await;
    }
    respond(scripted).await
}

async fn record(script: &Script, request: Request<Body>) {
    let (head, body) = request.into_parts();
    let mut received = Vec::new();
    let mut chunks = body.into_data_stream();
    let mut is_complete = true;
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => received.extend_from_slice(&chunk),
            Err(_) => is_complete = false,
        }
    }
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let recorded = RecordedRequest {
        method: head.method.to_string(),
        target: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers,
        body: received,
        is_complete,
    };
    script
        .requests
        .send_modify(|requests| requests.push(recorded));
}

async fn respond(answer: Answer) -> Response<Body> {
    let body = match answer.body {
        AnswerBody::Whole(bytes) => match answer.encoding {
            Some(encoding) => Body::from(encode(encoding, &bytes).await),
            None => Body::from(bytes),
        },
        AnswerBody::Stream(pieces) => {
            let receiver = pieces.lock().expect("no answer panics").take();
            let receiver = receiver.expect("a streamed answer is given once");
            Body::from_stream(futures::stream::unfold(receiver, next_piece))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).expect("a status code");
    for (name, value) in &answer.headers {
        response.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
            HeaderValue::from_str(value).expect("a header value"),
        );
    }
    if let Some(encoding) = answer.encoding {
        let name = encoding.strip_prefix("raw-").unwrap_or(encoding);
        response
            .headers_mut()
            .insert("content-encoding", HeaderValue::from_static(name));
    }
    response
}

type Pieces = mpsc::UnboundedReceiver<StreamPiece>;

async fn next_piece(mut pieces: Pieces) -> Option<(Result<Vec<u8>, std::io::Error>, Pieces)> {
    match pieces.recv().await? {
        StreamPiece::Chunk(chunk) => Some((Ok(chunk), pieces)),
        // An error in the body makes the server close the connection without a proper end.
        StreamPiece::Cut => Some((Err(std::io::Error::other("cut by the test")), pieces)),
    }
}

/// The bytes in one of HTTP's codings.
async fn encode(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    macro_rules! encode_with {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(bytes).await.expect("memory takes it");
            encoder.shutdown().await.expect("memory takes it");
            encoder.into_inner()
        }};
    }
    match encoding {
        "gzip" => encode_with!(GzipEncoder),
        "deflate" => encode_with!(ZlibEncoder),
        "raw-deflate" => encode_with!(DeflateEncoder),
        "br" => encode_with!(BrotliEncoder),
        "zstd" => encode_with!(ZstdEncoder),
        // What a server claims need not be true.
        _ => bytes.to_vec(),
    }
}
