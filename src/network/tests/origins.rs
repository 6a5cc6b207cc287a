//! Who answers for an origin: folder, upstream, handler.

use std::sync::Arc;

use super::server::{Answer, TestServer};
use super::{network, same_origin, url};
use crate::network::origin::OriginServer;
use crate::network::{Body, Network, Response};

const ORIGIN: &str = "http://localhost:4711";

fn folder() -> (tempfile::TempDir, Network) {
    let root = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &[u8]| {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    };
    write("sw.js", b"self.x = 1;");
    write("docs/index.html", b"<p>docs</p>");
    write("name with space.json", b"{}");
    write(".env", b"SECRET=1");
    write("large.bin", &vec![7; 300 * 1024]);
    let network = network();
    network.serve_origin(
        ORIGIN,
        OriginServer::Folder {
            root: root.path().to_owned(),
            accept: vec!["/api/".to_owned()],
        },
    );
    (root, network)
}

async fn ask(network: &Network, method: &str, path: &str) -> Response {
    let request = same_origin(method, &format!("{ORIGIN}{path}"));
    network.fetch(request).await.unwrap()
}

#[tokio::test]
async fn a_folder_serves_files_with_their_types() {
    let (_root, network) = folder();
    let script = ask(&network, "GET", "/sw.js?v=2").await;
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("content-type"),
        Some(b"text/javascript; charset=utf-8".as_slice())
    );
    assert_eq!(script.body.collect().await.unwrap(), "self.x = 1;");
    let json = ask(&network, "GET", "/name%20with%20space.json").await;
    assert_eq!(
        json.header("content-type"),
        Some(b"application/json".as_slice())
    );
    let large = ask(&network, "GET", "/large.bin").await;
    assert_eq!(large.body.collect().await.unwrap().len(), 300 * 1024);
}

#[tokio::test]
async fn a_folder_has_an_index_reached_by_its_slash() {
    let (_root, network) = folder();
    let response = ask(&network, "GET", "/docs").await;
    assert_eq!(
        response.url().map(url::Url::as_str),
        Some("http://localhost:4711/docs/")
    );
    assert_eq!(response.body.collect().await.unwrap(), "<p>docs</p>");
}

#[tokio::test]
async fn a_folder_shows_nothing_hidden_and_nothing_outside() {
    let (root, network) = folder();
    let outside = root
        .path()
        .parent()
        .expect("not the file system's root")
        .join("landfall-outside.txt");
    std::fs::write(&outside, "outside").expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, root.path().join("link.txt")).expect("a link");
    for path in [
        "/.env",
        "/%2e%2e/landfall-outside.txt",
        "/..%2flandfall-outside.txt",
        "/docs/..%5c..%5clandfall-outside.txt",
        "/link.txt",
        "/sw.js/",
        "/missing.js",
        "/%00",
    ] {
        assert_eq!(ask(&network, "GET", path).await.status, 404, "{path}");
    }
    std::fs::remove_file(outside).expect("it was made above");
}

#[tokio::test]
async fn a_folder_takes_uploads_only_where_it_was_told() {
    let (_root, network) = folder();
    assert_eq!(ask(&network, "POST", "/api/messages").await.status, 204);
    let refused = ask(&network, "POST", "/sw.js").await;
    assert_eq!(refused.status, 405);
    assert_eq!(refused.header("allow"), Some(b"GET, HEAD".as_slice()));
}

#[tokio::test]
async fn an_upstream_answers_under_the_public_address() {
    let server = TestServer::start();
    server
        .answer("/app/old", Answer::redirect(302, &server.url("/app/new")))
        .answer("/app/new", Answer::text("up").header("set-cookie", "id=1"))
        .answer("/app/me", Answer::status(200));
    let network = network();
    network.serve_origin(ORIGIN, OriginServer::Upstream(url(&server.url("/app"))));
    let response = ask(&network, "GET", "/old").await;
    assert_eq!(
        response.url().map(url::Url::as_str),
        Some("http://localhost:4711/new")
    );
    assert_eq!(response.body.collect().await.unwrap(), "up");
    ask(&network, "POST", "/me").await;
    let seen = server.requests();
    assert_eq!(seen[2].header("origin"), Some(server.origin().as_str()));
    assert_eq!(seen[2].header("cookie"), Some("id=1"));
}

#[tokio::test]
async fn a_handler_answers_and_its_panic_is_an_error() {
    let network = network();
    let handler = OriginServer::Handler(Arc::new(|request| {
        Box::pin(async move {
            assert_ne!(request.url.path(), "/panic", "as the test wants it");
            let mut response = Response::new(201);
            response.body = Body::Bytes(request.body.collect().await?);
            Ok(response)
        })
    }));
    network.serve_origin(ORIGIN, handler);
    let mut request = same_origin("POST", &format!("{ORIGIN}/echo"));
    request.body = Body::from("ping");
    let response = network.fetch(request).await.unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(response.body.collect().await.unwrap(), "ping");
    assert!(
        network
            .fetch(same_origin("GET", &format!("{ORIGIN}/panic")))
            .await
            .is_err()
    );
}
