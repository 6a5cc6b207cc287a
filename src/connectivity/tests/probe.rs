//! Probes of a real server. The machine's own links do not matter here: a probe is sent by hand.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::clock::{ManualClock, SystemClock, Timestamp};
use crate::connectivity::NetworkReason;
use crate::connectivity::probe::{Probe, Prober};

/// A server that gives each connection this answer; `None` for one that never speaks. Gives its address.
fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let mut request = [0; 1024];
            let _ = connection.read(&mut request);
            match answer {
                Some(answer) => connection.write_all(answer.as_bytes()).expect("a reader"),
                None => silent.push(connection),
            }
        }
    });
    format!("http://{address}/")
}

async fn outcome(answer: &'static str, settings: &str) -> Result<NetworkReason, NetworkReason> {
    let address = server(Some(answer));
    let probe = Probe::parse(&format!("{address}{settings}")).expect("a probe");
    Prober::new(probe).probe(&SystemClock).await
}

#[tokio::test]
async fn the_expected_answer_means_online() {
    let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    assert!(matches!(
        outcome(answer, "").await,
        Ok(NetworkReason::Answered(_))
    ));
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsuccess\n";
    assert!(outcome(answer, ",status=200,body=success").await.is_ok());
}

#[tokio::test]
async fn a_captive_portal_is_not_online() {
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://login.hotel/\r\ncontent-length: 0\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n<h1>Login</h1>";
    for (answer, settings) in [
        (redirect, ""),
        (page, ""),
        (redirect, ",status=200"),
        (page, ",status=200,body=success"),
    ] {
        let reason = outcome(answer, settings).await.unwrap_err();
        assert!(
            matches!(reason, NetworkReason::UnexpectedAnswer(_)),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn no_answer_is_not_online() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = gone.local_addr().expect("it is bound");
    drop(gone);
    let probe = Probe::parse(&format!("http://{address}/")).expect("a probe");
    let reason = Prober::new(probe).probe(&SystemClock).await;
    let reason = reason.unwrap_err().to_string();
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_none() {
    let address = server(None);
    let clock = ManualClock::new(Timestamp(0));
    let probe = Probe::parse(&format!("{address},timeout=3s")).expect("a probe");
    let probing = tokio::spawn(Prober::new(probe).probe(&clock));
    clock.advance(Duration::from_millis(2999));
    tokio::task::yield_now().await;
    assert!(!probing.is_finished());
    clock.advance(Duration::from_millis(1));
    let reason = probing.await.expect("it ends").unwrap_err().to_string();
    assert_eq!(reason, format!("{address}: no answer within 3s"));
}
