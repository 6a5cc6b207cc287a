//! A request that met a connection which its server was just closing is sent again.
//!
//! Which requests may be: <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2>

use std::cell::Cell;
use std::error::Error as _;
use std::io::ErrorKind;

use reqwest::{Client, Request, Response};
use tower::util::MapFutureLayer;

tokio::task_local! {
    /// Whether a connection was made for the request that this task sends.
    static IS_FRESH: Cell<bool>;
}

/// Lets a client notice the connections that it makes, which [`send`] needs.
pub(crate) fn noticing(client: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    client.connector_layer(MapFutureLayer::new(noticed))
}

async fn noticed<T>(connecting: impl Future<Output = T>) -> T {
    let connection = connecting.await;
    // What goes on connecting after its request was sent on another connection belongs to nobody.
    let _ = IS_FRESH.try_with(|is_fresh| is_fresh.set(true));
    connection
}

/// Sends a request and waits for the head of the response. An idempotent one whose connection had served others, and
/// ended before it answered, is sent again as long as there are such connections: after them comes a new one. A body that
/// streams is gone once it was sent.
pub(crate) async fn send(client: &Client, mut request: Request) -> reqwest::Result<Response> {
    loop {
        let again = request
            .method()
            .is_idempotent()
            .then(|| request.try_clone())
            .flatten();
        let sending = async {
            let answer = client.execute(request).await;
            (answer, IS_FRESH.with(Cell::get))
        };
        let (answer, is_fresh) = IS_FRESH.scope(Cell::new(false), sending).await;
        match (answer, again) {
            (Err(error), Some(again)) if !is_fresh && is_connection_lost(&error) => request = again,
            (answer, _) => return answer,
        }
    }
}

/// Whether the connection ended without an answer.
fn is_connection_lost(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        let as_io = inner.downcast_ref::<std::io::Error>();
        let as_http = inner.downcast_ref::<hyper::Error>();
        if as_io.is_some_and(|error| is_end(error.kind()))
            || as_http.is_some_and(hyper::Error::is_incomplete_message)
        {
            return true;
        }
        source = inner.source();
    }
    false
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
