//! Service workers as scripts see them: the container, registrations, clients, the worker's own scope.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::error::JsError;
use deno_core::{OpState, op2, v8};
use deno_web::{JsMessageData, MessagePortError};
use futures::executor::block_on;
use std::sync::Arc;
use tokio::task::unconstrained;
use url::Url;

use crate::network::{ReferrerPolicy, read_referrer_policy};
use crate::service_worker::{
    ClientType, EventOutcome, Rejection, ScriptMap, ScriptPlace, ScriptResource, ScriptType,
};
use crate::web::activity::place_of_script;
use crate::web::error::WebError;
use crate::web::event::PendingEvents;
use crate::web::fetch_event::{
    PendingFetchEvents, op_fetch_event_fail, op_fetch_event_pass_through, op_fetch_event_respond,
    op_fetch_event_respond_text,
};
use crate::web::frame::port_of;
use crate::web::host_port::{HostPort, HostRequest, RegisterRequest};
use crate::web::message::TransferredMessage;
use crate::web::navigation_preload::{
    Preloads, op_fetch_event_preload, op_navigation_preload_enable,
    op_navigation_preload_set_header, op_navigation_preload_state,
};
use crate::web::script_error::ScriptSources;
use crate::web::view::{ClientView, RegistrationView};

deno_core::extension!(
    sw_service_worker,
    deps = [landfall_platform, sw_fetch, sw_navigator, sw_notifications, sw_push, sw_sync],
    ops = [
        op_clients_claim,
        op_clients_focus,
        op_clients_get,
        op_clients_match_all,
        op_clients_message_unheard,
        op_clients_navigate,
        op_clients_open_window,
        op_clients_post_message,
        op_fetch_event_fail,
        op_fetch_event_pass_through,
        op_fetch_event_preload,
        op_fetch_event_respond,
        op_fetch_event_respond_text,
        op_navigation_preload_enable,
        op_navigation_preload_set_header,
        op_navigation_preload_state,
        op_service_worker_event_fulfilled,
        op_service_worker_event_rejected,
        op_service_worker_get_registration,
        op_service_worker_get_registrations,
        op_service_worker_import_script,
        op_service_worker_post_message,
        op_service_worker_ready,
        op_service_worker_register,
        op_service_worker_skip_waiting,
        op_service_worker_unregister,
        op_service_worker_update,
    ],
    esm = [
        dir "js/service_worker",
        "clients.js",
        "dispatch.js",
        "dispatch_fetch.js",
        "extendable_event.js",
        "fetch_event.js",
        "message.js",
        "message_event.js",
        "navigation_preload_manager.js",
        "service_worker.js",
        "service_worker_container.js",
        "service_worker_global_scope.js",
        "service_worker_registration.js",
    ],
    options = { scripts: StoredScripts },
    state = |state, options| {
        state.put(PendingEvents::default());
        state.put(PendingFetchEvents::default());
        state.put(Preloads::default());
        state.put(options.scripts);
    },
);

/// The scripts that a worker has stored: the main script and what it imported so far.
///
/// `importScripts()` and the module loader of one scope share it.
#[derive(Clone, Default)]
pub struct StoredScripts(Rc<RefCell<ScriptMap>>);

impl StoredScripts {
    /// Begins with what is on disk.
    pub fn new(scripts: ScriptMap) -> Self {
        Self(Rc::new(RefCell::new(scripts)))
    }

    /// Adds a script that did not come from the network.
    pub fn provide(&self, url: &Url, text: &str) {
        let script = ScriptResource {
            url: url.clone(),
            mime_type: "text/javascript".to_owned(),
            referrer_policy: String::new(),
            body: text.as_bytes().into(),
        };
        self.0.borrow_mut().insert(url.clone(), script);
    }

    /// The script that was asked for as `url`, from here or else from the host.
    pub async fn load(
        &self,
        url: &Url,
        script_type: ScriptType,
        host: &HostPort,
    ) -> Result<ScriptResource, WebError> {
        if let Some(script) = self.0.borrow().get(url) {
            return Ok(script.clone());
        }
        let asked = url.clone();
        let script = host
            .ask(|reply| HostRequest::ImportScript(asked, script_type, reply))
            .await?;
        self.0.borrow_mut().insert(url.clone(), script.clone());
        Ok(script)
    }
}

/// The referrer policy of a worker with that main script: it holds for what the worker fetches and imports.
pub fn policy_of_worker(main_script: &ScriptResource) -> ReferrerPolicy {
    read_referrer_policy(&main_script.referrer_policy).unwrap_or_default()
}

/// The text of a script as V8 takes it: UTF-8, without a byte order mark, faulty bytes replaced.
pub fn decode_script(body: &[u8]) -> Arc<str> {
    let text = String::from_utf8_lossy(body);
    Arc::from(text.strip_prefix('\u{feff}').unwrap_or(&text))
}

#[op2(fast)]
fn op_service_worker_event_fulfilled(state: &mut OpState, #[smi] id: u32) {
    settle(state, id, EventOutcome::Fulfilled);
}

#[op2]
fn op_service_worker_event_rejected(
    state: &mut OpState,
    #[smi] id: u32,
    #[serde] rejection: JsError,
) {
    let described = state.borrow::<ScriptSources>().describe(&rejection, true);
    settle(state, id, EventOutcome::Rejected(described.into()));
}

/// An event could not be fired, or its end not be told.
pub fn reject_event(state: &mut OpState, id: u32, message: String) {
    let stack = None;
    settle(
        state,
        id,
        EventOutcome::Rejected(Rejection { message, stack }),
    );
}

fn settle(state: &mut OpState, id: u32, outcome: EventOutcome) {
    // What was preloaded and not asked for is not wanted any more.
    if let Some(unused) = state.borrow_mut::<Preloads>().0.remove(&id) {
        HostPort::of(state).tell(HostRequest::PreloadUnused(unused.url));
    }
    state.borrow_mut::<PendingEvents>().settle(id, outcome);
}

/// `importScripts()` is synchronous: the worker's thread waits here, and the host's threads do the work.
#[op2]
#[string]
fn op_service_worker_import_script(
    state: &mut OpState,
    #[string] url: String,
) -> Result<String, WebError> {
    let parsed = Url::parse(&url).map_err(|_| WebError::Network(format!("`{url}` is no URL")))?;
    let host = HostPort::of(state);
    let scripts = state.borrow::<StoredScripts>().clone();
    // Tokio's budget for one turn is not filled up in here: used up, it would keep the answer away for ever.
    let loading = scripts.load(&parsed, ScriptType::Classic, &host);
    let script = block_on(unconstrained(loading))?;
    let text = decode_script(&script.body);
    state.borrow::<ScriptSources>().insert(&url, text.clone());
    Ok(text.to_string())
}

#[op2]
fn op_service_worker_post_message(
    scope: &mut v8::PinScope<'_, '_>,
    state: &mut OpState,
    #[number] environment: u64,
    #[number] worker: i64,
    #[serde] message: JsMessageData,
) -> Result<(), MessagePortError> {
    let message = TransferredMessage::take(state, message)?;
    let place = place_of_script(scope);
    port_of(state, environment).tell(HostRequest::PostToWorker(worker, message, place));
    Ok(())
}

#[op2]
fn op_clients_post_message(
    scope: &mut v8::PinScope<'_, '_>,
    state: &mut OpState,
    #[string] client: String,
    #[serde] message: JsMessageData,
) -> Result<(), MessagePortError> {
    let message = TransferredMessage::take(state, message)?;
    let place = place_of_script(scope);
    HostPort::of(state).tell(HostRequest::PostToClient(client, message, place));
    Ok(())
}

/// A message of a worker came to a client without a listener.
#[op2]
fn op_clients_message_unheard(
    state: &OpState,
    #[number] environment: u64,
    #[number] worker: i64,
    #[serde] place: Option<ScriptPlace>,
) {
    port_of(state, environment).tell(HostRequest::MessageUnheard(worker, place));
}

#[op2]
#[serde]
async fn op_service_worker_register(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
    #[serde] request: RegisterRequest,
) -> Result<RegistrationView, WebError> {
    let host = port_of(&state.borrow(), environment);
    host.ask(|reply| HostRequest::Register(request, reply))
        .await
}

#[op2]
#[serde]
async fn op_service_worker_update(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
    #[number] registration: i64,
) -> Result<RegistrationView, WebError> {
    let host = port_of(&state.borrow(), environment);
    host.ask(|reply| HostRequest::Update(registration, reply))
        .await
}

#[op2]
async fn op_service_worker_unregister(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
    #[string] scope: String,
) -> Result<bool, WebError> {
    let host = port_of(&state.borrow(), environment);
    let scope = Url::parse(&scope).map_err(|_| WebError::Type(format!("`{scope}` is no URL")))?;
    host.ask(|reply| HostRequest::Unregister(scope, reply))
        .await
}

#[op2]
#[serde]
async fn op_service_worker_get_registration(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
    #[string] url: String,
) -> Result<Option<RegistrationView>, WebError> {
    let host = port_of(&state.borrow(), environment);
    let url = Url::parse(&url).map_err(|_| WebError::Type(format!("`{url}` is no URL")))?;
    host.ask(|reply| HostRequest::GetRegistration(url, reply))
        .await
}

#[op2]
#[serde]
async fn op_service_worker_get_registrations(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
) -> Result<Vec<RegistrationView>, WebError> {
    let host = port_of(&state.borrow(), environment);
    host.ask(HostRequest::GetRegistrations).await
}

#[op2]
#[serde]
async fn op_service_worker_ready(
    state: Rc<RefCell<OpState>>,
    #[number] environment: u64,
) -> Result<RegistrationView, WebError> {
    let host = port_of(&state.borrow(), environment);
    host.ask(HostRequest::Ready).await
}

#[op2]
async fn op_service_worker_skip_waiting(state: Rc<RefCell<OpState>>) -> Result<(), WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(HostRequest::SkipWaiting).await
}

#[op2]
#[serde]
async fn op_clients_get(
    state: Rc<RefCell<OpState>>,
    #[string] id: String,
) -> Result<Option<ClientView>, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::GetClient(id, reply)).await
}

#[op2]
#[serde]
async fn op_clients_match_all(
    state: Rc<RefCell<OpState>>,
    include_uncontrolled: bool,
    #[string] kind: String,
) -> Result<Vec<ClientView>, WebError> {
    let host = HostPort::of(&state.borrow());
    let kind = match kind.as_str() {
        "all" => None,
        "worker" => Some(ClientType::Worker),
        "sharedworker" => Some(ClientType::SharedWorker),
        _ => Some(ClientType::Window),
    };
    host.ask(|reply| HostRequest::MatchClients {
        include_uncontrolled,
        kind,
        reply,
    })
    .await
}

#[op2]
async fn op_clients_claim(state: Rc<RefCell<OpState>>) -> Result<(), WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(HostRequest::ClaimClients).await
}

#[op2]
#[serde]
async fn op_clients_open_window(
    state: Rc<RefCell<OpState>>,
    #[string] url: String,
) -> Result<Option<ClientView>, WebError> {
    let host = HostPort::of(&state.borrow());
    let url = Url::parse(&url).map_err(|_| WebError::Type(format!("`{url}` is no URL")))?;
    host.ask(|reply| HostRequest::OpenWindow(url, reply)).await
}

#[op2]
#[serde]
async fn op_clients_navigate(
    state: Rc<RefCell<OpState>>,
    #[string] id: String,
    #[string] url: String,
) -> Result<Option<ClientView>, WebError> {
    let host = HostPort::of(&state.borrow());
    let url = Url::parse(&url).map_err(|_| WebError::Type(format!("`{url}` is no URL")))?;
    host.ask(|reply| HostRequest::NavigateClient(id, url, reply))
        .await
}

#[op2]
#[serde]
async fn op_clients_focus(
    state: Rc<RefCell<OpState>>,
    #[string] id: String,
) -> Result<ClientView, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::FocusClient(id, reply)).await
}
