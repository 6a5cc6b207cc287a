//! What an embedder puts in a script's way: functions of its own, and its hand on every request.

use std::net::{IpAddr, Ipv4Addr};

use landfall::Host;
use landfall::network::{Body, Intercepted, Response};
use serde_json::{Value, json};

use crate::support::scenario::{ORIGIN, Scenario};
use crate::support::server::{Answer, TestServer};

#[test]
fn a_page_and_a_worker_call_a_function_of_the_embedder() {
    Scenario::online()
        .with(|builder| {
            builder.expose("describe", |call| {
                let source = serde_json::to_value(&call.source).expect("a source is plain data");
                std::future::ready(Ok(json!([source["source"], call.arguments])))
            })
        })
        .expect_eval(
            "describe('a', { b: [1] }, undefined)",
            json!(["client", ["a", { "b": [1] }, null]]),
        )
        .worker("describe().then((value) => console.log(JSON.stringify(value)));")
        .expect_printed(&["[\"worker\",[]]"]);
}

#[test]
fn what_a_function_of_the_embedder_refuses_is_an_error() {
    Scenario::online()
        .with(|builder| {
            builder.expose("refuse", |_| {
                std::future::ready(Err("not today".to_owned()))
            })
        })
        .expect_eval(
            "refuse().catch((error) => [error.constructor === Error, error.message])",
            json!([true, "not today"]),
        );
}

#[test]
fn a_function_of_the_embedder_may_use_the_host() {
    let host = std::sync::Arc::new(std::sync::OnceLock::<Host>::new());
    let seen = std::sync::Arc::clone(&host);
    let mut scenario = Scenario::online().with(move |builder| {
        let host = std::sync::Arc::clone(&host);
        builder.expose("clientCount", move |_| {
            let host = host.get().cloned();
            async move {
                let status = host.ok_or("no host")?.status().await;
                let status = status.map_err(|error| error.to_string())?;
                Ok(Value::from(status.clients.len()))
            }
        })
    });
    let _ = seen.set(scenario.host());
    scenario.expect_eval("clientCount()", json!(1));
}

#[test]
fn an_embedder_answers_a_request_or_passes_it_on() {
    let server = TestServer::start();
    server.answer(
        "/real",
        Answer::text("from the server").header("access-control-allow-origin", "*"),
    );
    let address = server.url("/");
    Scenario::online()
        .with(|builder| {
            builder.intercept(|request| async move {
                if request.url.path() != "/made-up" {
                    return Ok(Intercepted::PassedOn(request));
                }
                let mut response = Response::new(203);
                response.headers = vec![("Access-Control-Allow-Origin".into(), b"*".to_vec())];
                response.body = Body::Bytes("from the embedder".into());
                Ok(Intercepted::Answered(response))
            })
        })
        .expect_eval(
            &format!(
                "Promise.all(['made-up', 'real'].map(async (path) => {{
                     const response = await fetch('{address}' + path);
                     return [response.status, await response.text()];
                 }}))"
            ),
            json!([[203, "from the embedder"], [200, "from the server"]]),
        );
}

#[test]
fn an_offline_host_asks_no_interceptor() {
    Scenario::offline()
        .with(|builder| {
            builder.intercept(|_| async { Ok(Intercepted::Answered(Response::new(200))) })
        })
        .expect_eval(
            "fetch('https://elsewhere.example/').catch((error) => error.name)",
            json!("TypeError"),
        );
}

#[test]
fn a_host_name_is_where_the_embedder_says() {
    let server = TestServer::start();
    server.answer(
        "/",
        Answer::text("here").header("access-control-allow-origin", "*"),
    );
    let address = server.url("/").replace("127.0.0.1", "intranet.example");
    Scenario::online()
        .with(|builder| builder.resolve_host("intranet.example", IpAddr::V4(Ipv4Addr::LOCALHOST)))
        .expect_eval(
            &format!("fetch('{address}').then((response) => response.text())"),
            json!("here"),
        );
}

#[test]
fn a_certificate_that_cannot_be_read_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let built = runtime.block_on(
        Host::builder()
            .trust_certificate("-----BEGIN CERTIFICATE-----\nnonsense")
            .build(),
    );
    let message = built.err().expect("nonsense is no certificate").to_string();
    assert!(message.contains("must be PEM"), "{message}");
}

#[test]
fn a_stopped_worker_starts_again_for_the_next_event() {
    let mut scenario = Scenario::online()
        .worker("console.log('started'); self.onsync = () => console.log('synced');")
        .expect_printed(&["started"]);
    for was_running in [true, false] {
        let (host, scope) = (scenario.host(), ORIGIN.parse().unwrap());
        let stopped = scenario.run(async move { host.stop_worker(&scope).await });
        assert_eq!(stopped.unwrap(), was_running);
    }
    scenario
        .register_sync("outbox")
        .expect_printed(&["started", "started", "synced"]);
}
