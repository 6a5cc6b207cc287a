//! Which scopes run: workers start on demand and stop when idle, clients live until they are closed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{FutureExt, LocalBoxFuture, Shared};
use tokio::sync::oneshot;
use url::Url;

use crate::clock::Timestamp;
use crate::engine::{ScopeKind, StopReason};
use crate::host::core::Core;
use crate::host::event::{HostEventKind, ScriptSource};
use crate::host::runner::Runner;
use crate::host::scope_thread::{
    Command, MainScript, ScopeProgress, ScopeSpec, ScopeThread, Started,
};
use crate::network::Network;
use crate::service_worker::{
    Client, RegistrationId, ScriptMap, ServiceWorker, ServiceWorkerRegistration, WorkerId,
};
use crate::web::ScopeOptions;
use crate::web::event::Notice;
use crate::web::fetch::FetchRoute;
use crate::web::global_scope::EvaluationResult;
use crate::web::host_port::{ContextId, HostPort};
use crate::web::navigator::NavigatorOptions;
use crate::web::service_worker::decode_script;
use crate::web::view::{RegistrationView, WorkerView};

/// What a scope is for.
pub(super) enum Role {
    Worker {
        id: WorkerId,
        registration: RegistrationId,
    },
    Client(Client),
}

/// A running scope, or a frame inside of one.
pub(super) struct Scope {
    pub role: Role,
    pub url: Url,
    pub origin: String,
    /// The page that it is a frame of.
    pub page: Option<ContextId>,
    runner: Rc<Runner>,
    last_event: u32,
    /// Events that have not ended.
    in_flight: usize,
    /// When the last event ended, in elapsed time.
    quiet_since: Duration,
    /// One of its events took too long: it ends as soon as no other runs.
    should_stop: bool,
    /// A notification was clicked: until then it may open or focus one window.
    may_interact_until: Option<Timestamp>,
}

/// Resolves when a worker's main script has run, or says why it will not.
type WorkerStart = Shared<LocalBoxFuture<'static, Result<(), String>>>;

/// All running scopes.
#[derive(Default)]
pub(super) struct Scopes {
    running: BTreeMap<ContextId, Scope>,
    workers: BTreeMap<WorkerId, (ContextId, WorkerStart)>,
    /// Workers without an event, by the moment since when they rest.
    resting: BTreeSet<(Duration, ContextId)>,
    last_id: u64,
    last_client: u64,
}

impl Scope {
    /// Tells scope `id`, which this is.
    fn notify(&self, id: ContextId, notice: Notice) {
        let frame = self.page.map(|_| id);
        self.runner.send(Command::Notify(frame, notice));
    }

    pub(super) fn client(&self) -> Option<&Client> {
        match &self.role {
            Role::Client(client) => Some(client),
            Role::Worker { .. } => None,
        }
    }

    /// What its console lines and errors are said to come from.
    pub(super) fn source(&self) -> ScriptSource {
        match &self.role {
            Role::Worker { .. } => ScriptSource::Worker(self.url.clone()),
            Role::Client(_) => ScriptSource::Client(self.url.clone()),
        }
    }
}

impl Scopes {
    pub(super) fn get(&self, id: ContextId) -> Option<&Scope> {
        self.running.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ContextId, &Scope)> {
        self.running.iter().map(|(id, scope)| (*id, scope))
    }

    pub(super) fn clients_mut(&mut self) -> impl Iterator<Item = (ContextId, &mut Client)> {
        self.running
            .iter_mut()
            .filter_map(|(id, scope)| match &mut scope.role {
                Role::Client(client) => Some((*id, client)),
                Role::Worker { .. } => None,
            })
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.running.values().filter_map(Scope::client)
    }

    pub(super) fn worker(&self, id: WorkerId) -> Option<ContextId> {
        self.workers.get(&id).map(|(context, _)| *context)
    }

    /// The number that the next client gets, which is also its age.
    pub(super) fn next_client(&mut self) -> u64 {
        self.last_client += 1;
        self.last_client
    }

    /// The thread of a scope.
    pub(super) fn runner(&self, id: ContextId) -> Option<Rc<Runner>> {
        self.running.get(&id).map(|scope| Rc::clone(&scope.runner))
    }

    pub(super) fn send(&self, id: ContextId, command: Command) {
        match self.running.get(&id) {
            Some(scope) => scope.runner.send(command),
            None => command.give_back(),
        }
    }

    /// Has a script evaluated in a client.
    pub(super) fn evaluate(
        &self,
        id: ContextId,
        source: String,
        result: oneshot::Sender<EvaluationResult>,
    ) {
        if let Some(scope) = self.running.get(&id) {
            let frame = scope.page.map(|_| id);
            scope.runner.send(Command::Evaluate {
                frame,
                source,
                result,
            });
        }
    }

    /// A scope says that it did all it was told.
    pub(super) fn mark_idle(&self, id: ContextId, commands_taken: u64) {
        if let Some(scope) = self.running.get(&id) {
            scope.runner.mark_idle(commands_taken);
        }
    }

    /// A scope says that it was woken by another one.
    pub(super) fn mark_busy(&self, id: ContextId) {
        if let Some(scope) = self.running.get(&id) {
            scope.runner.mark_busy();
        }
    }

    /// Every scope says anew when it is idle, after it has taken what other scopes sent it.
    pub(super) fn ask_whether_idle(&self) {
        for scope in self.running.values() {
            scope.runner.send(Command::SayWhenIdle);
        }
    }

    pub(super) fn are_idle(&self) -> bool {
        self.running.values().all(|scope| scope.runner.is_idle())
    }

    /// The workers that have an event.
    pub(super) fn busy_workers(&self) -> Vec<ContextId> {
        let is_busy = |scope: &Scope| scope.in_flight > 0;
        let busy = self.running.iter().filter(|(_, scope)| is_busy(scope));
        busy.map(|(id, _)| *id).collect()
    }

    pub(super) fn has_pending_events(&self, worker: WorkerId) -> bool {
        self.worker(worker)
            .and_then(|id| self.running.get(&id))
            .is_some_and(|scope| scope.in_flight > 0)
    }

    /// An event is about to be sent; gives its number.
    pub(super) fn begin_event(&mut self, id: ContextId) -> Option<u32> {
        let scope = self.running.get_mut(&id)?;
        self.resting.remove(&(scope.quiet_since, id));
        scope.in_flight += 1;
        scope.last_event += 1;
        Some(scope.last_event)
    }

    /// An event ended; gives whether it was the last one.
    pub(super) fn end_event(&mut self, id: ContextId, now: Duration) -> bool {
        let Some(scope) = self.running.get_mut(&id) else {
            return false;
        };
        scope.in_flight -= 1;
        if scope.in_flight > 0 {
            return false;
        }
        scope.quiet_since = now;
        self.resting.insert((now, id));
        true
    }

    /// Since when the worker rests that has rested longest.
    pub(super) fn longest_rest(&self) -> Option<Duration> {
        self.resting.first().map(|(since, _)| *since)
    }

    /// The workers that have rested since `moment` or longer, and of more than `most` those that have rested longest.
    pub(super) fn rested(&self, moment: Option<Duration>, most: usize) -> Vec<ContextId> {
        let too_many = self.resting.len().saturating_sub(most);
        let rested = self
            .resting
            .iter()
            .enumerate()
            .take_while(|(place, (since, _))| {
                *place < too_many || moment.is_some_and(|moment| *since <= moment)
            });
        rested.map(|(_, (_, id))| *id).collect()
    }

    /// One of its events took too long.
    pub(super) fn stop_when_quiet(&mut self, id: ContextId) {
        if let Some(scope) = self.running.get_mut(&id) {
            scope.should_stop = true;
        }
    }

    pub(super) fn should_stop(&self, id: ContextId) -> bool {
        self.running.get(&id).is_some_and(|scope| scope.should_stop)
    }

    /// A notification of a worker was clicked: it may open or focus one window.
    pub(super) fn allow_interaction(&mut self, id: ContextId, until: Timestamp) {
        if let Some(scope) = self.running.get_mut(&id) {
            scope.may_interact_until = Some(until);
        }
    }

    /// Whether a worker may open or focus a window now; it may not do so again.
    pub(super) fn use_interaction(&mut self, id: ContextId, now: Timestamp) -> bool {
        let scope = self.running.get_mut(&id);
        let until = scope.and_then(|scope| scope.may_interact_until.take());
        until.is_some_and(|until| now <= until)
    }

    /// A scope is about to end: the next event for its worker starts another one.
    fn retire(&mut self, id: ContextId) {
        self.workers.retain(|_, (context, _)| *context != id);
        self.resting.retain(|(_, context)| *context != id);
    }

    /// A frame that shows something from now on. `None` if its page is gone.
    pub(super) fn add_frame(
        &mut self,
        page: ContextId,
        client: Client,
        origin: String,
    ) -> Option<ContextId> {
        let runner = Rc::clone(&self.running.get(&page)?.runner);
        let id = self.next_id();
        let frame = Scope {
            url: client.url.clone(),
            role: Role::Client(client),
            origin,
            page: Some(page),
            runner,
            last_event: 0,
            in_flight: 0,
            quiet_since: Duration::ZERO,
            should_stop: false,
            may_interact_until: None,
        };
        self.running.insert(id, frame);
        Some(id)
    }

    fn next_id(&mut self) -> ContextId {
        self.last_id += 1;
        ContextId(self.last_id)
    }

    fn remove(&mut self, id: ContextId) -> Option<Scope> {
        self.retire(id);
        self.running.remove(&id)
    }
}

impl Core {
    /// The scope of a worker, started if need be and with its main script run, and the number of the event that it
    /// is to get. It does not rest before that has ended.
    pub(super) async fn begin_event(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
    ) -> Result<(ContextId, u32), String> {
        let running = self.scopes.borrow().workers.get(&worker).cloned();
        let (context, start) = match running {
            Some(running) => running,
            None => self.start_installed_worker(registration, worker)?,
        };
        let event = self.scopes.borrow_mut().begin_event(context);
        let event = event.ok_or_else(|| "the worker has ended".to_owned())?;
        self.watch_answers();
        let started = start.await;
        if started.is_err() {
            self.event_ended(registration, context);
        }
        started.map(|()| (context, event))
    }

    fn start_installed_worker(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
    ) -> Result<(ContextId, WorkerStart), String> {
        let gone = || "the worker is redundant".to_owned();
        let (registration, worker) = self
            .update_registration(registration, |registration| {
                let worker = registration.workers().find(|w| w.id == worker).cloned();
                worker.map(|worker| (registration.clone(), worker))
            })
            .flatten()
            .ok_or_else(gone)?;
        let unsaved = self.new_scripts.borrow().get(&worker.id).cloned();
        let scripts = match unsaved {
            Some(scripts) => scripts.used,
            None => self
                .storage
                .load_scripts(worker.id)
                .map_err(|error| error.to_string())?,
        };
        let (context, progress) = self.start_worker(&registration, &worker, scripts)?;
        let limit = self.settings.limits.start;
        let core = Rc::clone(self);
        let start: WorkerStart = async move {
            let started = core.await_start(context, progress, limit).await?;
            if let Some(error) = started.error {
                // A script that throws when it is started again has still started, with the listeners it had added.
                core.report_script_error(context, error);
            }
            Ok(())
        }
        .boxed_local()
        .shared();
        self.scopes
            .borrow_mut()
            .workers
            .insert(worker.id, (context, start.clone()));
        Ok((context, start))
    }

    /// A worker whose script is being evaluated for the first time: events find it, and wait until that is `done`.
    pub(super) fn adopt_worker(
        &self,
        worker: WorkerId,
        context: ContextId,
        done: oneshot::Receiver<()>,
    ) {
        let start: WorkerStart = done
            .map(|done| done.map_err(|_| "the script was not evaluated".to_owned()))
            .boxed_local()
            .shared();
        self.scopes
            .borrow_mut()
            .workers
            .insert(worker, (context, start));
    }

    /// Starts the thread of a worker.
    pub(super) fn start_worker(
        self: &Rc<Self>,
        registration: &ServiceWorkerRegistration,
        worker: &ServiceWorker,
        scripts: ScriptMap,
    ) -> Result<(ContextId, ScopeProgress), String> {
        let main = scripts
            .get(&worker.script_url)
            .ok_or_else(|| format!("the script `{}` is not stored", worker.script_url))?;
        let main = MainScript {
            url: worker.script_url.clone(),
            text: decode_script(&main.body),
            script_type: worker.script_type,
        };
        let kind = ScopeKind::ServiceWorker {
            registration: RegistrationView::from(registration),
            worker: WorkerView::from(worker),
            script_type: worker.script_type,
        };
        let role = Role::Worker {
            id: worker.id,
            registration: registration.id,
        };
        tracing::debug!(script = %worker.script_url, "starting a worker");
        self.start_scope(worker.script_url.clone(), role, kind, scripts, Some(main))
    }

    /// Starts the thread of a scope.
    pub(super) fn start_scope(
        self: &Rc<Self>,
        url: Url,
        role: Role,
        kind: ScopeKind,
        scripts: ScriptMap,
        main: Option<MainScript>,
    ) -> Result<(ContextId, ScopeProgress), String> {
        if self.is_ending.get() {
            return Err("the host is shutting down".to_owned());
        }
        let id = self.scopes.borrow_mut().next_id();
        let origin = url.origin().ascii_serialization();
        let port = HostPort::new(id, self.requests.clone());
        let shared = self.shared_by(&origin);
        let files = Arc::clone(shared.files());
        let options = ScopeOptions {
            url: url.clone(),
            origin: origin.clone(),
            shared,
            clock: Arc::clone(&self.clock),
            navigator: NavigatorOptions {
                user_agent: self.settings.user_agent.clone(),
                languages: self.settings.languages.clone(),
                connectivity: self.connectivity.clone(),
                files,
            },
            exposed_functions: self.settings.exposed.names(),
            fetch_route: fetch_route(&role, &port, &self.network),
            durability: self.settings.durability,
            scripts,
        };
        let spec = ScopeSpec {
            kind,
            port,
            scope: options,
            heap_limit: self.settings.heap_limit,
            main,
        };
        let (thread, progress) = ScopeThread::spawn(spec).map_err(|error| error.to_string())?;
        let scope = Scope {
            role,
            url,
            origin,
            page: None,
            runner: Rc::new(Runner::new(thread)),
            last_event: 0,
            in_flight: 0,
            quiet_since: self.clock.elapsed(),
            should_stop: false,
            may_interact_until: None,
        };
        self.scopes.borrow_mut().running.insert(id, scope);
        Ok((id, progress))
    }

    /// Waits until a scope's main script has run, at most for `limit`, and sees to its end when that comes.
    pub(super) async fn await_start(
        self: &Rc<Self>,
        context: ContextId,
        progress: ScopeProgress,
        limit: Duration,
    ) -> Result<Started, String> {
        let core = Rc::clone(self);
        let ended = progress.ended;
        tokio::task::spawn_local(async move {
            let reason = ended.await.ok().flatten();
            core.scope_ended(context, reason);
        });
        tokio::select! {
            started = progress.started => match started {
                Ok(Ok(started)) => {
                    if let Some(runner) = self.scopes.borrow().runner(context) {
                        runner.has_started.set(true);
                    }
                    Ok(started)
                }
                Ok(Err(reason)) => Err(reason),
                Err(_) => Err("the script was stopped while it started".to_owned()),
            },
            () = self.clock.sleep(limit) => {
                let reason = format!("its script did not come to an end within {} s", limit.as_secs());
                self.cut_off(context, reason.clone());
                Err(reason)
            }
        }
    }

    /// A scope's thread is gone.
    pub(super) fn scope_ended(self: &Rc<Self>, context: ContextId, reason: Option<StopReason>) {
        let frames = self.scopes.borrow().frames_of(context);
        for frame in frames {
            self.scope_ended(frame, None);
        }
        let removed = self.scopes.borrow_mut().remove(context);
        let Some(scope) = removed else { return };
        tracing::debug!(url = %scope.url, ?reason, "a scope ended");
        self.perform_fetches_of(context);
        if reason == Some(StopReason::OutOfMemory) {
            let limit = self.settings.heap_limit >> 20;
            self.publish(HostEventKind::ScopeStopped {
                source: scope.source(),
                reason: format!("it used more than {limit} MiB of memory"),
            });
        }
        self.touch();
        match scope.role {
            Role::Client(client) => {
                self.forget_notifications_of_page(context);
                if let Some(registration) = client.controller {
                    self.registration_became_quiet(registration);
                }
            }
            Role::Worker { registration, .. } => self.registration_became_quiet(registration),
        }
    }

    /// Stops a scope after the turn it is in; one that does not come to an end is cut off.
    pub(super) fn stop_scope(self: &Rc<Self>, context: ContextId) {
        if self.end_frame(context) {
            return;
        }
        {
            let mut scopes = self.scopes.borrow_mut();
            scopes.retire(context);
            scopes.send(context, Command::Stop);
        }
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let gone =
                core.wait_for(|core| core.scopes.borrow().get(context).is_none().then_some(()));
            tokio::select! {
                () = gone => {}
                () = core.clock.sleep(core.settings.limits.stop) => core.terminate(context),
            }
        });
    }

    /// Cuts a scope off where it is.
    pub(super) fn terminate(&self, context: ContextId) {
        let mut scopes = self.scopes.borrow_mut();
        scopes.retire(context);
        if let Some(scope) = scopes.running.get_mut(&context) {
            scope.runner.mark_busy();
            scope.runner.thread.terminate();
        }
    }

    /// Tells every scope.
    pub(super) fn notify_all(&self, notice: impl Fn() -> Notice) {
        for (id, scope) in self.scopes.borrow().iter() {
            scope.notify(id, notice());
        }
    }

    /// Tells every scope of an origin.
    pub(super) fn notify_origin(&self, origin: &str, notice: impl Fn() -> Notice) {
        for (id, scope) in self.scopes.borrow().iter() {
            if scope.origin == origin {
                scope.notify(id, notice());
            }
        }
    }

    /// Tells one scope.
    pub(super) fn notify(&self, context: ContextId, notice: Notice) {
        if let Some(scope) = self.scopes.borrow().get(context) {
            scope.notify(context, notice);
        }
    }
}

/// A worker's requests go to the network; a client's go through the host, where its controller may answer.
fn fetch_route(role: &Role, port: &HostPort, network: &Network) -> FetchRoute {
    match role {
        Role::Worker { .. } => FetchRoute::to_network(network.clone()),
        Role::Client(_) => FetchRoute::through_host(port.clone()),
    }
}
