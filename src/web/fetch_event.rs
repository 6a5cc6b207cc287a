//! FetchEvent: brings a client's request into the worker, and the worker's answer out of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;

use deno_core::{OpState, op2};
use deno_error::JsErrorBox;
use tokio::sync::oneshot;
use url::Url;

use crate::network::{Body, NetworkError, Request, Response};
use crate::web::fetch_bridge::{
    FetchClient, NativeRequest, ScriptRequest, ScriptResponse, headers_from_lines,
};
use crate::web::navigation_preload::Preloads;

/// A request for a worker to answer.
pub struct FetchInit {
    /// What the client asks for.
    pub request: Request,
    /// Which client asks.
    pub client_id: String,
    /// Which client a page load will make; empty for anything else.
    pub resulting_client_id: String,
    /// What navigation preload asked the network for, if it did.
    pub preload: Option<Preload>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<FetchAnswer>,
    /// Closed without a word when whoever asked does not want the answer any more.
    pub given_up: Option<oneshot::Receiver<()>>,
}

/// A page load that the network was asked for while its worker started.
pub struct Preload {
    /// The page's address.
    pub url: Url,
    /// The answer of the network.
    pub response: oneshot::Receiver<Result<Response, NetworkError>>,
}

/// What a worker made of a `fetch` event.
pub enum FetchAnswer {
    /// It answered.
    Response(Response),
    /// It did not call `respondWith()`: the request goes on to the network.
    PassThrough(Request),
    /// Its answer is a network error, for the reason given.
    Failed(String),
}

/// `fetch` events that have no answer yet. Kept in the scope's op state.
#[derive(Default)]
pub(crate) struct PendingFetchEvents(BTreeMap<u32, Pending>);

struct Pending {
    reply: oneshot::Sender<FetchAnswer>,
    /// Whose request it is, which it stays when it passes through the worker.
    client: FetchClient,
    partition: Box<str>,
}

/// A `fetch` event as the scope's script takes it.
pub struct FetchDetail {
    /// The request, brought into the scope.
    pub request: NativeRequest,
    /// `FetchEvent.clientId`
    pub client_id: String,
    /// `FetchEvent.resultingClientId`
    pub resulting_client_id: String,
    /// Whether there is a `FetchEvent.preloadResponse`
    pub has_preload: bool,
}

impl FetchInit {
    /// No worker gets the request: it goes to the network.
    pub fn pass_through(self) {
        // The client may have given up.
        let _ = self.reply.send(FetchAnswer::PassThrough(self.request));
    }

    /// Brings the request into the scope; its answer will be that of event `id`.
    pub(crate) fn put(mut self, id: u32, state: &mut OpState) -> FetchDetail {
        let pending = Pending {
            reply: self.reply,
            client: FetchClient {
                origin: mem::take(&mut self.request.origin),
                url: mem::take(&mut self.request.client_url),
                referrer_policy: self.request.referrer_policy,
            },
            partition: mem::take(&mut self.request.partition),
        };
        state
            .borrow_mut::<PendingFetchEvents>()
            .0
            .insert(id, pending);
        let has_preload = self.preload.is_some();
        if let Some(preload) = self.preload {
            state.borrow_mut::<Preloads>().0.insert(id, preload);
        }
        FetchDetail {
            has_preload,
            request: NativeRequest::put(self.request, state),
            client_id: self.client_id,
            resulting_client_id: self.resulting_client_id,
        }
    }
}

fn answer(state: &mut OpState, id: u32, answer: FetchAnswer) {
    if let Some(pending) = state.borrow_mut::<PendingFetchEvents>().0.remove(&id) {
        // The client may be gone.
        let _ = pending.reply.send(answer);
    }
}

#[op2]
pub(crate) fn op_fetch_event_respond(
    state: &mut OpState,
    #[smi] id: u32,
    #[serde] response: ScriptResponse,
) -> Result<(), JsErrorBox> {
    let response = response.take(state)?;
    answer(state, id, FetchAnswer::Response(response));
    Ok(())
}

/// Like `op_fetch_event_respond`, for a response that a script made of a text.
#[op2(fast)]
pub(crate) fn op_fetch_event_respond_text(
    state: &mut OpState,
    #[smi] id: u32,
    #[smi] status: u16,
    #[string(onebyte)] headers: Cow<'_, [u8]>,
    #[string] text: String,
) {
    let response = Response {
        headers: headers_from_lines(&headers),
        body: Body::from(text.into_bytes()),
        ..Response::new(status)
    };
    answer(state, id, FetchAnswer::Response(response));
}

#[op2]
pub(crate) fn op_fetch_event_pass_through(
    state: &mut OpState,
    #[smi] id: u32,
    #[serde] request: ScriptRequest,
) -> Result<(), JsErrorBox> {
    let pending = state.borrow::<PendingFetchEvents>().0.get(&id);
    let Some((client, partition)) =
        pending.map(|pending| (pending.client.clone(), pending.partition.clone()))
    else {
        return Ok(());
    };
    let request = Request {
        partition,
        ..request.take(client, state)?
    };
    answer(state, id, FetchAnswer::PassThrough(request));
    Ok(())
}

#[op2(fast)]
pub(crate) fn op_fetch_event_fail(state: &mut OpState, #[smi] id: u32, #[string] reason: String) {
    answer(state, id, FetchAnswer::Failed(reason));
}
