//! V8: one isolate, its scope and its event loop. The only place that owns a `JsRuntime`.
//!
//! It runs scripts and dispatches events; which and when is the host's business.

mod entry;
mod limits;
mod modules;
mod read_only_heap;

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use deno_core::error::{CoreError, JsError};
use deno_core::{JsRuntime, PollEventLoopOptions, RuntimeOptions, v8};
use futures::FutureExt;
use serde::Serialize;
use tokio::sync::oneshot;
use url::Url;

use crate::clock::Sleep;
use crate::service_worker::ScriptType;
use crate::web;
use crate::web::ScopeOptions;
use crate::web::activity::{Activities, ActivityLog};
use crate::web::buffers::ScriptBuffers;
use crate::web::event::{EventInit, EventReply, Notice, PendingEvents};
use crate::web::global_scope::{EvaluationResult, PendingEvaluations};
use crate::web::host_port::{ContextId, HostPort};
use crate::web::on_demand::{OnDemandScript, OnDemandScripts};
use crate::web::platform::V8_FLAGS;
use crate::web::script_error::{ScriptError, ScriptSources};
use crate::web::service_worker::StoredScripts;
use crate::web::time::ScopeTime;
use crate::web::view::{RegistrationView, WorkerView};

use entry::Entry;
pub(crate) use limits::{StopHandle, StopReason};
use modules::{MainModule, StoredModules};
use read_only_heap::ReadOnlyHeap;

static SNAPSHOT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/snapshot.bin"));
// Scripts of the platform that are loaded on first use: ON_DEMAND, and Deno's modules in RESIDUAL_MODULES.
include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// What errors in a script of the embedder's name as their place; the same as in js/global_scope/bootstrap.js.
const EVALUATED_URL: &str = "landfall:evaluated";

/// What kind of global a scope has.
#[derive(Debug, Clone)]
pub(crate) enum ScopeKind {
    /// A service worker of a registration.
    ServiceWorker {
        registration: RegistrationView,
        worker: WorkerView,
        script_type: ScriptType,
    },
    /// A window-like client, with the worker that controls it from the beginning.
    Window {
        controller: Option<WorkerView>,
        /// Whether its scripts can open frames.
        opens_frames: bool,
        /// A function that every loaded frame runs.
        frame_script: Option<String>,
    },
}

/// How a scope is to be started.
pub(crate) struct EngineOptions {
    pub kind: ScopeKind,
    pub port: HostPort,
    pub scope: ScopeOptions,
    /// Bytes of heap a script may use.
    pub heap_limit: usize,
}

/// The argument of `boot` in js/global_scope/bootstrap.js.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    url: String,
    is_clock_manual: bool,
    exposed_functions: Vec<String>,
    service_worker: Option<ServiceWorkerStart>,
    client: Option<ClientStart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceWorkerStart {
    registration: RegistrationView,
    worker: WorkerView,
    is_module: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientStart {
    controller: Option<WorkerView>,
    opens_frames: bool,
    frame_script: Option<String>,
}

/// Creates V8's platform. To be called before any scope starts; later calls do nothing.
pub(crate) fn init() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Of its own accord V8 reads three pages of /dev/urandom for each scope.
        v8::V8::set_entropy_source(|bytes| {
            rand::fill(bytes);
            true
        });
        v8::V8::set_flags_from_string(V8_FLAGS);
        JsRuntime::init_platform(None);
    });
}

/// One running scope. Lives and dies on the thread that made it.
pub(crate) struct Engine {
    js: JsRuntime,
    entry: Entry,
    main_module: MainModule,
    stop: StopHandle,
    buffers: Rc<ScriptBuffers>,
    /// The wait for the next timer by the host's clock, and the time that it is for.
    next_timer: Option<(Duration, Sleep)>,
    _read_only_heap: ReadOnlyHeap,
}

impl Engine {
    /// Starts a scope from the snapshot; no script of the user's has run yet.
    pub(crate) fn new(options: EngineOptions) -> Result<Self, CoreError> {
        let is_worker = matches!(options.kind, ScopeKind::ServiceWorker { .. });
        let start = Start::new(&options.scope, options.kind);
        let scripts = StoredScripts::new(options.scope.scripts.clone());
        let sources = ScriptSources::default();
        let main_module = MainModule::new(scripts.clone());
        let loader = StoredModules::new(
            main_module.clone(),
            scripts.clone(),
            sources.clone(),
            options.port.clone(),
            is_worker,
        );
        let read_only_heap = ReadOnlyHeap::begin_use(SNAPSHOT);
        let mut js = JsRuntime::try_new(RuntimeOptions {
            startup_snapshot: Some(SNAPSHOT),
            residual_lazy_esm_sources: RESIDUAL_MODULES,
            shared_array_buffer_store: Some(options.scope.shared.array_buffers()),
            compiled_wasm_module_store: Some(options.scope.shared.wasm_modules()),
            extensions: web::extensions(),
            module_loader: Some(Rc::new(loader)),
            create_params: Some(v8::CreateParams::default().heap_limits(0, options.heap_limit)),
            // The snapshot has them.
            skip_op_registration: true,
            ..Default::default()
        })?;
        js.lazy_init_extensions(web::extension_arguments(options.scope, scripts))?;
        // https://html.spec.whatwg.org/#similar-origin-window-agent and the one of service workers: neither can block.
        js.v8_isolate().set_allow_atomics_wait(false);
        js.op_state().borrow_mut().put(options.port);
        js.op_state().borrow_mut().put(sources);
        js.op_state().borrow_mut().put(OnDemandScripts(ON_DEMAND));
        let buffers = ScriptBuffers::of(&js.op_state().borrow());
        let stop = StopHandle::new(&mut js);
        let entry = Entry::boot(&mut js, &start)?;
        Ok(Self {
            js,
            entry,
            main_module,
            stop,
            buffers,
            next_timer: None,
            _read_only_heap: read_only_heap,
        })
    }

    /// What ends the scope from another thread.
    pub(crate) fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// Runs a classic script to its end, microtasks not included.
    pub(crate) fn run_classic(&mut self, url: &Url, text: Arc<str>) -> Result<(), ScriptError> {
        self.remember(url, &text);
        let result = self.js.execute_script(url.to_string(), text);
        result.map(drop).map_err(|error| self.describe(&error))
    }

    /// Begins to run a module with everything it imports; what it comes to is told when its evaluation settles.
    pub(crate) fn run_module(
        &mut self,
        url: &Url,
        text: &str,
        result: oneshot::Sender<EvaluationResult>,
    ) {
        self.main_module.begin(url, text);
        let id = self.begin_evaluation(result);
        self.entry.evaluate_module(&mut self.js, id, url.as_str());
    }

    /// The event types that the script listens to now.
    pub(crate) fn handled_events(&mut self) -> Vec<String> {
        self.entry.handled_events(&mut self.js)
    }

    /// Dispatches an event; its outcome comes when it is over.
    pub(crate) fn dispatch(
        &mut self,
        id: u32,
        event: EventInit,
        activity: Option<ActivityLog>,
        reply: EventReply,
    ) {
        let kind = event.kind();
        let detail = {
            let state = self.js.op_state();
            let mut state = state.borrow_mut();
            if let Some(log) = activity {
                let activities = state.borrow_mut::<Activities>();
                activities.expect(id, &event.name(), log);
            }
            state.borrow_mut::<PendingEvents>().begin(id, reply);
            event.put(id, &mut state)
        };
        self.entry
            .dispatch(&mut self.js, id, kind, &detail, &self.stop);
    }

    /// Nobody waits for the event any more.
    pub(crate) fn time_out(&mut self, id: u32) {
        self.entry.time_out(&mut self.js, id);
    }

    /// Nobody wants the answer to a `fetch` event any more: its request is aborted.
    pub(crate) fn give_up(&mut self, id: u32) {
        self.entry.abort_fetch(&mut self.js, id);
    }

    /// Brings news into the scope.
    pub(crate) fn notify(&mut self, frame: Option<ContextId>, notice: Notice) {
        let (name, detail) = {
            let state = self.js.op_state();
            let mut state = state.borrow_mut();
            notice.put(&mut state)
        };
        self.entry
            .notify(&mut self.js, name, &detail, number_of(frame));
    }

    /// Evaluates a script for the embedder and awaits what it comes to.
    pub(crate) fn evaluate(
        &mut self,
        frame: Option<ContextId>,
        source: &str,
        result: oneshot::Sender<EvaluationResult>,
    ) {
        self.js
            .op_state()
            .borrow()
            .borrow::<ScriptSources>()
            .insert(EVALUATED_URL, Arc::from(source));
        let id = self.begin_evaluation(result);
        self.entry
            .evaluate(&mut self.js, id, source, number_of(frame));
    }

    /// Shows an address in a frame, or in a new one; the result is the new client's number and name.
    pub(crate) fn show_in_frame(
        &mut self,
        frame: Option<ContextId>,
        url: &Url,
        result: oneshot::Sender<EvaluationResult>,
    ) {
        let id = self.begin_evaluation(result);
        self.entry
            .show_in_frame(&mut self.js, id, url.as_str(), number_of(frame));
    }

    fn begin_evaluation(&self, result: oneshot::Sender<EvaluationResult>) -> u32 {
        let state = self.js.op_state();
        let mut state = state.borrow_mut();
        state.borrow_mut::<PendingEvaluations>().begin(result)
    }

    /// Runs what is due. Ready when nothing is under way, or with an error that ended the turn.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ScriptError>> {
        let turn = self
            .js
            .poll_event_loop(context, PollEventLoopOptions::default());
        self.buffers.collect(self.js.v8_isolate());
        turn.map_err(|error| self.describe_core(&error))
    }

    /// Ready when a timer is due by the host's clock: [`fire_timer`](Self::fire_timer) fires it. The wait for that
    /// moment is held until the next one begins, so that the clock knows that its time is not over yet.
    pub(crate) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let state = self.js.op_state();
        let state = state.borrow();
        let time = state.borrow::<ScopeTime>();
        let Some(at) = time.next_timer() else {
            self.next_timer = None;
            return Poll::Pending;
        };
        if at <= time.clock().elapsed() {
            return Poll::Ready(());
        }
        if self
            .next_timer
            .as_ref()
            .is_none_or(|(for_at, _)| *for_at != at)
        {
            self.next_timer = Some((at, time.clock().sleep_until_elapsed(at)));
        }
        match &mut self.next_timer {
            Some((_, wait)) => wait.poll_unpin(context),
            None => Poll::Pending,
        }
    }

    /// Fires the timer that is next.
    pub(crate) fn fire_timer(&mut self) {
        let state = self.js.op_state();
        let next = state.borrow_mut().borrow_mut::<ScopeTime>().begin_timer();
        if let Some(id) = next {
            self.entry.fire_timer(&mut self.js, id);
            state.borrow_mut().borrow_mut::<ScopeTime>().end_timer();
        }
    }

    fn remember(&self, url: &Url, text: &Arc<str>) {
        let state = self.js.op_state();
        let state = state.borrow_mut();
        state
            .borrow::<ScriptSources>()
            .insert(url.as_str(), text.clone());
    }

    fn describe(&self, error: &JsError) -> ScriptError {
        let state = self.js.op_state();
        let state = state.borrow();
        state.borrow::<ScriptSources>().describe(error, false)
    }

    fn describe_core(&self, error: &CoreError) -> ScriptError {
        match error.as_kind() {
            deno_core::error::CoreErrorKind::Js(error) => self.describe(error),
            _ => ScriptError {
                message: error.to_string(),
                stack: None,
                position: None,
                is_rejection: false,
            },
        }
    }
}

/// The number of an environment, as js/platform/environment.js has it: 0 for the scope's own.
fn number_of(frame: Option<ContextId>) -> u64 {
    frame.map_or(0, |ContextId(number)| number)
}

impl Start {
    fn new(scope: &ScopeOptions, kind: ScopeKind) -> Self {
        let (service_worker, client) = match kind {
            ScopeKind::ServiceWorker {
                registration,
                worker,
                script_type,
            } => {
                let service_worker = ServiceWorkerStart {
                    registration,
                    worker,
                    is_module: script_type == ScriptType::Module,
                };
                (Some(service_worker), None)
            }
            ScopeKind::Window {
                controller,
                opens_frames,
                frame_script,
            } => {
                let client = ClientStart {
                    controller,
                    opens_frames,
                    frame_script,
                };
                (None, Some(client))
            }
        };
        let mut url = scope.url.clone();
        // Those that cannot have them have none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Self {
            url: url.into(),
            is_clock_manual: scope.clock.manual().is_some(),
            exposed_functions: scope.exposed_functions.clone(),
            service_worker,
            client,
        }
    }
}
