//! What the HTTP cache answers, and what it asks servers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::server::{Answer, TestServer};
use super::{network, options, same_origin, url};
use crate::clock::{ManualClock, Timestamp};
use crate::network::{
    CacheMode, CacheState, Gate, Network, NetworkError, NetworkOptions, RedirectMode, Request,
};

/// Status, body and the cache's part in it.
async fn ask(network: &Network, request: Request) -> (u16, String, CacheState) {
    let response = network.fetch(request).await.expect("an answer");
    let (status, state) = (response.status, response.cache_state);
    let body = response.body.collect().await.expect("a body");
    (status, String::from_utf8_lossy(&body).into_owned(), state)
}

fn with_mode(address: &str, mode: CacheMode) -> Request {
    let mut request = same_origin("GET", address);
    request.cache = mode;
    request
}

fn minute(text: &str) -> Answer {
    Answer::text(text).header("cache-control", "max-age=60")
}

#[tokio::test]
async fn a_fresh_response_is_not_asked_for_again_until_its_time_is_over() {
    let server = TestServer::start();
    server
        .answer("/", minute("one").header("set-cookie", "a=b"))
        .answer("/", minute("two"));
    let clock = ManualClock::new(Timestamp(0));
    let network = Network::start(NetworkOptions {
        clock: Arc::new(clock.clone()),
        ..options(Gate::open())
    })
    .unwrap();
    let request = || same_origin("GET", &server.url("/#top"));
    let answer = |text: &str, state| (200, text.to_owned(), state);
    assert_eq!(
        ask(&network, request()).await,
        answer("one", CacheState::Network)
    );
    clock.advance(Duration::from_secs(59));
    assert_eq!(
        ask(&network, request()).await,
        answer("one", CacheState::Local)
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        ask(&network, request()).await,
        answer("two", CacheState::Network)
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_stale_response_is_used_when_the_server_says_that_nothing_changed() {
    let server = TestServer::start();
    let tagged = |answer: Answer| answer.header("etag", "\"1\"").header("vary", "accept");
    server
        .answer("/", tagged(Answer::text("body")))
        .answer("/", tagged(Answer::status(304)).header("x-news", "1"))
        .answer("/", Answer::status(500));
    let network = network();
    let request = || same_origin("GET", &server.url("/"));
    ask(&network, request()).await;
    let response = network.fetch(request()).await.unwrap();
    assert_eq!(
        (response.status, response.cache_state),
        (200, CacheState::Validated)
    );
    assert_eq!(response.header("x-news"), Some(b"1".as_slice()));
    assert_eq!(response.body.collect().await.unwrap(), "body");
    let asked = server.requests();
    assert_eq!(asked[1].header("if-none-match"), Some("\"1\""));
    assert_eq!(
        ask(&network, request()).await.0,
        500,
        "trouble is not hidden"
    );
    let forced = ask(&network, with_mode(&server.url("/"), CacheMode::ForceCache)).await;
    assert_eq!(
        forced,
        (200, "body".to_owned(), CacheState::Local),
        "and nothing is lost by it"
    );
}

#[tokio::test]
async fn cache_modes_read_and_write_as_they_say() {
    use CacheMode::{Default, ForceCache, NoCache, NoStore, OnlyIfCached, Reload};
    let server = TestServer::start();
    for text in ["one", "two", "three", "four"] {
        server.answer("/", minute(text).header("etag", text));
    }
    let network = network();
    let mut seen = Vec::new();
    for mode in [
        NoStore,
        ForceCache,
        Default,
        Reload,
        OnlyIfCached,
        NoCache,
        NoStore,
        Default,
    ] {
        let (_, body, state) = ask(&network, with_mode(&server.url("/"), mode)).await;
        seen.push((body, state == CacheState::Local));
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(body, local)| (body.as_str(), *local))
        .collect();
    assert_eq!(
        seen,
        [
            ("one", false),
            ("two", false),
            ("two", true),
            ("three", false),
            ("three", true),
            ("four", false),
            ("four", false),
            ("four", true),
        ]
    );
    let validators: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("if-none-match").map(str::to_owned))
        .collect();
    assert_eq!(
        validators,
        [None, None, None, Some("three".to_owned()), None]
    );
    let nothing = network
        .fetch(with_mode(&server.url("/other"), OnlyIfCached))
        .await;
    assert_eq!(nothing.unwrap_err(), NetworkError::NotCached);
}

#[tokio::test]
async fn a_script_that_asks_conditionally_gets_what_the_server_says() {
    let server = TestServer::start();
    server
        .answer("/", minute("one").header("etag", "1"))
        .answer("/", Answer::status(304));
    let network = network();
    ask(&network, same_origin("GET", &server.url("/"))).await;
    let mut request = same_origin("GET", &server.url("/"));
    request
        .headers
        .push(("If-None-Match".to_owned(), b"1".to_vec()));
    assert_eq!(ask(&network, request).await.0, 304);
    let after = ask(&network, same_origin("GET", &server.url("/"))).await;
    assert_eq!(after, (200, "one".to_owned(), CacheState::Local));
}

#[tokio::test]
async fn what_changes_something_takes_away_what_was_kept() {
    let server = TestServer::start();
    server
        .answer("/item", minute("item"))
        .answer("/list", minute("list"))
        .answer("/failing", Answer::status(500).header("location", "/list"))
        .answer("/post", minute("posted").header("location", "/list"));
    let network = network();
    let state = async |path: &str| ask(&network, same_origin("GET", &server.url(path))).await.2;
    let post = async |path: &str| network.fetch(same_origin("POST", &server.url(path))).await;
    state("/item").await;
    state("/list").await;
    post("/failing").await.unwrap();
    assert_eq!(state("/list").await, CacheState::Local);
    post("/post").await.unwrap();
    assert_eq!(state("/list").await, CacheState::Network);
    assert_eq!(state("/item").await, CacheState::Local);
    post("/item").await.unwrap();
    assert_eq!(state("/item").await, CacheState::Network);
    assert_eq!(
        state("/post").await,
        CacheState::Network,
        "a POST is never kept"
    );
}

#[tokio::test]
async fn offline_the_cache_answers_what_it_may_and_nothing_else_does() {
    let server = TestServer::start();
    server
        .answer("/fresh", minute("fresh"))
        .answer("/stale", Answer::text("stale").header("etag", "1"));
    let (switch, online) = watch::channel(true);
    let gate = Gate::following(online, |online| {
        online.then_some(()).ok_or_else(String::new)
    });
    let network = Network::start(options(gate)).unwrap();
    for path in ["/fresh", "/stale"] {
        ask(&network, same_origin("GET", &server.url(path))).await;
    }
    switch.send_replace(false);
    for (method, path, mode, is_answered) in [
        ("GET", "/fresh", CacheMode::Default, true),
        ("GET", "/fresh", CacheMode::ForceCache, true),
        ("HEAD", "/fresh", CacheMode::Default, true),
        ("GET", "/fresh", CacheMode::NoCache, false),
        ("GET", "/fresh", CacheMode::NoStore, false),
        ("GET", "/fresh", CacheMode::Reload, false),
        ("GET", "/stale", CacheMode::Default, false),
        ("GET", "/stale", CacheMode::ForceCache, true),
        ("POST", "/fresh", CacheMode::ForceCache, false),
    ] {
        let mut request = same_origin(method, &server.url(path));
        request.cache = mode;
        let answered = network.fetch(request).await;
        assert_eq!(answered.is_ok(), is_answered, "{method} {path} {mode:?}");
    }
}

#[tokio::test]
async fn a_stale_response_answers_while_the_server_is_asked() {
    let server = TestServer::start();
    let lax = |text: &str| {
        let directives = "max-age=0, stale-while-revalidate=60";
        Answer::text(text).header("cache-control", directives)
    };
    let (held, hold) = lax("two").held();
    server.answer("/", lax("one")).answer("/", held);
    let network = network();
    let request = || same_origin("GET", &server.url("/"));
    ask(&network, request()).await;
    assert_eq!(ask(&network, request()).await.1, "one");
    assert_eq!(ask(&network, request()).await.1, "one");
    server.wait_for_requests(2).await;
    hold.let_go();
    // The second response arrives in the background: nothing tells when, so ask until it has.
    while ask(&network, request()).await.1 != "two" {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        server.requests()[1].header("cache-control"),
        None,
        "asked for as by the script"
    );
}

#[tokio::test]
async fn a_server_that_could_not_say_whether_a_stale_response_holds_is_asked_again() {
    let server = TestServer::start();
    let lax = |text: &str| {
        let directives = "max-age=0, stale-while-revalidate=60";
        Answer::text(text).header("cache-control", directives)
    };
    server
        .answer("/", lax("one"))
        .answer("/", Answer::status(503))
        .answer("/", lax("two"));
    let network = network();
    let request = || same_origin("GET", &server.url("/"));
    ask(&network, request()).await;
    // What happens in the background tells nobody when: ask until it has.
    while ask(&network, request()).await.1 != "two" {
        tokio::task::yield_now().await;
    }
    let mut part = request();
    part.headers
        .push(("range".to_owned(), b"bytes=0-0".to_vec()));
    assert_eq!(ask(&network, part).await.1, "t");
    assert_eq!(ask(&network, request()).await.1, "two", "still there");
}

#[tokio::test]
async fn a_304_may_take_away_what_was_kept() {
    let server = TestServer::start();
    for (path, name, value) in [
        ("/secret", "cache-control", "no-store"),
        ("/cleared", "clear-site-data", "\"cache\""),
    ] {
        let old = Answer::text("old").header("etag", "\"1\"");
        server
            .answer(
                path,
                old.header("last-modified", "Mon, 01 Jan 2001 00:00:00 GMT"),
            )
            .answer(path, Answer::status(304).header(name, value))
            .answer(path, Answer::text("new"));
        let network = network();
        let request = || with_mode(&server.url(path), CacheMode::NoCache);
        ask(&network, request()).await;
        assert_eq!(ask(&network, request()).await.1, "old");
        let again = ask(&network, same_origin("GET", &server.url(path))).await;
        assert_eq!(again, (200, "new".to_owned(), CacheState::Network));
    }
}

#[tokio::test]
async fn a_word_about_a_part_leaves_the_whole_where_it_is() {
    let server = TestServer::start();
    server
        .answer("/", minute("whole"))
        .answer("/", Answer::status(416))
        .answer("/", Answer::status(206).body("le"));
    let network = network();
    ask(&network, same_origin("GET", &server.url("/"))).await;
    for status in [416, 206] {
        let mut part = with_mode(&server.url("/"), CacheMode::Reload);
        part.headers
            .push(("range".to_owned(), b"bytes=3-".to_vec()));
        assert_eq!(ask(&network, part).await.0, status);
    }
    let whole = ask(&network, same_origin("GET", &server.url("/"))).await;
    assert_eq!(whole, (200, "whole".to_owned(), CacheState::Local));
}

#[tokio::test]
async fn redirects_are_kept_too() {
    let server = TestServer::start();
    let redirect = Answer::redirect(302, "/end").header("cache-control", "max-age=60");
    server
        .answer("/start", redirect)
        .answer("/end", minute("end"));
    let network = network();
    let address = server.url("/start");
    ask(&network, same_origin("GET", &address)).await;
    let again = network.fetch(same_origin("GET", &address)).await.unwrap();
    assert_eq!(again.url_list, [url(&address), url(&server.url("/end"))]);
    assert_eq!(again.body.collect().await.unwrap(), "end");
    let mut refused = same_origin("GET", &address);
    refused.redirect = RedirectMode::Error;
    let error = network.fetch(refused).await.unwrap_err();
    assert!(matches!(error, NetworkError::UnexpectedRedirect(_)));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn another_origin_must_agree_to_what_is_cached_as_well() {
    let server = TestServer::start();
    server.answer("/", minute("secret"));
    let network = network();
    let request = || super::cross_origin("GET", &server.url("/"));
    let mut opaque = request();
    opaque.mode = crate::network::RequestMode::NoCors;
    ask(&network, opaque).await;
    let error = network.fetch(request()).await.unwrap_err();
    assert!(matches!(error, NetworkError::Cors(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn clearing_an_origin_empties_its_part() {
    let server = TestServer::start();
    server.answer("/", minute("one"));
    let network = network();
    let request = || same_origin("GET", &server.url("/"));
    ask(&network, request()).await;
    network.clear_origin(&server.origin());
    assert_eq!(ask(&network, request()).await.2, CacheState::Network);
}
