//! One thread, one isolate: starts a scope, takes commands for it, and ends it.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::engine::{Engine, EngineOptions, ScopeKind, StopHandle, StopReason};
use crate::service_worker::ScriptType;
use crate::web::ScopeOptions;
use crate::web::activity::ActivityLog;
use crate::web::event::{EventEnd, EventInit, EventReply, Notice};
use crate::web::global_scope::EvaluationResult;
use crate::web::host_port::{ContextId, HostPort, HostRequest};
use crate::web::script_error::ScriptError;

/// How much stack a scope's thread has; V8 itself uses about one megabyte of it.
const STACK_SIZE: usize = 4 << 20;

/// So many commands are taken at once; then what scripts wait for has its turn.
const BATCH: usize = 64;

/// What deno_core says of a module that waits while nothing of its own is under way.
const STALLED: &str = "Top-level await promise never resolved";

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

/// What a running scope can be told.
pub(super) enum Command {
    Dispatch {
        id: u32,
        event: EventInit,
        /// Where what its script does is written down, if anybody wants to know.
        activity: Option<ActivityLog>,
        reply: EventReply,
    },
    TimeOut(u32),
    /// Nobody wants the answer to a `fetch` event any more.
    GiveUp(u32),
    /// News, for the scope itself or a frame in it.
    Notify(Option<ContextId>, Notice),
    SayWhenIdle,
    /// Wants an answer, to see that one comes.
    Ping,
    /// Gives an answer in the order of commands.
    Run(Box<dyn FnOnce() + Send>),
    Evaluate {
        frame: Option<ContextId>,
        source: String,
        result: oneshot::Sender<EvaluationResult>,
    },
    /// An address is to be shown in a frame, or in a new one.
    ShowInFrame {
        frame: Option<ContextId>,
        url: Url,
        result: oneshot::Sender<EvaluationResult>,
    },
    Stop,
}

impl Command {
    /// No scope takes it: an event goes back to the host.
    pub(super) fn give_back(self) {
        if let Self::Dispatch { event, reply, .. } = self {
            // Nobody may be waiting any more: the event had timed out.
            let _ = reply.send(EventEnd::NotDispatched(Box::new(event)));
        }
    }
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
        if let Err(mpsc::error::SendError(command)) = self.commands.send(command) {
            command.give_back();
        }
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
    started: oneshot::Sender<Result<Started, String>>,
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
        let mut turns = Turns {
            starting: Some(begin(&mut engine, spec.main, started)),
            engine,
            commands,
            next: Vec::new(),
            port,
            stop: handle.clone(),
            last_error: None,
            taken: 0,
            told_idle: false,
            has_answered: false,
        };
        poll_fn(|context| turns.poll(context)).await;
        turns.give_back();
        handle.reason()
    })
}

/// A scope whose main script has begun to run.
struct Starting {
    evaluation: oneshot::Receiver<EvaluationResult>,
    started: oneshot::Sender<Result<Started, String>>,
}

/// Runs a classic script to its end, or begins with a module.
fn begin(
    engine: &mut Engine,
    main: Option<MainScript>,
    started: oneshot::Sender<Result<Started, String>>,
) -> Starting {
    let (result, evaluation) = oneshot::channel();
    match main {
        Some(main) if main.script_type == ScriptType::Module => {
            engine.run_module(&main.url, &main.text, result);
        }
        main => {
            let outcome = main.map_or(Ok(()), |main| engine.run_classic(&main.url, main.text));
            // The receiver is right here.
            let _ = result.send(outcome.map(|()| String::new()));
        }
    }
    Starting {
        evaluation,
        started,
    }
}

/// The loop of a scope's thread: commands first, then the event loop, until told to stop.
struct Turns {
    /// Set until the main script has run.
    starting: Option<Starting>,
    engine: Engine,
    commands: mpsc::UnboundedReceiver<Command>,
    /// The commands that are taken next, in their order.
    next: Vec<Command>,
    port: HostPort,
    stop: StopHandle,
    /// What ended the last turn, if that was an error.
    last_error: Option<ScriptError>,
    /// How many commands were taken: the host compares it with how many it sent.
    taken: u64,
    /// The host was told that nothing is under way.
    told_idle: bool,
    /// An answer was given in the order of commands, and has not come through the runtime's tasks yet.
    has_answered: bool,
}

impl Turns {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let turn = self.engine.poll(context);
            if self.stop.reason().is_some() {
                return Poll::Ready(());
            }
            let has_started = self.poll_start(context);
            let is_idle = match turn {
                // Deno does not know that a module may wait for the host alone.
                Poll::Ready(Err(error)) if !has_started && error.message.contains(STALLED) => true,
                Poll::Ready(Err(error)) if self.last_error.as_ref() != Some(&error) => {
                    self.last_error = Some(error.clone());
                    self.port.tell(HostRequest::ReportError(error));
                    continue;
                }
                // It stands, whatever is done: an imported module that waits for nothing.
                Poll::Ready(Err(_)) => true,
                turn => turn.is_ready() && has_started,
            };
            if !is_idle {
                self.tell_busy();
            }
            if self.engine.poll_timer(context).is_ready() {
                self.tell_busy();
                self.engine.fire_timer();
                continue;
            }
            if !self.next.is_empty() {
                if self.take_next() {
                    return Poll::Ready(());
                }
                continue;
            }
            match self.commands.poll_recv_many(context, &mut self.next, BATCH) {
                Poll::Ready(0) => return Poll::Ready(()),
                Poll::Ready(_) => {
                    // An answer that the host gave before these commands may still be on its way through the runtime's
                    // tasks. They get a turn, so that scripts hear things in the order in which they were said.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => {
                    if std::mem::take(&mut self.has_answered) {
                        context.waker().wake_by_ref();
                    } else if is_idle {
                        self.tell_idle();
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Tells the host when the main script has run; gives whether it has.
    fn poll_start(&mut self, context: &mut Context<'_>) -> bool {
        let Some(mut starting) = self.starting.take() else {
            return true;
        };
        let Poll::Ready(result) = starting.evaluation.poll_unpin(context) else {
            self.starting = Some(starting);
            return false;
        };
        let handled_events = self.engine.handled_events();
        let error = result.ok().and_then(Result::err);
        // The host may have given up.
        let _ = starting.started.send(Ok(Started {
            error,
            handled_events,
        }));
        true
    }

    fn tell_idle(&mut self) {
        self.told_idle = true;
        let commands_taken = self.taken;
        self.port.tell(HostRequest::Idle { commands_taken });
    }

    /// A message port, a broadcast channel or a timer wakes a scope without a command, so the host cannot know by
    /// itself.
    fn tell_busy(&mut self) {
        if std::mem::take(&mut self.told_idle) {
            self.port.tell(HostRequest::Busy);
        }
    }

    /// Takes the commands that were received; gives whether the scope is to end.
    fn take_next(&mut self) -> bool {
        let mut commands = std::mem::take(&mut self.next).into_iter();
        while self.stop.reason().is_none() {
            match commands.next() {
                None => return false,
                Some(Command::Stop) => break,
                Some(command) => self.take(command),
            }
        }
        self.next = commands.collect();
        true
    }

    /// Gives back the events that were not dispatched: the host may start the worker again for them.
    fn give_back(&mut self) {
        self.commands.close();
        let waiting = std::iter::from_fn(|| self.commands.try_recv().ok());
        for command in self.next.drain(..).chain(waiting) {
            command.give_back();
        }
    }

    fn take(&mut self, command: Command) {
        self.taken += 1;
        self.last_error = None;
        match command {
            Command::Dispatch {
                id,
                event,
                activity,
                reply,
            } => self.engine.dispatch(id, event, activity, reply),
            Command::TimeOut(id) => self.engine.time_out(id),
            Command::GiveUp(id) => self.engine.give_up(id),
            Command::Notify(frame, notice) => self.engine.notify(frame, notice),
            Command::Evaluate {
                frame,
                source,
                result,
            } => self.engine.evaluate(frame, &source, result),
            Command::ShowInFrame { frame, url, result } => {
                self.engine.show_in_frame(frame, &url, result);
            }
            Command::Ping => self.port.tell(HostRequest::Pong),
            Command::Run(answer) => {
                answer();
                self.has_answered = true;
            }
            // The host is told as soon as nothing is left to do.
            Command::SayWhenIdle | Command::Stop => {}
        }
    }
}
