//! One thread, one isolate: starts a scope, takes commands for it, and ends it.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread;

use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::engine::{Engine, EngineOptions, ModuleEvaluation, ScopeKind, StopHandle, StopReason};
use crate::service_worker::{EventOutcome, ScriptType};
use crate::web::ScopeOptions;
use crate::web::event::{EventInit, Notice};
use crate::web::global_scope::EvaluationResult;
use crate::web::host_port::{HostPort, HostRequest};
use crate::web::script_error::ScriptError;

/// How much stack a scope's thread has; V8 itself uses about one megabyte of it.
const STACK_SIZE: usize = 4 << 20;

/// Everything a new scope's thread needs. It crosses into that thread.
pub(super) struct ScopeSpec {
    pub kind: ScopeKind,
    pub port: HostPort,
    pub scope: ScopeOptions,
    pub heap_limit: usize,
    /// What runs first; a client may have none.
    pub main: Option<MainScript>,
}

/// The script that a scope begins with.
pub(super) struct MainScript {
    pub url: Url,
    pub text: Arc<str>,
    pub script_type: ScriptType,
}

/// What a scope is after its main script has run.
pub(super) struct Started {
    /// What the script threw at its top level, if it did. The scope runs all the same.
    pub error: Option<ScriptError>,
    /// The event types that it listens to.
    pub handled_events: Vec<String>,
}

type StartedSender = oneshot::Sender<Result<Started, String>>;

/// What a running scope can be told.
pub(super) enum Command {
    Dispatch {
        id: u32,
        event: EventInit,
        outcome: oneshot::Sender<EventOutcome>,
    },
    TimeOut(u32),
    Notify(Notice),
    Evaluate {
        source: String,
        result: oneshot::Sender<EvaluationResult>,
    },
    Stop,
}

/// The host's end of a scope's thread.
pub(super) struct ScopeThread {
    commands: mpsc::UnboundedSender<Command>,
    port: HostPort,
    stop: Arc<OnceLock<StopHandle>>,
}

/// What the host waits for after it started a scope.
pub(super) struct ScopeProgress {
    /// The main script has run, or the engine did not start.
    pub started: oneshot::Receiver<Result<Started, String>>,
    /// The thread has ended; the reason, if it was not asked to.
    pub ended: oneshot::Receiver<Option<StopReason>>,
}

impl ScopeThread {
    pub(super) fn spawn(spec: ScopeSpec) -> std::io::Result<(Self, ScopeProgress)> {
        let (commands, received) = mpsc::unbounded_channel();
        let (started_sender, started) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let port = spec.port.clone();
        let stop = Arc::new(OnceLock::new());
        let thread_stop = Arc::clone(&stop);
        thread::Builder::new()
            .name("landfall-scope".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(move || {
                let reason = run(spec, received, started_sender, &thread_stop);
                // The host may have gone first.
                let _ = ended_sender.send(reason);
            })?;
        let thread = Self {
            commands,
            port,
            stop,
        };
        Ok((thread, ScopeProgress { started, ended }))
    }

    /// Sends a command; a scope that has ended takes none.
    pub(super) fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// Ends the scope where it is, even inside an endless loop or a wait for the host.
    pub(super) fn terminate(&self) {
        // First: an engine that is not there yet looks at it as soon as it can be stopped.
        self.port.cut_off();
        if let Some(stop) = self.stop.get() {
            stop.stop(StopReason::Terminated);
        }
        self.send(Command::Stop);
    }
}

fn run(
    spec: ScopeSpec,
    commands: mpsc::UnboundedReceiver<Command>,
    started: StartedSender,
    stop: &OnceLock<StopHandle>,
) -> Option<StopReason> {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error.to_string()));
            return None;
        }
    };
    let port = spec.port.clone();
    let options = EngineOptions {
        kind: spec.kind,
        port: spec.port,
        scope: spec.scope,
        heap_limit: spec.heap_limit,
    };
    runtime.block_on(async {
        let mut engine = match Engine::new(options) {
            Ok(engine) => engine,
            Err(error) => {
                let _ = started.send(Err(error.to_string()));
                return None;
            }
        };
        let handle = engine.stop_handle();
        let _ = stop.set(handle.clone());
        if port.is_cut_off() {
            handle.stop(StopReason::Terminated);
            return handle.reason();
        }
        let starting = start(&mut engine, spec.main, started).await;
        let mut turns = Turns {
            engine,
            starting,
            commands,
            next: None,
            port,
            stop: handle.clone(),
            taken: 0,
            told_idle: false,
        };
        poll_fn(|context| turns.poll(context)).await;
        handle.reason()
    })
}

/// A module whose top level runs, and who waits for it.
struct Starting {
    evaluation: ModuleEvaluation,
    started: StartedSender,
}

/// Runs a classic script to its end; gives a module that is still to be driven to its own.
async fn start(
    engine: &mut Engine,
    main: Option<MainScript>,
    started: StartedSender,
) -> Option<Starting> {
    let result = match main {
        Some(main) if main.script_type == ScriptType::Module => {
            match engine.start_module(&main.url, main.text).await {
                Ok(evaluation) => {
                    return Some(Starting {
                        evaluation,
                        started,
                    });
                }
                Err(error) => Err(error),
            }
        }
        Some(main) => engine.run_classic(&main.url, main.text),
        None => Ok(()),
    };
    tell_started(engine, result.err(), started);
    None
}

fn tell_started(engine: &mut Engine, error: Option<ScriptError>, started: StartedSender) {
    let handled_events = engine.handled_events();
    let _ = started.send(Ok(Started {
        error,
        handled_events,
    }));
}

/// How a module's top level came to its end.
#[derive(PartialEq, Eq)]
enum MainModule {
    Ended,
    Threw,
}

/// The loop of a scope's thread: commands first, then the event loop, until told to stop.
struct Turns {
    engine: Engine,
    /// The main script, if that is a module and has not come to its end.
    starting: Option<Starting>,
    commands: mpsc::UnboundedReceiver<Command>,
    /// The command that is taken next.
    next: Option<Command>,
    port: HostPort,
    stop: StopHandle,
    /// How many commands were taken: the host compares it with how many it sent.
    taken: u64,
    /// The host was told that nothing is under way.
    told_idle: bool,
}

impl Turns {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let turn = self.engine.poll(context);
            if self.stop.reason().is_some() {
                return Poll::Ready(());
            }
            let start = self.poll_start(context);
            let is_idle = match turn {
                // What a module throws is an unhandled rejection too, and is told as the result of its start.
                Poll::Ready(Err(_)) if start == Poll::Ready(MainModule::Threw) => continue,
                Poll::Ready(Err(error)) => {
                    self.port.tell(HostRequest::ReportError(error));
                    continue;
                }
                // The module held the event loop open.
                _ if start.is_ready() => continue,
                turn => turn.is_ready(),
            };
            if !is_idle {
                self.tell_busy();
            }
            if let Some(command) = self.next.take() {
                self.take(command);
                continue;
            }
            match self.commands.poll_recv(context) {
                Poll::Ready(None | Some(Command::Stop)) => return Poll::Ready(()),
                Poll::Ready(Some(command)) => {
                    // An answer that the host gave before this command may still be on its way through the runtime's
                    // tasks. They get a turn, so that scripts hear things in the order in which they were said.
                    self.next = Some(command);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => {
                    if is_idle {
                        self.tell_idle();
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Ready once, when the main module has come to its end.
    fn poll_start(&mut self, context: &mut Context<'_>) -> Poll<MainModule> {
        let Some(mut starting) = self.starting.take() else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = self.engine.poll_module(&mut starting.evaluation, context) else {
            self.starting = Some(starting);
            return Poll::Pending;
        };
        let end = match result {
            Ok(()) => MainModule::Ended,
            Err(_) => MainModule::Threw,
        };
        tell_started(&mut self.engine, result.err(), starting.started);
        Poll::Ready(end)
    }

    fn tell_idle(&mut self) {
        self.told_idle = true;
        let commands_taken = self.taken;
        self.port.tell(HostRequest::Idle { commands_taken });
    }

    /// A message port or a broadcast channel wakes a scope without a command, so the host cannot know by itself.
    fn tell_busy(&mut self) {
        if std::mem::take(&mut self.told_idle) {
            self.port.tell(HostRequest::Busy);
        }
    }

    fn take(&mut self, command: Command) {
        self.taken += 1;
        match command {
            Command::Dispatch { id, event, outcome } => self.engine.dispatch(id, event, outcome),
            Command::TimeOut(id) => self.engine.time_out(id),
            Command::Notify(notice) => self.engine.notify(notice),
            Command::Evaluate { source, result } => self.engine.evaluate(&source, result),
            Command::Stop => {}
        }
    }
}
