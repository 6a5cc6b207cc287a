//! Redirects by mode, and what they do to a request.

use bytes::Bytes;

use super::server::{Answer, TestServer};
use super::{network, same_origin};
use crate::network::redirect::becomes_get;
use crate::network::{Body, NetworkError, RedirectMode, ReferrerPolicy, ResponseType};

#[test]
fn only_some_statuses_turn_the_method_into_get() {
    let table = [
        (301, "POST", true),
        (302, "POST", true),
        (303, "POST", true),
        (303, "DELETE", true),
        (301, "PUT", false),
        (303, "HEAD", false),
        (307, "POST", false),
        (308, "POST", false),
    ];
    for (status, method, expected) in table {
        assert_eq!(becomes_get(status, method), expected, "{status} {method}");
    }
}

#[tokio::test]
async fn redirects_are_followed_and_listed() {
    let server = TestServer::start();
    server
        .answer("/a", Answer::redirect(302, "b?x=1"))
        .answer("/b", Answer::redirect(301, &server.url("/c")))
        .answer("/c", Answer::text("there"));
    let network = network();
    let response = network
        .fetch(same_origin("GET", &server.url("/a#part")))
        .await
        .unwrap();
    let listed: Vec<&str> = response.url_list.iter().map(url::Url::as_str).collect();
    let expected = [
        server.url("/a#part"),
        server.url("/b?x=1#part"),
        server.url("/c#part"),
    ];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_post_is_sent_again_or_becomes_a_get() {
    let server = TestServer::start();
    server
        .answer("/temporary", Answer::redirect(307, "/end"))
        .answer("/found", Answer::redirect(302, "/end"))
        .answer("/end", Answer::status(200));
    let network = network();
    for path in ["/temporary", "/found"] {
        let mut request = same_origin("POST", &server.url(path));
        request
            .headers
            .push(("Content-Type".to_owned(), b"text/plain".to_vec()));
        request.body = Body::from("message");
        network.fetch(request).await.unwrap();
    }
    let seen = server.requests();
    assert_eq!(
        (seen[1].method.as_str(), seen[1].text().as_str()),
        ("POST", "message")
    );
    assert_eq!(
        (seen[3].method.as_str(), seen[3].text().as_str()),
        ("GET", "")
    );
    assert_eq!(seen[3].header("content-type"), None);
}

#[tokio::test]
async fn a_streamed_body_cannot_be_sent_again() {
    let server = TestServer::start();
    let network = network();
    for status in [301, 302, 303, 307, 308] {
        let path = format!("/{status}");
        server.answer(&path, Answer::redirect(status, "/end"));
        let mut request = same_origin("POST", &server.url(&path));
        request.body = Body::stream(futures::stream::iter([Ok(Bytes::from("once"))]));
        let answered = network.fetch(request).await.map(|response| response.status);
        if status == 303 {
            assert_eq!(answered, Ok(404), "the body is not needed any more");
        } else {
            assert_eq!(answered, Err(NetworkError::BodyNotReplayable), "{status}");
        }
    }
}

#[tokio::test]
async fn modes_error_and_manual_do_not_follow() {
    let server = TestServer::start();
    server.answer("/away", Answer::redirect(302, "/end"));
    let network = network();
    let in_mode = |mode| {
        let mut request = same_origin("GET", &server.url("/away"));
        request.redirect = mode;
        request
    };
    let error = network
        .fetch(in_mode(RedirectMode::Error))
        .await
        .unwrap_err();
    assert_eq!(error, NetworkError::UnexpectedRedirect("/end".to_owned()));
    let manual = network.fetch(in_mode(RedirectMode::Manual)).await.unwrap();
    assert_eq!(manual.kind, ResponseType::OpaqueRedirect);
    assert_eq!(
        manual.url().map(ToString::to_string),
        Some(server.url("/away"))
    );
}

#[tokio::test]
async fn twenty_redirects_are_enough() {
    let server = TestServer::start();
    server.answer("/loop", Answer::redirect(302, "/loop"));
    let network = network();
    let error = network
        .fetch(same_origin("GET", &server.url("/loop")))
        .await
        .unwrap_err();
    assert_eq!(error, NetworkError::TooManyRedirects(20));
    assert_eq!(server.requests().len(), 21);
}

#[tokio::test]
async fn redirects_lead_only_to_http() {
    let server = TestServer::start();
    server.answer("/out", Answer::redirect(302, "file:///etc/passwd"));
    server.answer("/nowhere", Answer::status(302));
    let network = network();
    let error = network
        .fetch(same_origin("GET", &server.url("/out")))
        .await
        .unwrap_err();
    assert!(matches!(error, NetworkError::InvalidRedirect(_)));
    let stays = network
        .fetch(same_origin("GET", &server.url("/nowhere")))
        .await
        .unwrap();
    assert_eq!(
        stays.status, 302,
        "without a location the redirect is the answer"
    );
}

#[tokio::test]
async fn a_redirect_may_change_what_is_told_of_the_referrer() {
    let server = TestServer::start();
    let away =
        Answer::redirect(302, "/there").header("referrer-policy", "nonsense, no-referrer, new");
    server
        .answer("/here", away)
        .answer("/there", Answer::text("x"));
    let request = same_origin("GET", &server.url("/here"));
    network().fetch(request).await.unwrap();
    let seen = server.requests();
    assert!(seen[0].header("referer").is_some());
    assert_eq!(seen[1].header("referer"), None);

    let away = Answer::redirect(302, "/there").header("referrer-policy", "unsafe-url");
    server.answer("/silent", away);
    let mut silent = same_origin("GET", &server.url("/silent"));
    silent.referrer_policy = ReferrerPolicy::NoReferrer;
    network().fetch(silent).await.unwrap();
    assert_eq!(server.requests()[3].header("referer"), None);
}
