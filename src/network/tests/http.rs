//! What goes over the wire and what comes back.

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::server::{Answer, TestServer};
use super::{network, same_origin};
use crate::network::{Body, CacheMode, CredentialsMode, NetworkError, Response, ResponseType};

async fn text(response: Response) -> String {
    let bytes = response.body.collect().await.expect("the body arrives");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_get_brings_back_status_headers_and_body() {
    let server = TestServer::start();
    server.answer("/hello", Answer::text("hi").header("x-mark", "1"));
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/hello?a=b#c")))
        .await
        .unwrap();
    assert_eq!(response.kind, ResponseType::Basic);
    assert_eq!(
        (response.status, response.status_text.as_str()),
        (200, "OK")
    );
    assert_eq!(response.header("X-Mark"), Some(b"1".as_slice()));
    assert_eq!(text(response).await, "hi");

    let seen = &server.requests()[0];
    assert_eq!(seen.target, "/hello?a=b");
    assert_eq!(seen.header("user-agent"), Some("landfall-test/1"));
    assert_eq!(seen.header("accept"), Some("*/*"));
    assert_eq!(seen.header("accept-language"), Some("en-GB,en"));
    assert_eq!(seen.header("referer"), Some(server.url("/sw.js").as_str()));
    assert_eq!(
        seen.header("origin"),
        None,
        "same-origin GET names no origin"
    );
}

#[tokio::test]
async fn a_response_has_hundreds_of_headers() {
    let server = TestServer::start();
    let answer = (0..300).fold(Answer::status(200), |answer, number| {
        answer.header(&format!("x-{number}"), "1")
    });
    server.answer("/many", answer);
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/many")))
        .await
        .unwrap();
    assert_eq!(response.header("x-299"), Some(b"1".as_slice()));
}

#[tokio::test]
async fn a_post_has_its_length_and_origin() {
    let server = TestServer::start();
    server.answer("/items", Answer::status(201));
    let network = network();
    let mut request = same_origin("POST", &server.url("/items"));
    request.body = Body::from("{\"a\":1}");
    network.fetch(request).await.unwrap();
    network
        .fetch(same_origin("POST", &server.url("/items")))
        .await
        .unwrap();

    let seen = server.requests();
    assert_eq!(seen[0].text(), "{\"a\":1}");
    assert_eq!(seen[0].header("content-length"), Some("7"));
    assert_eq!(seen[0].header("origin"), Some(server.origin().as_str()));
    assert_eq!(
        seen[1].header("content-length"),
        Some("0"),
        "an empty POST says so"
    );
}

#[tokio::test]
async fn a_streamed_body_goes_out_in_chunks() {
    let server = TestServer::start();
    server.answer("/upload", Answer::status(204));
    let (sender, receiver) = mpsc::channel::<Result<Bytes, NetworkError>>(1);
    let mut request = same_origin("PUT", &server.url("/upload"));
    request.body = Body::stream(futures::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }));
    let network = network();
    let answered = tokio::spawn(async move { network.fetch(request).await });
    sender.send(Ok(Bytes::from("one,"))).await.unwrap();
    sender.send(Ok(Bytes::from("two"))).await.unwrap();
    drop(sender);
    assert_eq!(answered.await.unwrap().unwrap().status, 204);
    let seen = &server.requests()[0];
    assert_eq!(seen.text(), "one,two");
    assert_eq!(seen.header("transfer-encoding"), Some("chunked"));
}

#[tokio::test]
async fn a_failing_request_body_fails_the_request() {
    let server = TestServer::start();
    let mut request = same_origin("POST", &server.url("/upload"));
    request.body = Body::stream(futures::stream::iter([
        Ok(Bytes::from("half")),
        Err(NetworkError::RequestBody("the script gave up".to_owned())),
    ]));
    let network = network();
    let error = network.fetch(request).await.unwrap_err();
    assert!(
        matches!(&error, NetworkError::RequestBody(reason) if reason.contains("gave up")),
        "{error:?}"
    );
}

#[tokio::test]
async fn every_content_coding_is_undone() {
    let server = TestServer::start();
    let network = network();
    for encoding in ["gzip", "deflate", "raw-deflate", "br", "zstd"] {
        let path = format!("/{encoding}");
        server.answer(
            &path,
            Answer::text("squeezed squeezed squeezed").encoded(encoding),
        );
        let response = network
            .fetch(same_origin("GET", &server.url(&path)))
            .await
            .unwrap();
        assert!(
            response.header("content-encoding").is_some(),
            "stays visible: {encoding}"
        );
        assert_eq!(
            text(response).await,
            "squeezed squeezed squeezed",
            "{encoding}"
        );
    }
    let offered = server.requests()[0]
        .header("accept-encoding")
        .map(str::to_owned);
    assert_eq!(offered.as_deref(), Some("gzip, deflate, br, zstd"));
}

#[tokio::test]
async fn a_body_that_is_not_what_it_claims_is_an_error() {
    let server = TestServer::start();
    let lie = Answer::text("no gzip at all").header("content-encoding", "gzip");
    server.answer("/lie", lie);
    server.answer(
        "/empty",
        Answer::status(200).header("content-encoding", "gzip"),
    );
    server.answer(
        "/unknown",
        Answer::text("plain").header("content-encoding", "sdch"),
    );
    let network = network();
    let get = async |path: &str| {
        network
            .fetch(same_origin("GET", &server.url(path)))
            .await
            .unwrap()
    };
    let error = get("/lie").await.body.collect().await.unwrap_err();
    assert_eq!(error, NetworkError::Decode("gzip".to_owned()));
    assert_eq!(text(get("/empty").await).await, "");
    assert_eq!(text(get("/unknown").await).await, "plain");
}

#[tokio::test]
async fn a_body_streams_as_it_arrives() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/slow", answer);
    pieces.send("first");
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/slow")))
        .await
        .unwrap();
    let mut chunks = response.body.into_stream();
    assert_eq!(chunks.next().await.unwrap().unwrap(), "first");
    pieces.send("second");
    assert_eq!(chunks.next().await.unwrap().unwrap(), "second");
    drop(pieces);
    assert!(chunks.next().await.is_none());
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_an_error() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/cut", answer);
    pieces.send("half");
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/cut")))
        .await
        .unwrap();
    pieces.cut();
    let error = response.body.collect().await.unwrap_err();
    assert!(matches!(error, NetworkError::Transfer(_)), "{error:?}");
}

#[tokio::test]
async fn dropping_the_body_ends_the_transfer() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/endless", answer);
    pieces.send("begin");
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/endless")))
        .await
        .unwrap();
    drop(response);
    pieces.client_gone().await;
}

#[tokio::test]
async fn dropping_the_request_ends_it() {
    let server = TestServer::start();
    let (answer, hold) = Answer::status(200).held();
    server.answer("/held", answer);
    let network = network();
    let waiting = tokio::spawn({
        let network = network.clone();
        let request = same_origin("GET", &server.url("/held"));
        async move { network.fetch(request).await }
    });
    server.wait_for_requests(1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    hold.let_go();
}

#[tokio::test]
async fn null_body_statuses_and_head_have_no_body() {
    let server = TestServer::start();
    server
        .answer("/none", Answer::status(204))
        .answer("/page", Answer::text("not for HEAD"));
    let network = network();
    let none = network
        .fetch(same_origin("GET", &server.url("/none")))
        .await
        .unwrap();
    assert!(none.body.is_empty());
    let head = network
        .fetch(same_origin("HEAD", &server.url("/page")))
        .await
        .unwrap();
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), Some(b"12".as_slice()));
}

#[tokio::test]
async fn cookies_are_sent_by_length_of_path_and_then_by_age() {
    let server = TestServer::start();
    for (name, path) in [("d", "/"), ("a", "/"), ("c", "/in"), ("b", "/in")] {
        let set = Answer::status(200).header("set-cookie", &format!("{name}=1; Path={path}"));
        server.answer(&format!("/{name}"), set);
    }
    server.answer("/in", Answer::status(200));
    let network = network();
    for path in ["/d", "/a", "/c", "/b", "/in"] {
        let request = same_origin("GET", &server.url(path));
        network.fetch(request).await.unwrap();
    }
    let seen = server.requests();
    assert_eq!(seen[4].header("cookie"), Some("c=1; b=1; d=1; a=1"));
}

#[tokio::test]
async fn cookies_come_back_to_their_server_and_nobody_sees_them() {
    let server = TestServer::start();
    let set = Answer::status(200).header("set-cookie", "id=7; Path=/; HttpOnly");
    server
        .answer("/login", set)
        .answer("/me", Answer::status(200));
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/login")))
        .await
        .unwrap();
    assert_eq!(response.header("set-cookie"), None);
    network
        .fetch(same_origin("GET", &server.url("/me")))
        .await
        .unwrap();
    let mut anonymous = same_origin("GET", &server.url("/me"));
    anonymous.credentials = CredentialsMode::Omit;
    network.fetch(anonymous).await.unwrap();
    network.clear_origin(&server.origin());
    network
        .fetch(same_origin("GET", &server.url("/me")))
        .await
        .unwrap();

    let cookies: Vec<Option<String>> = server.requests()[1..]
        .iter()
        .map(|request| request.header("cookie").map(str::to_owned))
        .collect();
    assert_eq!(cookies, [Some("id=7".to_owned()), None, None]);
}

#[tokio::test]
async fn cache_modes_tell_the_servers_in_between() {
    let server = TestServer::start();
    server.answer("/fresh", Answer::status(200));
    let network = network();
    let mut request = same_origin("GET", &server.url("/fresh"));
    request.cache = CacheMode::NoCache;
    network.fetch(request).await.unwrap();
    assert_eq!(
        server.requests()[0].header("cache-control"),
        Some("max-age=0")
    );
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let network = network();
    let error = async |address: &str| {
        network
            .fetch(same_origin("GET", address))
            .await
            .unwrap_err()
    };
    assert_eq!(
        error("http://localhost:25/").await,
        NetworkError::BlockedPort(25)
    );
    assert_eq!(
        error("file:///etc/passwd").await,
        NetworkError::UnsupportedScheme("file".to_owned())
    );
    // Nobody listens on a port that was free a moment ago.
    let refused = TestServer::start().url("/");
    assert!(matches!(
        error(&refused).await,
        NetworkError::Connect(_) | NetworkError::Transfer(_)
    ));
}

#[tokio::test]
async fn data_addresses_answer_themselves() {
    let response = network()
        .fetch(same_origin("GET", "data:text/plain;base64,aGVsbG8="))
        .await
        .unwrap();
    assert_eq!(
        response.header("content-type"),
        Some(b"text/plain".as_slice())
    );
    assert_eq!(text(response).await, "hello");
}

#[tokio::test]
async fn integrity_is_checked_before_anything_is_seen() {
    let server = TestServer::start();
    server.answer("/lib.js", Answer::text("alert('Hello, world.');"));
    let network = network();
    let with_integrity = |metadata: &str| {
        let mut request = same_origin("GET", &server.url("/lib.js"));
        request.integrity = metadata.to_owned();
        request
    };
    let right = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
    assert!(network.fetch(with_integrity(right)).await.is_ok());
    let wrong = network
        .fetch(with_integrity("sha256-AAAA"))
        .await
        .unwrap_err();
    assert!(matches!(wrong, NetworkError::Integrity(_)));
}
