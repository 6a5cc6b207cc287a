//! `landfall serve`: HTTP in front of a worker.

use std::time::Duration;

use crate::support::program::{DONE, Folder, Running, USAGE};

const WORKER: &str = "addEventListener('install', () => skipWaiting());
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === '/hello') event.respondWith(new Response('hello', { headers: { 'x-by': 'worker' } }));
  if (pathname === '/echo') event.respondWith(new Response(event.request.body));
  if (pathname === '/bad') event.respondWith(42);
  if (pathname === '/late') {
    console.log('late asked');
    event.respondWith(new Promise((resolve) => setTimeout(() => resolve(new Response('late')), 300)));
  }
});";

/// A server that runs in a folder with a worker and a file, and its address.
fn serve(folder: &Folder) -> (Running, String) {
    let server = folder.start(&["serve", "sw.js", "--listen", "127.0.0.1:0"]);
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
    let bad = get(&format!("{address}bad")).await;
    assert_eq!(bad.status(), 502);
    assert!(bad.text().await.expect("text").contains("not a Response"));
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
