//! `fetch()`: Deno's Request and Response over our network.
//!
//! Where a request goes is decided by whoever starts the scope: to the network, or through the host to a worker.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::{ByteString, CancelFuture, CancelHandle, OpState, Resource, ResourceId, op2};
use deno_error::JsErrorBox;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::network::{Network, NetworkError, Request, Response, data_response, may_set_header};
use crate::web::fetch_bridge::{FetchClient, NativeResponse, ScriptRequest};
use crate::web::frame::fetch_of;
use crate::web::host_port::{HostPort, HostRequest};

deno_core::extension!(
    sw_fetch,
    deps = [landfall_platform],
    ops = [op_fetch_begin, op_fetch_exchange, op_fetch_may_set_header],
    esm = [
        dir "js/fetch",
        "native_request.js",
        "bridge.js",
        "filtered_response.js",
        "header_guard.js",
        "body.js",
        "request.js",
        "blob_url.js",
        "fetch.js",
    ],
    options = {
        route: FetchRoute,
        client: FetchClient,
    },
    state = |state, options| {
        state.put(options.route);
        state.put(options.client);
    },
);

/// Answers one request.
pub type Route =
    dyn Fn(Request) -> BoxFuture<'static, Result<Response, NetworkError>> + Send + Sync;

/// Where the requests of a scope go. Kept in the scope's op state.
#[derive(Clone)]
pub struct FetchRoute(pub Arc<Route>);

impl FetchRoute {
    /// Straight to the network.
    pub fn to_network(network: Network) -> Self {
        Self(Arc::new(move |request| {
            let network = network.clone();
            Box::pin(async move { network.fetch(request).await })
        }))
    }

    /// To the host, which asks the worker that controls the client.
    pub fn through_host(port: HostPort) -> Self {
        Self(Arc::new(move |request| {
            let (reply, answer) = oneshot::channel();
            port.tell(HostRequest::Fetch(request, reply));
            Box::pin(async move { answer.await.unwrap_or(Err(NetworkError::ShutDown)) })
        }))
    }
}

impl fmt::Debug for FetchRoute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FetchRoute")
    }
}

/// Why `fetch()` rejects.
#[derive(Debug, thiserror::Error, deno_error::JsError)]
enum FetchError {
    /// A network error, with the reason that browsers keep to their console.
    #[class(type)]
    #[error("Failed to fetch: {url}: {reason}")]
    Network { url: String, reason: NetworkError },
    /// The script's signal aborted; the script is told the signal's reason instead.
    #[class(type)]
    #[error("the request was aborted")]
    Aborted,
    /// The frame that asks was closed or shows something else.
    #[class(type)]
    #[error("Failed to fetch: the frame is gone")]
    Gone,
    /// The body was not there to be taken.
    #[class(inherit)]
    #[error(transparent)]
    Body(#[from] JsErrorBox),
}

/// One call of `fetch()` under way; closing it aborts.
#[derive(Default)]
struct PendingFetch {
    cancel: Rc<CancelHandle>,
}

impl Resource for PendingFetch {
    fn name(&self) -> Cow<'_, str> {
        "fetch".into()
    }

    fn close(self: Rc<Self>) {
        self.cancel.cancel();
    }
}

/// The resource whose closing aborts the request that is sent with it.
#[op2(fast)]
#[smi]
fn op_fetch_begin(state: &mut OpState) -> ResourceId {
    state.resource_table.add(PendingFetch::default())
}

/// Whether the guard of a request's headers lets a script write this one, or delete it if there is no value.
#[op2]
fn op_fetch_may_set_header(
    #[string] name: &str,
    #[serde] value: Option<ByteString>,
    is_no_cors: bool,
) -> bool {
    may_set_header(name, value.as_ref().map(|value| &***value), is_no_cors)
}

#[op2]
#[serde]
async fn op_fetch_exchange(
    state: Rc<RefCell<OpState>>,
    #[smi] rid: ResourceId,
    #[number] environment: u64,
    #[serde] request: ScriptRequest,
) -> Result<NativeResponse, FetchError> {
    let (url, answer, cancel) = {
        let mut state = state.borrow_mut();
        let Ok(pending) = state.resource_table.get::<PendingFetch>(rid) else {
            return Err(FetchError::Aborted);
        };
        let Some((client, route)) = fetch_of(&state, environment) else {
            let _ = state.resource_table.take_any(rid);
            return Err(FetchError::Gone);
        };
        let request = request.take(client, &mut state)?;
        let url = request.url.clone();
        let answer = match request.url.scheme() {
            // Never leaves the scope: neither network nor worker is asked.
            "data" => Box::pin(async move { data_response(&request) }),
            _ => (route.0)(request),
        };
        (url, answer, pending.cancel.clone())
    };
    let answered = answer.or_cancel(cancel).await;
    let mut state = state.borrow_mut();
    // Gone already if the script aborted.
    let _ = state.resource_table.take_any(rid);
    match answered {
        Ok(Ok(mut response)) => {
            // "If internalResponse's URL list is empty, then set it to a clone of request's URL list."
            if response.url_list.is_empty() {
                response.url_list.push(url);
            }
            Ok(NativeResponse::put(response, &mut state))
        }
        Ok(Err(reason)) => Err(FetchError::Network {
            url: url.to_string(),
            reason,
        }),
        Err(_) => Err(FetchError::Aborted),
    }
}
