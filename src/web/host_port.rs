//! The way from a script to the host: what a scope may ask for, and the channel that carries it.
//! Nothing here decides; the host answers.

use std::time::Duration;

use deno_core::OpState;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use crate::network;
use crate::service_worker::{ClientType, ScriptPlace, ScriptResource, ScriptType, UpdateViaCache};
use crate::sync::SyncKind;
use crate::web::background_fetch::BackgroundFetchRequest;
use crate::web::error::WebError;
use crate::web::frame::FrameRequest;
use crate::web::message::TransferredMessage;
use crate::web::navigation_preload::NavigationPreloadRequest;
use crate::web::notifications::NotificationRequest;
use crate::web::push::PushManagerRequest;
use crate::web::script_error::ScriptError;
use crate::web::view::{ClientView, RegistrationView};

/// Names one running scope, worker or client, for as long as the host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(pub u64);

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<Result<T, WebError>>;

/// How a line reached the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleLevel {
    /// `console.debug`
    Debug,
    /// `console.log`, `console.info` and what prints like them
    Log,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

/// The arguments of `navigator.serviceWorker.register()`, addresses resolved.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest {
    /// The script.
    pub script_url: Url,
    /// The scope, if one was given.
    pub scope: Option<Url>,
    /// Classic script or module.
    pub script_type: ScriptType,
    /// What an update check may take from the HTTP cache.
    pub update_via_cache: UpdateViaCache,
}

/// Everything a scope asks of the host.
pub enum HostRequest {
    /// A line for the console.
    Print(ConsoleLevel, String),
    /// An error that no script handled.
    ReportError(ScriptError),
    /// Nothing is under way in the scope after it took so many commands.
    Idle {
        /// Counted from the scope's start.
        commands_taken: u64,
    },
    /// Something is under way again in a scope that was idle: what woke it did not come through the host.
    Busy,
    /// The scope was asked whether it answers.
    Pong,
    /// A function that the embedder exposed is called, with its arguments as a JSON array.
    CallEmbedder(String, String, Reply<String>),
    /// `importScripts()` or an import of a module that the worker has not stored.
    ImportScript(Url, ScriptType, Reply<ScriptResource>),
    /// `fetch()` of a client that may have a controller.
    Fetch(
        network::Request,
        oneshot::Sender<Result<network::Response, network::NetworkError>>,
    ),

    /// `navigator.serviceWorker.register()`
    Register(RegisterRequest, Reply<RegistrationView>),
    /// `registration.update()`
    Update(i64, Reply<RegistrationView>),
    /// `registration.unregister()`, with the registration's scope.
    Unregister(Url, Reply<bool>),
    /// `navigator.serviceWorker.getRegistration()`
    GetRegistration(Url, Reply<Option<RegistrationView>>),
    /// `navigator.serviceWorker.getRegistrations()`
    GetRegistrations(Reply<Vec<RegistrationView>>),
    /// `navigator.serviceWorker.ready`
    Ready(Reply<RegistrationView>),
    /// `skipWaiting()`
    SkipWaiting(Reply<()>),
    /// `ServiceWorker.postMessage()`, and where in the script.
    PostToWorker(i64, TransferredMessage, Option<ScriptPlace>),

    /// `clients.get()`
    GetClient(String, Reply<Option<ClientView>>),
    /// `clients.matchAll()`
    MatchClients {
        /// Clients that the worker does not control too.
        include_uncontrolled: bool,
        /// Only clients of this type.
        kind: Option<ClientType>,
        /// Where the answer goes.
        reply: Reply<Vec<ClientView>>,
    },
    /// `clients.claim()`
    ClaimClients(Reply<()>),
    /// `clients.openWindow()`
    OpenWindow(Url, Reply<Option<ClientView>>),
    /// `WindowClient.navigate()`
    NavigateClient(String, Url, Reply<Option<ClientView>>),
    /// `WindowClient.focus()`
    FocusClient(String, Reply<ClientView>),
    /// `Client.postMessage()`, and where in the script.
    PostToClient(String, TransferredMessage, Option<ScriptPlace>),
    /// A message of this worker, posted there, came to a client that has no listener for it.
    MessageUnheard(i64, Option<ScriptPlace>),
    /// A worker did not look at what was preloaded of the page at this address.
    PreloadUnused(Url),

    /// `navigator.permissions.query()`. Answered with the state, in the words of the specification.
    QueryPermission(String, Reply<&'static str>),
    /// `registration.sync.register()`
    RegisterSync(i64, String, Reply<()>),
    /// The promise of `registration.sync.register()` has been resolved.
    AcknowledgeSync(i64, String),
    /// `registration.periodicSync.register()`, with the `minInterval`.
    RegisterPeriodicSync(i64, String, Duration, Reply<()>),
    /// `registration.periodicSync.unregister()`
    UnregisterPeriodicSync(i64, String, Reply<()>),
    /// `registration.sync.getTags()` and `registration.periodicSync.getTags()`
    GetSyncTags(i64, SyncKind, Reply<Vec<String>>),

    /// Something about a frame of this page.
    Frame(FrameRequest),
    /// Something about notifications.
    Notifications(NotificationRequest),
    /// Something about navigation preload.
    NavigationPreload(NavigationPreloadRequest),
    /// Something about push.
    Push(PushManagerRequest),
    /// Something about background fetches.
    BackgroundFetch(BackgroundFetchRequest),
}

/// A scope's end of the channel to the host. Kept in the scope's op state.
#[derive(Clone)]
pub struct HostPort {
    context: ContextId,
    requests: mpsc::UnboundedSender<(ContextId, HostRequest)>,
    is_cut_off: watch::Sender<bool>,
}

impl HostPort {
    /// A port for one scope.
    pub fn new(
        context: ContextId,
        requests: mpsc::UnboundedSender<(ContextId, HostRequest)>,
    ) -> Self {
        Self {
            context,
            requests,
            is_cut_off: watch::Sender::new(false),
        }
    }

    /// The port of the scope that an op was called in.
    pub fn of(state: &OpState) -> Self {
        state.borrow::<Self>().clone()
    }

    /// The port of a frame in this scope.
    pub fn for_frame(&self, frame: ContextId) -> Self {
        Self {
            context: frame,
            ..self.clone()
        }
    }

    /// Tells the host something. A host that is gone has nobody to tell.
    pub fn tell(&self, request: HostRequest) {
        let _ = self.requests.send((self.context, request));
    }

    /// Ends every wait for an answer, now and from now on: a script that is stopped may be inside of one.
    pub fn cut_off(&self) {
        self.is_cut_off.send_replace(true);
    }

    /// Whether no answer is waited for any more.
    pub fn is_cut_off(&self) -> bool {
        *self.is_cut_off.borrow()
    }

    /// Asks the host at once; the future is its answer.
    pub fn ask<T, F: FnOnce(Reply<T>) -> HostRequest>(
        &self,
        ask: F,
    ) -> impl Future<Output = Result<T, WebError>> + use<T, F> {
        let (reply, answer) = oneshot::channel();
        self.tell(ask(reply));
        let mut cut_off = self.is_cut_off.subscribe();
        async move {
            tokio::select! {
                answer = answer => answer.unwrap_or(Err(WebError::ShuttingDown)),
                _ = cut_off.wait_for(|is_cut_off| *is_cut_off) => Err(WebError::ShuttingDown),
            }
        }
    }
}
