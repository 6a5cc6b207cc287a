//! Answers what scopes ask for.

use std::rc::Rc;
use std::str::FromStr;

use tokio::sync::oneshot;
use url::Url;

use crate::host::core::Core;
use crate::host::event::{HostEventKind, ScriptSource};
use crate::host::permissions::Permission;
use crate::host::runner::Importing;
use crate::host::scope_thread::Command;
use crate::host::scopes::Role;
use crate::host::script_fetch::Import;
use crate::network::ReferrerPolicy;
use crate::service_worker::client::{ClientQuery, ClientScope, match_all};
use crate::service_worker::{
    Client, ClientType, NewScripts, RegistrationId, ScriptPlace, ScriptResource, ScriptType,
    WorkerId,
};
use crate::web::error::WebError;
use crate::web::event::{EventInit, MessageSource, Notice};
use crate::web::host_port::{ContextId, HostRequest, Reply};
use crate::web::message::TransferredMessage;
use crate::web::script_error::ScriptError;
use crate::web::service_worker::policy_of_worker;
use crate::web::view::{ClientView, RegistrationView, WorkerView};

/// A scope that asks, as it was when the question came.
pub(super) struct Asker {
    pub(super) context: ContextId,
    pub(super) url: Url,
    pub(super) origin: String,
    /// Set for a worker.
    pub(super) worker: Option<(RegistrationId, WorkerId)>,
    /// Set for a client.
    client: Option<Client>,
}

impl Asker {
    /// The registration that controls it, if it is a client.
    pub(super) fn controller(&self) -> Option<RegistrationId> {
        self.client.as_ref()?.controller
    }
}

impl Core {
    /// Takes everything that scopes have asked for until now.
    pub(super) fn take_waiting_requests(self: &Rc<Self>) {
        while let Some((context, request)) = self.waiting_request() {
            self.take_request(context, request);
        }
    }

    /// Takes one request. What takes time goes on by itself, so that requests are taken in their order.
    pub(super) fn take_request(self: &Rc<Self>, context: ContextId, request: HostRequest) {
        if let HostRequest::AcknowledgeSync(registration, tag) = request {
            // Holds also if the scope has ended since.
            self.acknowledge_sync(RegistrationId(registration), tag);
            return;
        }
        let Some(asker) = self.asker(context) else {
            return;
        };
        match request {
            HostRequest::Print(level, message) => self.print(context, level, message),
            HostRequest::ReportError(error) => self.report_script_error(context, error),
            HostRequest::Idle { commands_taken } => {
                self.scopes.borrow_mut().mark_idle(context, commands_taken);
                self.touch();
            }
            HostRequest::Busy => {
                self.woken.set(self.woken.get() + 1);
                self.scopes.borrow_mut().mark_busy(context);
            }
            HostRequest::Pong => self.take_answer(context),
            HostRequest::CallEmbedder(name, arguments, reply) => {
                self.call_embedder(context, &name, &arguments, reply);
            }
            HostRequest::PostToWorker(worker, message, place) => {
                self.post_to_worker(&asker, WorkerId(worker), message, place);
            }
            HostRequest::PostToClient(client, message, place) => {
                self.post_to_client(&asker, &client, message, place);
            }
            HostRequest::MessageUnheard(worker, place) => {
                self.warn_of_message_to_client(asker.url, WorkerId(worker), place);
            }
            HostRequest::PreloadUnused(url) => self.warn_of_unused_preload(asker.url, &url),
            question => self.answer(asker, question),
        }
    }

    /// Answers a question, at once or when what it needs is there.
    fn answer(self: &Rc<Self>, asker: Asker, question: HostRequest) {
        match question {
            HostRequest::GetRegistration(url, reply) => {
                answer_to(reply)(self.registration_for_client(&asker, &url));
            }
            HostRequest::GetRegistrations(reply) => {
                answer_to(reply)(Ok(self.registrations_of(&asker.origin)));
            }
            HostRequest::GetClient(id, reply) if !self.reserved_clients.borrow().contains(&id) => {
                answer_to(reply)(Ok(self.client_view(&asker.origin, &id)));
            }
            HostRequest::MatchClients {
                include_uncontrolled,
                kind,
                reply,
            } => answer_to(reply)(Ok(self.match_clients(&asker, include_uncontrolled, kind))),
            HostRequest::ClaimClients(reply) => self.claim_clients(&asker, reply),
            HostRequest::QueryPermission(name, reply) => {
                let named = Permission::from_str(&name).map_err(|error| {
                    WebError::Type(format!(
                        "Failed to execute 'query' on 'Permissions': {error}"
                    ))
                });
                answer_to(reply)(
                    named.map(|named| self.permission_state(&asker.origin, named).as_str()),
                );
            }
            HostRequest::GetSyncTags(registration, kind, reply) => {
                answer_to(reply)(self.sync_tags(RegistrationId(registration), kind));
            }
            HostRequest::RegisterPeriodicSync(registration, tag, min_interval, reply) => {
                let id = RegistrationId(registration);
                answer_to(reply)(self.register_periodic_sync(id, tag, min_interval));
            }
            HostRequest::UnregisterPeriodicSync(registration, tag, reply) => {
                answer_to(reply)(self.unregister_periodic_sync(RegistrationId(registration), tag));
            }
            HostRequest::RegisterSync(registration, tag, reply) => {
                answer_to(reply)(self.register_sync(RegistrationId(registration), tag));
            }
            HostRequest::Frame(request) => self.answer_frame(asker, request),
            HostRequest::Notifications(question) => self.answer_notifications(&asker, question),
            HostRequest::Push(question) => self.answer_push(question),
            HostRequest::BackgroundFetch(asked) => self.answer_background_fetch(&asker, asked),
            HostRequest::NavigationPreload(question) => self.answer_navigation_preload(question),
            HostRequest::FocusClient(id, reply) => {
                answer_to(reply)(self.focus_client(&asker, &id));
            }
            HostRequest::Register(request, reply) => {
                self.register(request, &asker.url, answer_to(reply));
            }
            HostRequest::Update(id, reply) => self.update_from_script(&asker, id, reply),
            HostRequest::Unregister(scope, reply) => self.unregister(scope, answer_to(reply)),
            slow => {
                tokio::task::spawn_local(Rc::clone(self).answer_slowly(asker, slow));
            }
        }
    }

    async fn answer_slowly(self: Rc<Self>, asker: Asker, request: HostRequest) {
        match request {
            HostRequest::ImportScript(url, script_type, mut reply) => {
                let runner = self.scopes.borrow().runner(asker.context);
                let _importing = runner.map(Importing::begin);
                let answer = tokio::select! {
                    answer = self.import_script(&asker, url, script_type) => answer,
                    // The scope is gone.
                    () = reply.closed() => return,
                };
                let _ = reply.send(answer);
            }
            HostRequest::Fetch(request, mut reply) => {
                let answer = tokio::select! {
                    answer = self.fetch_for_client(asker.context, request) => answer,
                    // The client aborted: nobody waits for an answer.
                    () = reply.closed() => return,
                };
                self.answer_in_order(asker.context, reply, answer);
            }
            HostRequest::Ready(mut reply) => {
                let ready = self.wait_for(|core| {
                    core.matching_registration(&asker.url)
                        .filter(|registration| registration.active.is_some())
                });
                let registration = tokio::select! {
                    registration = ready => registration,
                    // The client is gone.
                    () = reply.closed() => return,
                };
                self.answer_in_order(asker.context, reply, Ok((&registration).into()));
            }
            HostRequest::GetClient(id, reply) => {
                self.wait_for(|core| {
                    let is_reserved = core.reserved_clients.borrow().contains(&id);
                    (!is_reserved).then_some(())
                })
                .await;
                let _ = reply.send(Ok(self.client_view(&asker.origin, &id)));
            }
            HostRequest::SkipWaiting(reply) => {
                if let Some((registration, worker)) = asker.worker {
                    self.skip_waiting(registration, worker);
                    // Differs from the spec: the answer waits for the worker's `activate` event to be sent, as in
                    // browsers, and not for it to be over.
                    tokio::task::yield_now().await;
                }
                self.answer_in_order(asker.context, reply, Ok(()));
            }
            HostRequest::OpenWindow(url, reply) => {
                let _ = reply.send(self.open_window(&asker, url).await);
            }
            HostRequest::NavigateClient(id, url, reply) => {
                let _ = reply.send(self.navigate_client(&asker, &id, url).await);
            }
            // The others were answered at once.
            _ => {}
        }
    }

    /// Answers a scope behind the news that were sent to it before: they say what the answer was made of.
    fn answer_in_order<T: Send + 'static>(
        &self,
        context: ContextId,
        reply: oneshot::Sender<T>,
        answer: T,
    ) {
        // The scope may have given up meanwhile.
        let steps = Box::new(move || drop(reply.send(answer)));
        self.scopes.borrow().send(context, Command::Run(steps));
    }

    fn asker(&self, context: ContextId) -> Option<Asker> {
        let scopes = self.scopes.borrow();
        let scope = scopes.get(context)?;
        Some(Asker {
            context,
            url: scope.url.clone(),
            origin: scope.origin.clone(),
            worker: match scope.role {
                Role::Worker { id, registration } => Some((registration, id)),
                Role::Client(_) => None,
            },
            client: scope.client().cloned(),
        })
    }

    fn print(
        &self,
        context: ContextId,
        level: crate::web::host_port::ConsoleLevel,
        message: String,
    ) {
        self.publish_from(context, |source| HostEventKind::Console {
            source,
            level,
            message,
        });
    }

    pub(super) fn report_script_error(&self, context: ContextId, error: ScriptError) {
        self.publish_from(context, |source| HostEventKind::ScriptError {
            source,
            error,
        });
    }

    /// Tells what a script did, if it still runs.
    fn publish_from(&self, context: ContextId, kind: impl FnOnce(ScriptSource) -> HostEventKind) {
        if let Some(source) = self.source_of(context) {
            self.publish(kind(source));
        }
    }

    /// The script of a scope that still runs.
    pub(super) fn source_of(&self, context: ContextId) -> Option<ScriptSource> {
        let scopes = self.scopes.borrow();
        scopes.get(context).map(|scope| scope.source())
    }

    /// <https://w3c.github.io/ServiceWorker/#navigator-service-worker-getRegistration>
    fn registration_for_client(
        &self,
        asker: &Asker,
        url: &Url,
    ) -> Result<Option<RegistrationView>, WebError> {
        if url.origin().ascii_serialization() != asker.origin {
            return Err(WebError::Security(format!(
                "Failed to get a ServiceWorkerRegistration: `{url}` is of another origin than `{}`",
                asker.origin
            )));
        }
        let found = self.matching_registration(url);
        Ok(found.as_ref().map(RegistrationView::from))
    }

    fn registrations_of(&self, origin: &str) -> Vec<RegistrationView> {
        self.registrations
            .borrow()
            .values()
            .filter(|registration| registration.origin == origin)
            .map(RegistrationView::from)
            .collect()
    }

    /// An update from inside a worker that is installing is refused.
    /// <https://w3c.github.io/ServiceWorker/#service-worker-registration-update>
    fn update_from_script(self: &Rc<Self>, asker: &Asker, id: i64, reply: Reply<RegistrationView>) {
        let is_installing = asker
            .worker
            .is_some_and(|(registration, worker)| self.is_installing(registration, worker));
        if is_installing {
            answer_to(reply)(Err(WebError::InvalidState(
                "Failed to update a ServiceWorker: the worker that asks is being installed"
                    .to_owned(),
            )));
            return;
        }
        let client_url = Some(asker.url.clone());
        self.update(RegistrationId(id), client_url, answer_to(reply));
    }

    /// <https://w3c.github.io/ServiceWorker/#importscripts>
    async fn import_script(
        &self,
        asker: &Asker,
        url: Url,
        script_type: ScriptType,
    ) -> Result<ScriptResource, WebError> {
        let Some((registration, worker)) = asker.worker else {
            let fetched = self
                .fetch_imported_script(
                    &url,
                    Import::Module,
                    &asker.url,
                    ReferrerPolicy::Default,
                    false,
                )
                .await?;
            return Ok(fetched.script);
        };
        let found = self.with_new_scripts(worker, |scripts| {
            let policy = scripts.used.get(&asker.url).map(policy_of_worker);
            let checked = scripts.take_checked(&url);
            (checked, scripts.bypass_cache, policy.unwrap_or_default())
        });
        let Some((checked, bypass, policy)) = found else {
            return Err(WebError::Network(format!(
                "`{url}` was not imported while the worker was installed, so it cannot be imported now: import it at the top of the script"
            )));
        };
        let script = match checked {
            Some(script) => script.ok_or_else(|| {
                WebError::Network(format!("the script `{url}` could not be fetched"))
            })?,
            None => {
                let import = Import::of_worker(script_type);
                let fetched = self
                    .fetch_imported_script(&url, import, &asker.url, policy, bypass)
                    .await
                    .map_err(|error| WebError::Network(error.to_string()))?;
                self.note_update_check(registration, &fetched);
                fetched.script
            }
        };
        self.with_new_scripts(worker, |scripts| scripts.used.insert(url, script.clone()));
        Ok(script)
    }

    /// The scripts of a worker that is parsed or installing; `None` if it is neither any more.
    fn with_new_scripts<T>(
        &self,
        worker: WorkerId,
        work: impl FnOnce(&mut NewScripts) -> T,
    ) -> Option<T> {
        self.new_scripts.borrow_mut().get_mut(&worker).map(work)
    }

    /// A message to a worker is an event that it may extend.
    fn post_to_worker(
        self: &Rc<Self>,
        asker: &Asker,
        worker: WorkerId,
        message: TransferredMessage,
        place: Option<ScriptPlace>,
    ) {
        let own = asker.worker.filter(|(_, own)| *own == worker);
        let of_itself = own.map(|(registration, _)| registration);
        let Some(registration) = self.registration_of_worker(worker).or(of_itself) else {
            return;
        };
        let client = asker.client.as_ref();
        let source = client.map(|client| MessageSource::Client(ClientView::from(client)));
        let source = source.or_else(|| self.asking_worker(asker).map(MessageSource::Worker));
        let Some(source) = source else { return };
        let event = EventInit::Message {
            message,
            source,
            origin: asker.origin.clone(),
        };
        let core = Rc::clone(self);
        let work = self.begin_work();
        let sender = asker.url.clone();
        tokio::task::spawn_local(async move {
            let ended = core.fire(registration, worker, event).await;
            if ended.activity.listeners == Some(0) {
                core.warn_of_message_to_worker(registration, worker, &sender, place);
            }
            drop(work);
        });
    }

    fn post_to_client(
        &self,
        asker: &Asker,
        client: &str,
        message: TransferredMessage,
        place: Option<ScriptPlace>,
    ) {
        let Some(source) = self.asking_worker(asker) else {
            return;
        };
        let target = self
            .scopes
            .borrow()
            .find_client(client)
            .map(|(context, _)| context);
        if let Some(context) = target {
            self.notify(
                context,
                Notice::Message {
                    message,
                    source,
                    origin: asker.origin.clone(),
                    place,
                },
            );
        }
    }

    fn registration_of_worker(&self, worker: WorkerId) -> Option<RegistrationId> {
        let registrations = self.registrations.borrow();
        let leaving = self.leaving.borrow();
        registrations
            .values()
            .chain(leaving.values())
            .find(|registration| registration.workers().any(|found| found.id == worker))
            .map(|registration| registration.id)
    }

    /// The worker that asks, if it is one and is not redundant.
    fn asking_worker(&self, asker: &Asker) -> Option<WorkerView> {
        let (registration, worker) = asker.worker?;
        let parsed = || {
            self.is_new(worker)
                .then(|| WorkerView::parsed(worker, &asker.url))
        };
        self.worker_view(registration, worker).or_else(parsed)
    }

    pub(super) fn worker_view(
        &self,
        registration: RegistrationId,
        worker: WorkerId,
    ) -> Option<WorkerView> {
        self.update_registration(registration, |registration| {
            registration
                .workers()
                .find(|found| found.id == worker)
                .map(WorkerView::from)
        })
        .flatten()
    }

    pub(super) fn client_view(&self, origin: &str, id: &str) -> Option<ClientView> {
        let scopes = self.scopes.borrow();
        let (_, client) = scopes.find_client(id)?;
        (client.url.origin().ascii_serialization() == origin).then(|| ClientView::from(client))
    }

    fn match_clients(
        &self,
        asker: &Asker,
        include_uncontrolled: bool,
        kind: Option<ClientType>,
    ) -> Vec<ClientView> {
        let controls = asker
            .worker
            .filter(|(registration, worker)| self.is_active(*registration, *worker))
            .map(|(registration, _)| registration);
        let scope = ClientScope {
            worker_url: &asker.url,
            controls,
        };
        let query = ClientQuery {
            include_uncontrolled,
            kind,
        };
        let scopes = self.scopes.borrow();
        match_all(scopes.clients(), scope, query)
            .into_iter()
            .map(ClientView::from)
            .collect()
    }

    pub(super) fn is_active(&self, registration: RegistrationId, worker: WorkerId) -> bool {
        self.registration_in_use(registration)
            .and_then(|registration| registration.active)
            .is_some_and(|active| active.id == worker)
    }
}

/// A function that answers a scope, which may be gone.
pub(super) fn answer_to<T: 'static>(reply: Reply<T>) -> impl FnOnce(Result<T, WebError>) + 'static {
    move |result| {
        let _ = reply.send(result);
    }
}
