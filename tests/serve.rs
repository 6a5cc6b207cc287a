//! `landfall serve`: HTTP in front of a worker.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::program::{DONE, Folder, Running, USAGE};
use crate::support::server::{Answer, TestServer};

const WORKER: &str = "addEventListener('install', () => skipWaiting());
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === '/hello') event.respondWith(new Response('hello', { headers: { 'x-by': 'worker' } }));
  if (pathname === '/echo') event.respondWith(new Response(event.request.body));
  if (pathname === '/size') event.respondWith(sizeOf(event.request.body));
  if (pathname === '/headers') event.respondWith(Response.json([...event.request.headers]));
  if (pathname === '/mode') event.respondWith(new Response(event.request.mode));
  if (pathname === '/phrase') event.respondWith(new Response('', { status: 299, statusText: 'Very Well' }));
  if (pathname === '/lies') {
    const headers = { 'transfer-encoding': 'gzip', 'content-length': '999', upgrade: 'h2c', 'content-encoding': 'br' };
    event.respondWith(new Response('truth', { headers }));
  }
  if (pathname === '/later') {
    event.respondWith(new Response('accepted'));
    event.waitUntil(new Promise((resolve) => setTimeout(resolve, 1))
      .then(() => sizeOf(event.request.body))
      .then(async (response) => console.log('later', await response.text())));
  }
  if (pathname === '/again') event.respondWith(Response.redirect('/again'));
  if (pathname === '/far') event.respondWith(fetch(new URL(event.request.url).searchParams.get('to')));
  if (pathname === '/number') event.respondWith(42);
  if (pathname === '/missing') event.respondWith(caches.match('/nothing'));
  if (pathname === '/rejected') event.respondWith(Promise.reject(new Error('no luck')));
  if (pathname === '/error') event.respondWith(Response.error());
  if (pathname === '/used') event.respondWith(used());
  if (pathname === '/broken') event.respondWith(new Response(broken()));
  if (pathname === '/twice') {
    event.respondWith(new Response('first'));
    try { event.respondWith(new Response('second')); } catch ({ name }) { console.log(name); }
  }
  if (pathname === '/throws') throw new Error('thrown');
  if (pathname === '/never') {
    event.respondWith(new Promise(() => {}));
    event.request.signal.addEventListener('abort', () => console.log('given up'));
    console.log('never asked');
  }
  if (pathname === '/late') {
    console.log('late asked');
    event.respondWith(new Promise((resolve) => setTimeout(() => resolve(new Response('late')), 300)));
  }
});
async function sizeOf(body) {
  let size = 0;
  for await (const chunk of body) size += chunk.length;
  return new Response(`${size} bytes`);
}
async function used() {
  const response = new Response('text');
  await response.text();
  return response;
}
function broken() {
  let pulls = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulls++ > 0) controller.error(new Error('broke'));
      else controller.enqueue(new TextEncoder().encode('part'));
    },
  }, { highWaterMark: 0 });
}";

/// A server that runs in a folder with a worker and a file, and its address.
fn serve(folder: &Folder) -> (Running, String) {
    serve_with(folder, &[])
}

fn serve_with(folder: &Folder, options: &[&str]) -> (Running, String) {
    let words = ["serve", "sw.js", "--listen", "127.0.0.1:0"];
    let server = folder.start(&[&words, options].concat());
    let line = server.expect_line("serving http://localhost:");
    let address = line.split(" at ").nth(1).expect("an address").to_owned();
    server.expect_line("activated");
    (server, address)
}

fn folder() -> Folder {
    Folder::with(&[("sw.js", WORKER), ("page.html", "<p>a page</p>")])
}

async fn get(address: &str) -> reqwest::Response {
    reqwest::get(address).await.expect("an answer")
}

#[tokio::test]
async fn every_request_goes_to_the_worker_first_and_then_to_the_folder() {
    let folder = folder();
    let (_server, address) = serve(&folder);
    let hello = get(&format!("{address}hello")).await;
    assert_eq!(hello.headers()["x-by"], "worker");
    assert_eq!(hello.text().await.expect("text"), "hello");
    let page = get(&format!("{address}page.html?x=1")).await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.text().await.expect("text"), "<p>a page</p>");
    assert_eq!(get(&format!("{address}nothing")).await.status(), 404);
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway_that_says_why() {
    let folder = folder();
    let (server, address) = serve(&folder);
    for (path, reason) in [
        ("number", "a value of type number, not a Response"),
        ("missing", "caches.match() finds nothing so"),
        ("rejected", "no luck"),
        ("error", "Response.error()"),
        ("used", "body is already used"),
    ] {
        let answer = get(&format!("{address}{path}")).await;
        assert_eq!(answer.status(), 502, "{path}");
        let text = answer.text().await.expect("text");
        assert!(text.contains(reason), "{path}: {text}");
        // The developer is told as well, and what it was about.
        server.expect_line(reason);
        server.expect_line(&format!(
            "no answer     GET {}{path}: ",
            address.replace("127.0.0.1", "localhost")
        ));
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_of_itself_asks_as_fetch_does() {
    let folder = folder();
    let (_server, address) = serve(&folder);
    let address = format!("{address}mode");
    assert_eq!(get(&address).await.text().await.expect("text"), "cors");
    for (name, value, mode) in [
        ("accept", "text/html", "navigate"),
        ("sec-fetch-mode", "no-cors", "no-cors"),
        ("sec-fetch-mode", "same-origin", "same-origin"),
    ] {
        let request = reqwest::Client::new().get(&address).header(name, value);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("text"), mode);
    }
}

#[tokio::test]
async fn only_the_first_answer_counts_and_a_handler_that_throws_gives_none() {
    let folder = folder();
    let (server, address) = serve(&folder);
    let twice = get(&format!("{address}twice")).await;
    assert_eq!(twice.text().await.expect("text"), "first");
    server.expect_line("InvalidStateError");
    assert_eq!(get(&format!("{address}throws")).await.status(), 404);
    server.expect_line("Error: thrown");
}

#[tokio::test]
async fn an_answer_that_breaks_is_cut_off_and_the_next_one_is_whole() {
    let folder = folder();
    let (server, address) = serve(&folder);
    let broken = get(&format!("{address}broken")).await;
    assert_eq!(broken.status(), 200);
    broken.text().await.expect_err("it is not whole");
    server.expect_line("/broken: the answer broke off: ");
    let hello = get(&format!("{address}hello")).await;
    assert_eq!(hello.text().await.expect("text"), "hello");
}

#[tokio::test]
async fn a_redirect_in_a_circle_goes_to_the_client_and_is_an_error_if_the_worker_follows_it() {
    let (folder, far) = (folder(), TestServer::start());
    let back = Answer::redirect(302, "/circle").header("access-control-allow-origin", "*");
    far.answer("/circle", back);
    let (_server, address) = serve(&folder);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let again = client.get(format!("{address}again")).send().await;
    let again = again.expect("an answer");
    assert_eq!(again.status(), 302);
    let location = again.headers()["location"].to_str().expect("text");
    assert!(location.ends_with("/again"), "{location}");
    let followed = get(&format!("{address}far?to={}", far.url("/circle"))).await;
    assert_eq!(followed.status(), 502);
    let text = followed.text().await.expect("text");
    assert!(text.contains("redirect"), "{text}");
    assert_eq!(far.requests().len(), 21, "the first one and 20 redirects");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_gives_up_is_told_to_the_handler() {
    let folder = folder();
    let (server, address) = serve(&folder);
    let asked = tokio::spawn(async move { reqwest::get(format!("{address}never")).await });
    tokio::task::block_in_place(|| server.expect_line("never asked"));
    asked.abort();
    tokio::task::block_in_place(|| server.expect_line("given up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_answers_is_stopped_after_its_time_limit() {
    let folder = folder();
    let (server, address) = serve_with(&folder, &["--clock", "manual"]);
    let asked = tokio::spawn(async move { get(&format!("{address}never")).await });
    tokio::task::block_in_place(|| server.expect_line("never asked"));
    let advanced = tokio::task::block_in_place(|| folder.landfall(&["clock", "advance", "5m"]));
    assert_eq!(advanced.code, DONE, "{}", advanced.stderr);
    let answer = asked.await.expect("it ran");
    assert_eq!(answer.status(), 502);
    let text = answer.text().await.expect("text");
    assert!(text.contains("stopped before it answered"), "{text}");
}

const REFUSED: &str = "400 Bad Request";

/// Requests, and what their answers contain. The last ones are well formed.
const MALFORMED: &[(&str, &str)] = &[
    ("GARBAGE\r\n\r\n", REFUSED),
    (
        "GET /hello HTTP/1.1\r\nhost: a\r\nbad name: 1\r\n\r\n",
        REFUSED,
    ),
    ("GET /hello HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", REFUSED),
    (
        "GET /hello HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n",
        REFUSED,
    ),
    (
        "GET /hello HTTP/1.1\r\nconnection: close\r\n\r\n",
        "one `Host` header",
    ),
    (
        "GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        "one `Host` header",
    ),
    (
        "GET /hello HTTP/1.1\r\nhost: a b/c\r\nconnection: close\r\n\r\n",
        "one `Host` header",
    ),
    (
        "TRACE /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "405 Method Not Allowed",
    ),
    (
        "POST /size HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        REFUSED,
    ),
    (
        "POST /size HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\nZ\r\n",
        "the request body failed",
    ),
    (
        "POST /size HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\
             connection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "2 bytes",
    ),
    (
        "GET /headers HTTP/1.1\r\nhost: a\r\nx-bytes: \u{e4}\r\nx-empty:\r\nx-twice: 1\r\nx-twice: 2\r\n\
             connection: close\r\n\r\n",
        "[[\"x-bytes\",\"\u{e4}\"],[\"x-empty\",\"\"],[\"x-twice\",\"1, 2\"]]",
    ),
    ("GET /hello HTTP/1.0\r\n\r\n", "hello"),
];

#[test]
fn malformed_requests_are_refused_and_the_worker_sees_the_others_as_they_came() {
    let folder = folder();
    let (_server, address) = serve(&folder);
    for (request, expected) in MALFORMED {
        let answer = sent_raw(&address, request);
        assert!(answer.contains(expected), "{request:?}: {answer}");
    }
    let long = format!(
        "GET /hello HTTP/1.1\r\nhost: a\r\nx: {}",
        "a".repeat(500_000)
    );
    let answer = sent_raw(&address, &long);
    assert!(
        answer.contains("431 Request Header Fields Too Large"),
        "{answer}"
    );
}

#[test]
fn what_a_client_says_of_the_connection_goes_no_further_and_cookies_go_on_as_one() {
    let site = TestServer::start();
    site.answer("/sw.js", Answer::script(WORKER));
    let folder = folder();
    let (_server, address) = serve_with(&folder, &["--upstream", &site.url("/")]);
    sent_raw(
        &address,
        "GET /left HTTP/1.1\r\nhost: a\r\nconnection: close, X-Secret\r\nx-secret: 1\r\nx-open: 1\r\n\
         cookie: a=1\r\ncookie: b=2\r\n\r\n",
    );
    let requests = site.requests();
    let left = requests.iter().find(|request| request.target == "/left");
    let left = left.expect("the worker left it to the server");
    assert_eq!(left.header("x-open"), Some("1"));
    assert_eq!(left.header("x-secret"), None);
    assert_eq!(left.header("cookie"), Some("a=1; b=2"));
}

#[test]
fn what_a_worker_says_of_the_connection_does_not_reach_it() {
    let folder = folder();
    let (_server, address) = serve(&folder);
    let ask = |path| {
        let request = format!("GET /{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        sent_raw(&address, &request)
    };
    let lies = ask("lies");
    assert!(
        lies.contains("content-length: 5\r\n") && lies.ends_with("\r\n\r\ntruth"),
        "{lies}"
    );
    for name in ["transfer-encoding", "upgrade", "content-encoding"] {
        assert!(!lies.contains(name), "{lies}");
    }
    let phrase = ask("phrase");
    assert!(phrase.starts_with("HTTP/1.1 299 Very Well\r\n"), "{phrase}");
}

#[test]
fn an_upload_that_nobody_reads_is_taken_all_the_same() {
    let folder = folder();
    let (server, address) = serve(&folder);
    // More than the buffers of both ends take.
    let upload = "a".repeat(32 << 20);
    for (path, expected) in [
        ("hello", "200 OK"),
        ("number", "502 Bad Gateway"),
        ("page.html", "405 Method Not Allowed"),
        ("later", "accepted"),
    ] {
        let answer = sent_raw(
            &address,
            &format!(
                "POST /{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{upload}",
                upload.len()
            ),
        );
        assert!(answer.contains(expected), "{path}: {answer}");
    }
    // A worker that has answered may still read.
    server.expect_line(&format!("later {} bytes", upload.len()));
}

#[tokio::test]
async fn a_server_that_does_not_speak_http_is_told_to_client_and_developer() {
    let folder = folder();
    let (server, address) = serve(&folder);
    for (answer, reason) in [
        (
            "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
            "invalid HTTP header",
        ),
        ("HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n", "invalid HTTP header"),
        (
            "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n",
            "invalid HTTP header",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "invalid content-length",
        ),
        ("HTTP/1.1 99 Odd\r\n\r\n", "invalid HTTP status-code"),
        ("no HTTP at all\r\n\r\n", "invalid HTTP"),
        ("", "connection closed"),
    ] {
        let far = speak_once(answer);
        let got = get(&format!("{address}far?to={far}")).await;
        assert_eq!(got.status(), 502, "{answer:?}");
        let text = got.text().await.expect("text");
        assert!(
            text.contains(reason) && text.contains(&far),
            "{answer:?}: {text}"
        );
        server.expect_line(&format!("no answer     GET {far}: "));
    }
}

/// The address of a server that gives these bytes to the first client, whatever it asks, and closes the connection.
fn speak_once(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut asked = [0; 4096];
        assert!(stream.read(&mut asked).expect("a request") > 0);
        stream.write_all(answer.as_bytes()).expect("it is sent");
    });
    address
}

/// What a server answers to these bytes, each character one byte, until it closes the connection.
fn sent_raw(address: &str, request: &str) -> String {
    let place = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(place).expect("a connection");
    // A server that neither reads nor answers is a failure, and no endless wait.
    for set in [TcpStream::set_write_timeout, TcpStream::set_read_timeout] {
        set(&stream, Some(Duration::from_secs(60))).expect("a time limit");
    }
    let bytes: Vec<u8> = request.chars().map(|byte| byte as u8).collect();
    stream.write_all(&bytes).expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_upload_does_not_stay_in_memory() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 512;
    let folder = folder();
    let (server, address) = serve(&folder);
    let before = highest_memory(&server);
    let chunks = (0..CHUNKS).map(|_| Ok::<_, std::io::Error>(vec![7; CHUNK]));
    let answer = reqwest::Client::new()
        .post(format!("{address}size"))
        .body(reqwest::Body::wrap_stream(futures::stream::iter(chunks)))
        .send()
        .await
        .expect("an answer");
    let size = format!("{} bytes", CHUNK * CHUNKS);
    assert_eq!(answer.text().await.expect("text"), size);
    let grown = highest_memory(&server) - before;
    assert!(grown < CHUNK * CHUNKS / 2, "{grown} bytes more");
}

/// The most memory that a program has had, in bytes.
#[cfg(target_os = "linux")]
fn highest_memory(program: &Running) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id()));
    let status = status.expect("the program runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.expect("its peak").trim().trim_end_matches(" kB");
    1024 * kilobytes.parse::<usize>().expect("a number")
}

#[tokio::test]
async fn a_body_streams_through_the_worker_in_both_directions() {
    let folder = folder();
    let (_server, address) = serve(&folder);
    let (chunks, body) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(1);
    let body = futures::stream::unfold(
        body,
        |mut body| async move { Some((body.recv().await?, body)) },
    );
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .expect("a client");
    chunks.send(Ok("first ")).await.expect("taken");
    let mut echo = client
        .post(format!("{address}echo"))
        .body(reqwest::Body::wrap_stream(body))
        .send()
        .await
        .expect("an answer before the upload has ended");
    assert_eq!(echo.version(), reqwest::Version::HTTP_2);
    assert_eq!(
        echo.chunk().await.expect("a chunk").as_deref(),
        Some(&b"first "[..])
    );
    chunks.send(Ok("second")).await.expect("taken");
    assert_eq!(
        echo.chunk().await.expect("a chunk").as_deref(),
        Some(&b"second"[..])
    );
    drop(chunks);
    assert_eq!(echo.text().await.expect("the end"), "");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn requests_under_way_come_to_their_end_when_the_server_is_told_to_end() {
    let folder = folder();
    let (mut server, address) = serve(&folder);
    let late = tokio::spawn(async move { get(&format!("{address}late")).await.text().await });
    server.expect_line("late asked");
    server.terminate();
    let text = tokio::time::timeout(Duration::from_secs(20), late).await;
    assert_eq!(
        text.expect("in time").expect("it ran").expect("text"),
        "late"
    );
    assert_eq!(server.code(), DONE);
}

#[test]
fn a_server_is_never_done() {
    folder()
        .landfall(&["serve", "sw.js", "--exit-when-idle"])
        .expect_error(USAGE, &["--exit-when-idle", "landfall run"]);
}

/// On Linux every address of 127.0.0.0/8 is the machine's own: nobody else listens at this one.
#[cfg(target_os = "linux")]
#[test]
fn a_server_is_not_its_own_upstream() {
    let (place, upstream) = ("127.0.0.77:8080", "http://127.0.0.77:8080");
    folder()
        .landfall(&["serve", "/sw.js", "--listen", place, "--upstream", upstream])
        .expect_error(USAGE, &[upstream, "where this server listens"]);
}
