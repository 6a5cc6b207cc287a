//! Connections that end while a request is on its way.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{network, same_origin};
use crate::network::{Body, Network, NetworkError};

/// What a server was asked.
struct Asked {
    /// Method and path.
    what: String,
    /// Whether the connection had brought an answer before.
    is_reused: bool,
}

/// A server of which each connection answers one `GET /page`, and ends at whatever else it is asked.
fn server_of_one_answer_each() -> (String, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let tell = tell.clone();
            let stream = stream.expect("a connection");
            std::thread::spawn(move || answer_once(&stream, &tell));
        }
    });
    (format!("http://{address}"), told)
}

fn answer_once(mut stream: &TcpStream, tell: &Sender<Asked>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    for is_reused in [false, true] {
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let Some(what) = head.first().and_then(|line| line.strip_suffix(" HTTP/1.1")) else {
            return;
        };
        let what = what.to_owned();
        let is_answered = what == "GET /page" && !is_reused;
        // Nobody may listen any more.
        let _ = tell.send(Asked { what, is_reused });
        if !is_answered {
            return;
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntext";
        stream.write_all(answer).expect("it is sent");
    }
}

async fn ask(network: &Network, method: &str, address: &str) -> Result<(), NetworkError> {
    let mut request = same_origin(method, address);
    if method == "POST" {
        request.body = Body::from("text");
    }
    let response = network.fetch(request).await?;
    response.body.collect().await?;
    Ok(())
}

#[tokio::test]
async fn a_request_that_a_closing_connection_did_not_answer_is_sent_again_on_another() {
    let (origin, told) = server_of_one_answer_each();
    let network = network();
    // Until a connection was used again, which takes a moment to come back.
    while !told.try_iter().any(|asked| asked.is_reused) {
        let answered = ask(&network, "GET", &format!("{origin}/page")).await;
        answered.expect("an answer");
    }
}

#[tokio::test]
async fn a_request_that_does_something_is_sent_once_whatever_becomes_of_its_connection() {
    let (origin, told) = server_of_one_answer_each();
    let network = network();
    loop {
        let page = ask(&network, "GET", &format!("{origin}/page")).await;
        page.expect("an answer");
        let error = ask(&network, "POST", &format!("{origin}/order")).await;
        let error = error.expect_err("there is no answer");
        assert!(matches!(error, NetworkError::Transfer(_)), "{error:?}");
        let orders = told.try_iter().filter(|asked| asked.what == "POST /order");
        let orders: Vec<Asked> = orders.collect();
        assert_eq!(orders.len(), 1);
        if orders[0].is_reused {
            break;
        }
    }
}

#[tokio::test]
async fn a_request_that_a_new_connection_did_not_answer_is_not_sent_again() {
    let (origin, told) = server_of_one_answer_each();
    let error = ask(&network(), "GET", &format!("{origin}/nothing")).await;
    assert!(matches!(error, Err(NetworkError::Transfer(_))), "{error:?}");
    assert_eq!(told.try_iter().count(), 1);
}
