//! Offline: nothing goes out, and what is under way is cut.

use tokio::sync::watch;

use super::server::{Answer, TestServer};
use super::{network_behind, same_origin};
use crate::network::{Gate, Network, NetworkError};

fn switchable() -> (Network, watch::Sender<bool>) {
    let (switch, online) = watch::channel(true);
    let gate = Gate::following(online, |online| {
        if *online {
            Ok(())
        } else {
            Err("the test said so".to_owned())
        }
    });
    (network_behind(gate), switch)
}

fn offline() -> NetworkError {
    NetworkError::Offline {
        reason: "the test said so".to_owned(),
    }
}

#[tokio::test]
async fn nothing_leaves_while_offline() {
    let server = TestServer::start();
    server.answer("/", Answer::text("hi"));
    let (network, switch) = switchable();
    switch.send_replace(false);
    let request = || same_origin("GET", &server.url("/"));
    assert_eq!(network.fetch(request()).await.unwrap_err(), offline());
    assert!(server.requests().is_empty());
    assert!(
        network.fetch(same_origin("GET", "data:,x")).await.is_ok(),
        "needs no network"
    );
    assert!(network.fetch_while_offline(request()).await.is_ok());
    switch.send_replace(true);
    assert!(network.fetch(request()).await.is_ok());
}

#[tokio::test]
async fn going_offline_cuts_a_request_that_waits_for_its_answer() {
    let server = TestServer::start();
    let (answer, _hold) = Answer::status(200).held();
    server.answer("/held", answer);
    let (network, switch) = switchable();
    let request = same_origin("GET", &server.url("/held"));
    let waiting = tokio::spawn(async move { network.fetch(request).await });
    server.wait_for_requests(1).await;
    switch.send_replace(false);
    assert_eq!(waiting.await.unwrap().unwrap_err(), offline());
}

#[tokio::test]
async fn going_offline_cuts_a_body_that_arrives() {
    let server = TestServer::start();
    let (answer, pieces) = Answer::status(200).streamed();
    server.answer("/body", answer);
    pieces.send("half");
    let (network, switch) = switchable();
    let response = network
        .fetch(same_origin("GET", &server.url("/body")))
        .await
        .unwrap();
    switch.send_replace(false);
    assert_eq!(response.body.collect().await.unwrap_err(), offline());
    pieces.client_gone().await;
}
