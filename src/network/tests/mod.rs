//! The network against a real server, and its rules alone.

mod cached;
mod connections;
mod cross_origin;
mod gate;
mod http;
mod origins;
mod redirects;
#[expect(
    dead_code,
    unreachable_pub,
    reason = "shared with the stories, which see it from outside and use all of it"
)]
#[path = "../../../tests/support/server.rs"]
mod server;

use std::sync::Arc;

use url::Url;

use crate::clock::SystemClock;
use crate::network::{Gate, Network, NetworkOptions, Request, Route};

/// The client of all these requests; no server answers there.
const CLIENT: &str = "https://app.example";

fn network() -> Network {
    network_behind(Gate::open())
}

fn network_behind(gate: Gate) -> Network {
    Network::start(options(gate)).expect("a thread starts")
}

fn options(gate: Gate) -> NetworkOptions {
    NetworkOptions {
        gate,
        user_agent: "landfall-test/1".to_owned(),
        accept_language: Some("en-GB,en".to_owned()),
        route: Route::default(),
        cache_limit: 1 << 20,
        clock: Arc::new(SystemClock),
        observer: None,
        clear_storage: None,
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).expect(text)
}

/// A request from a page of the server's own origin.
fn same_origin(method: &str, address: &str) -> Request {
    let address = url(address);
    let origin = address.origin().ascii_serialization();
    let mut request = Request::new(method, address, &origin);
    request.client_url = format!("{origin}/sw.js#secret");
    request
}

/// A request from a page elsewhere.
fn cross_origin(method: &str, address: &str) -> Request {
    let mut request = Request::new(method, url(address), CLIENT);
    request.client_url = format!("{CLIENT}/page?query");
    request
}
