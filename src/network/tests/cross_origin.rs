//! Modes, CORS and what stays hidden.

use super::server::{Answer, TestServer};
use super::{CLIENT, cross_origin, network, same_origin};
use crate::network::cors::unsafe_header_names;
use crate::network::{
    Body, CredentialsMode, NetworkError, RedirectMode, RequestMode, Response, ResponseType,
    check_worker_response,
};

#[tokio::test]
async fn another_origin_must_agree() {
    let server = TestServer::start();
    server.answer("/closed", Answer::text("secret")).answer(
        "/open",
        Answer::text("public").header("access-control-allow-origin", "*"),
    );
    let network = network();
    let error = network
        .fetch(cross_origin("GET", &server.url("/closed")))
        .await
        .unwrap_err();
    assert!(matches!(error, NetworkError::Cors(_)), "{error:?}");
    let response = network
        .fetch(cross_origin("GET", &server.url("/open")))
        .await
        .unwrap();
    assert_eq!(response.kind, ResponseType::Cors);
    let seen = &server.requests()[1];
    assert_eq!(seen.header("origin"), Some(CLIENT));
    assert_eq!(seen.header("referer"), None, "nothing from https to http");
}

#[tokio::test]
async fn scripts_see_only_exposed_headers_of_another_origin() {
    let server = TestServer::start();
    let answer = Answer::text("x")
        .header("access-control-allow-origin", CLIENT)
        .header("access-control-expose-headers", "X-Open")
        .header("x-open", "1")
        .header("x-closed", "1");
    server.answer("/", answer);
    let network = network();
    let response = network
        .fetch(cross_origin("GET", &server.url("/")))
        .await
        .unwrap();
    assert!(response.header("x-open").is_some() && response.header("content-type").is_some());
    assert_eq!(response.header("x-closed"), None);
}

#[tokio::test]
async fn what_a_preflight_permitted_is_not_asked_for_again_until_a_request_fails() {
    let server = TestServer::start();
    let permission = Answer::status(204)
        .header("access-control-allow-origin", "*")
        .header("access-control-allow-methods", "PUT")
        .header("access-control-max-age", "60");
    let agreed = || Answer::text("x").header("access-control-allow-origin", "*");
    for answer in [
        permission.clone(),
        agreed(),
        agreed(),
        Answer::text("x"),
        permission,
        agreed(),
    ] {
        server.answer("/", answer);
    }
    let network = network();
    let put = || cross_origin("PUT", &server.url("/"));
    network.fetch(put()).await.unwrap();
    network.fetch(put()).await.unwrap();
    network.fetch(put()).await.unwrap_err();
    network.fetch(put()).await.unwrap();
    let methods: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.method)
        .collect();
    assert_eq!(methods, ["OPTIONS", "PUT", "PUT", "PUT", "OPTIONS", "PUT"]);
}

#[tokio::test]
async fn credentials_need_an_explicit_yes() {
    let server = TestServer::start();
    let star = Answer::status(200).header("access-control-allow-origin", "*");
    let named = Answer::status(200)
        .header("access-control-allow-origin", CLIENT)
        .header("access-control-allow-credentials", "true");
    server.answer("/star", star).answer("/named", named);
    let network = network();
    let with_credentials = |path: &str| {
        let mut request = cross_origin("GET", &server.url(path));
        request.credentials = CredentialsMode::Include;
        request
    };
    assert!(network.fetch(with_credentials("/star")).await.is_err());
    assert!(network.fetch(with_credentials("/named")).await.is_ok());
}

#[tokio::test]
async fn unusual_requests_are_asked_for_first() {
    let server = TestServer::start();
    let allow = Answer::status(204)
        .header("access-control-allow-origin", CLIENT)
        .header("access-control-allow-methods", "PUT")
        .header("access-control-allow-headers", "x-token, content-type");
    server.answer("/items", allow);
    let network = network();
    let mut request = cross_origin("PUT", &server.url("/items"));
    request.headers.push(("X-Token".to_owned(), b"1".to_vec()));
    request
        .headers
        .push(("Content-Type".to_owned(), b"application/json".to_vec()));
    request.body = Body::from("{}");
    network.fetch(request).await.unwrap();
    let seen = server.requests();
    assert_eq!(seen[0].method, "OPTIONS");
    assert_eq!(seen[0].header("access-control-request-method"), Some("PUT"));
    assert_eq!(
        seen[0].header("access-control-request-headers"),
        Some("content-type,x-token")
    );
    assert_eq!(
        (seen[1].method.as_str(), seen[1].text().as_str()),
        ("PUT", "{}")
    );

    let refused = network
        .fetch(cross_origin("DELETE", &server.url("/items")))
        .await;
    assert!(matches!(refused, Err(NetworkError::Cors(_))));
    assert_eq!(
        server.requests().len(),
        3,
        "the request itself was not sent"
    );
}

#[tokio::test]
async fn without_cors_the_response_is_opaque() {
    let server = TestServer::start();
    server.answer("/image", Answer::text("bytes"));
    let mut request = cross_origin("GET", &server.url("/image"));
    request.mode = RequestMode::NoCors;
    let network = network();
    let response = network.fetch(request).await.unwrap();
    assert_eq!(response.kind, ResponseType::Opaque);
    assert_eq!(response.status, 200, "the host may look, scripts may not");
}

#[tokio::test]
async fn mode_same_origin_stays_at_home() {
    let server = TestServer::start();
    let other = TestServer::start();
    server.answer("/out", Answer::redirect(302, &other.url("/")));
    let mut request = same_origin("GET", &server.url("/out"));
    request.mode = RequestMode::SameOrigin;
    let network = network();
    let error = network.fetch(request).await.unwrap_err();
    assert!(matches!(error, NetworkError::NotSameOrigin { .. }));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_to_another_origin_drops_authorization_and_later_the_origin() {
    let first = TestServer::start();
    let second = TestServer::start();
    let third = TestServer::start();
    let open = |answer: Answer| answer.header("access-control-allow-origin", "*");
    first.answer("/", Answer::redirect(302, &second.url("/")));
    second.answer("/", open(Answer::redirect(302, &third.url("/"))));
    third.answer("/", open(Answer::text("end")));
    let mut request = same_origin("GET", &first.url("/"));
    request
        .headers
        .push(("Authorization".to_owned(), b"Bearer x".to_vec()));
    let network = network();
    let response = network.fetch(request).await.unwrap();
    assert_eq!(response.kind, ResponseType::Cors);
    let seen =
        |server: &TestServer, name: &str| server.requests()[0].header(name).map(str::to_owned);
    assert_eq!(seen(&first, "authorization").as_deref(), Some("Bearer x"));
    assert_eq!(seen(&second, "authorization"), None);
    assert_eq!(seen(&second, "origin"), Some(first.origin()));
    assert_eq!(seen(&third, "origin").as_deref(), Some("null"));
}

#[tokio::test]
async fn cookies_of_one_client_are_not_those_of_another() {
    let server = TestServer::start();
    let allow = |answer: Answer| {
        answer
            .header("access-control-allow-origin", CLIENT)
            .header("access-control-allow-credentials", "true")
    };
    server.answer(
        "/login",
        allow(Answer::status(200).header("set-cookie", "id=7")),
    );
    server.answer("/me", allow(Answer::status(200)));
    let network = network();
    let mut login = cross_origin("GET", &server.url("/login"));
    login.credentials = CredentialsMode::Include;
    network.fetch(login).await.unwrap();
    network
        .fetch(same_origin("GET", &server.url("/me")))
        .await
        .unwrap();
    assert_eq!(server.requests()[1].header("cookie"), None);
}

#[test]
fn simple_headers_need_no_permission() {
    let unsafe_names = |name: &str, value: &str| {
        unsafe_header_names(&vec![(name.to_owned(), value.as_bytes().to_vec())])
    };
    assert!(unsafe_names("Accept", "application/json").is_empty());
    assert!(unsafe_names("Content-Type", "text/plain;charset=UTF-8").is_empty());
    assert!(unsafe_names("Range", "bytes=0-99").is_empty());
    assert_eq!(
        unsafe_names("Content-Type", "application/json"),
        ["content-type"]
    );
    assert_eq!(unsafe_names("Accept", "\"x\""), ["accept"]);
    assert_eq!(
        unsafe_names("Accept-Language", &"a".repeat(129)),
        ["accept-language"]
    );
    assert_eq!(unsafe_names("Range", "bytes=-5"), ["range"]);
    assert_eq!(unsafe_names("X-Any", ""), ["x-any"]);
}

#[test]
fn a_workers_answer_must_fit_the_request() {
    let fits = |mode, redirect, kind| {
        let mut response = Response::new(200);
        response.kind = kind;
        check_worker_response(mode, redirect, &response).is_ok()
    };
    let (follow, manual) = (RedirectMode::Follow, RedirectMode::Manual);
    assert!(fits(RequestMode::Cors, follow, ResponseType::Default));
    assert!(fits(RequestMode::Cors, follow, ResponseType::Cors));
    assert!(!fits(RequestMode::SameOrigin, follow, ResponseType::Cors));
    assert!(fits(RequestMode::NoCors, follow, ResponseType::Opaque));
    assert!(!fits(RequestMode::Cors, follow, ResponseType::Opaque));
    assert!(!fits(
        RequestMode::Navigate,
        follow,
        ResponseType::OpaqueRedirect
    ));
    assert!(fits(
        RequestMode::Navigate,
        manual,
        ResponseType::OpaqueRedirect
    ));
    assert!(!fits(RequestMode::Cors, follow, ResponseType::Error));
}

#[tokio::test]
async fn a_server_says_who_may_load_what_it_serves() {
    let server = TestServer::start();
    for policy in ["same-origin", "same-site", "cross-origin", "nonsense"] {
        let answer = Answer::text("x").header("cross-origin-resource-policy", policy);
        server.answer(&format!("/{policy}"), answer);
    }
    server.answer("/away", Answer::redirect(302, &server.url("/same-site")));
    let network = network();
    let is_refused = async |path: &str, mode| {
        let mut request = cross_origin("GET", &server.url(path));
        request.mode = mode;
        let answer = network.fetch(request).await;
        matches!(answer, Err(NetworkError::ResourcePolicy(_)))
    };
    for path in ["/same-origin", "/same-site", "/away"] {
        assert!(is_refused(path, RequestMode::NoCors).await, "{path}");
    }
    for path in ["/cross-origin", "/nonsense"] {
        assert!(!is_refused(path, RequestMode::NoCors).await, "{path}");
    }
    assert!(!is_refused("/same-site", RequestMode::Cors).await);
    let own = same_origin("GET", &server.url("/same-origin"));
    assert!(network.fetch(own).await.is_ok());
}

#[tokio::test]
async fn one_origin_may_be_allowed_and_no_list_of_them() {
    let server = TestServer::start();
    let answer = Answer::text("x")
        .header("access-control-allow-origin", "*")
        .header("access-control-allow-origin", CLIENT);
    server.answer("/", answer);
    let refused = network().fetch(cross_origin("GET", &server.url("/"))).await;
    assert!(matches!(refused, Err(NetworkError::Cors(_))), "{refused:?}");
}

#[tokio::test]
async fn a_preflight_that_lists_no_names_allows_nothing() {
    let server = TestServer::start();
    let allow = Answer::status(204)
        .header("access-control-allow-origin", CLIENT)
        .header("access-control-allow-methods", "PUT, @bad");
    server.answer("/", allow);
    let refused = network().fetch(cross_origin("PUT", &server.url("/"))).await;
    assert!(matches!(refused, Err(NetworkError::Cors(_))), "{refused:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_is_told_what_a_request_is_for() {
    let server = TestServer::start();
    server.answer(
        "/",
        Answer::text("x").header("access-control-allow-origin", "*"),
    );
    let network = network();
    let mut script = same_origin("GET", &server.url("/"));
    script.mode = RequestMode::NoCors;
    script.destination = "script".to_owned();
    network.fetch(script).await.unwrap();
    network
        .fetch(cross_origin("GET", &server.url("/")))
        .await
        .unwrap();
    let told: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            ["site", "mode", "dest"].map(|name| {
                let value = request.header(&format!("sec-fetch-{name}"));
                value.unwrap_or_default().to_owned()
            })
        })
        .collect();
    assert_eq!(told[0], ["same-origin", "no-cors", "script"]);
    assert_eq!(told[1], ["cross-site", "cors", "empty"]);
}
