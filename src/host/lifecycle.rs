//! Runs the jobs of the specification: register, update, unregister.
//! <https://w3c.github.io/ServiceWorker/#algorithms>

use std::rc::Rc;

use tokio::sync::oneshot;
use url::Url;

use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::scopes::Role;
use crate::host::script_fetch::Import;
use crate::service_worker::job::{Job, JobKind, Scheduled, ScriptChoice};
use crate::service_worker::scope::{check_registration, default_scope};
use crate::service_worker::update::{
    FetchedScript, ScriptRole, has_import_changed, has_main_script_changed, is_stale,
    should_bypass_cache,
};
use crate::service_worker::{
    NewScripts, RegistrationId, ScriptResource, ServiceWorker, ServiceWorkerRegistration, WorkerId,
};
use crate::web::error::WebError;
use crate::web::host_port::RegisterRequest;
use crate::web::service_worker::policy_of_worker;
use crate::web::view::RegistrationView;

/// What a job comes to: the registration, or for `unregister()` whether there was one.
#[derive(Debug, Clone)]
pub(super) enum JobResult {
    Registration(RegistrationView),
    Unregistered(bool),
}

/// Told what a job came to, at once: a scope must have its answer before the news about the worker reach it.
pub(super) type JobWaiter = Box<dyn FnOnce(Result<JobResult, WebError>)>;

impl Core {
    /// <https://w3c.github.io/ServiceWorker/#start-register-algorithm>
    pub(super) fn register(
        self: &Rc<Self>,
        request: RegisterRequest,
        page_url: &Url,
        reply: impl FnOnce(Result<RegistrationView, WebError>) + 'static,
    ) {
        match register_job(request, page_url) {
            Ok(job) => self.schedule(job, registration_waiter(reply)),
            Err(error) => reply(Err(error)),
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#service-worker-registration-update>
    pub(super) fn update(
        self: &Rc<Self>,
        id: RegistrationId,
        client_url: Option<Url>,
        reply: impl FnOnce(Result<RegistrationView, WebError>) + 'static,
    ) {
        let registration = self.registration_in_use(id);
        let newest = registration
            .as_ref()
            .and_then(|registration| Some((registration, registration.newest_worker()?)));
        let Some((registration, worker)) = newest else {
            reply(Err(WebError::InvalidState(
                "Failed to update a ServiceWorker: the registration has no worker".to_owned(),
            )));
            return;
        };
        let kind = JobKind::Update(ScriptChoice {
            url: worker.script_url.clone(),
            script_type: worker.script_type,
            // Differs from the spec: its job has none, so that every update would make it "imports" again.
            update_via_cache: registration.update_via_cache,
        });
        let job = Job {
            kind,
            scope: registration.scope.clone(),
            client_url,
        };
        self.schedule(job, registration_waiter(reply));
    }

    /// Whether the newest worker of a registration came from that script.
    pub(super) fn has_worker_of(&self, script_url: &Url) -> bool {
        self.registrations.borrow().values().any(|registration| {
            let newest = registration.newest_worker();
            newest.is_some_and(|worker| worker.script_url == *script_url)
        })
    }

    /// Takes up a changed script if one can be had; a script that cannot be fetched leaves everything as it is.
    /// <https://w3c.github.io/ServiceWorker/#soft-update-algorithm>
    pub(super) async fn look_for_update(self: &Rc<Self>, id: RegistrationId) {
        let is_reachable = self.registration(id).is_some_and(|registration| {
            self.connectivity.is_online() || self.settings.serves_folder(&registration.origin)
        });
        if !is_reachable {
            return;
        }
        let (told, result) = oneshot::channel();
        self.update(id, None, |result| {
            // Always received: this waits for it.
            let _ = told.send(result.map(drop));
        });
        if let Ok(Err(error)) = result.await {
            tracing::debug!(%error, "no update");
        }
    }

    /// The same, and nobody waits for it.
    pub(super) fn soft_update(self: &Rc<Self>, id: RegistrationId) {
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move { core.look_for_update(id).await });
    }

    /// Of whatever is registered for the scope by then.
    /// <https://w3c.github.io/ServiceWorker/#navigator-service-worker-unregister>
    pub(super) fn unregister(
        self: &Rc<Self>,
        scope: Url,
        reply: impl FnOnce(Result<bool, WebError>) + 'static,
    ) {
        let job = Job {
            kind: JobKind::Unregister,
            scope,
            client_url: None,
        };
        let waiter: JobWaiter = Box::new(|result| {
            reply(result.map(|result| !matches!(result, JobResult::Unregistered(false))));
        });
        self.schedule(job, waiter);
    }

    /// <https://w3c.github.io/ServiceWorker/#schedule-job-algorithm>
    fn schedule(self: &Rc<Self>, job: Job, waiter: JobWaiter) {
        let scheduled = self.jobs.borrow_mut().schedule(job.clone(), waiter);
        if scheduled == Scheduled::Start {
            tokio::task::spawn_local(Rc::clone(self).run_jobs(job));
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#run-job-algorithm>
    #[tracing::instrument(name = "registration", skip_all, fields(scope = %first.scope))]
    async fn run_jobs(self: Rc<Self>, first: Job) {
        let _work = self.begin_work();
        let mut next = Some(first);
        while let Some(job) = next {
            let result = match &job.kind {
                JobKind::Register(script) => self.run_register(&job, script).await,
                JobKind::Update(script) => self.run_update(&job, script).await,
                JobKind::Unregister => self.run_unregister(&job.scope),
            };
            self.settle_job(&job.scope, &result);
            next = self.jobs.borrow_mut().finish(&job.scope);
        }
    }

    /// Tells everyone who waits for the current job of a scope, once.
    pub(super) fn settle_job(&self, scope: &Url, result: &Result<JobResult, WebError>) {
        let waiters = self.jobs.borrow_mut().settle(scope);
        for waiter in waiters {
            waiter(result.clone());
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#register-algorithm>
    async fn run_register(
        self: &Rc<Self>,
        job: &Job,
        script: &ScriptChoice,
    ) -> Result<JobResult, WebError> {
        let scope = &job.scope;
        if let Some(registration) = self.registration_for_scope(scope) {
            let is_same = registration.newest_worker().is_some_and(|newest| {
                newest.script_url == script.url
                    && newest.script_type == script.script_type
                    && registration.update_via_cache == script.update_via_cache
            });
            if is_same {
                return Ok(JobResult::Registration((&registration).into()));
            }
        } else {
            let id = RegistrationId(self.storage.next_id()?);
            let registration =
                ServiceWorkerRegistration::new(id, scope.clone(), script.update_via_cache);
            self.registrations.borrow_mut().insert(id, registration);
        }
        let result = self.run_update(job, script).await;
        self.drop_empty_registration(scope);
        result
    }

    /// <https://w3c.github.io/ServiceWorker/#update-algorithm>
    async fn run_update(
        self: &Rc<Self>,
        job: &Job,
        script: &ScriptChoice,
    ) -> Result<JobResult, WebError> {
        let scope = &job.scope;
        let gone = || WebError::Type(format!("the registration for `{scope}` is gone"));
        let registration = self.registration_for_scope(scope).ok_or_else(gone)?;
        let is_update = matches!(job.kind, JobKind::Update(_));
        let newest = registration.newest_worker();
        if is_update && newest.is_some_and(|newest| newest.script_url != script.url) {
            return Err(WebError::Type(format!(
                "Failed to update a ServiceWorker for scope ('{scope}'): another script was registered meanwhile"
            )));
        }
        // Differs from the spec: what is stale is so for imports too, although the main script came just now.
        let is_stale = is_stale(&registration, self.clock.now());
        // Differs from the spec: a new mode holds for the very update that brings it, as in browsers.
        let bypass = |role| should_bypass_cache(role, script.update_via_cache, is_stale);
        let main = self
            .fetch_main_script(job, &script.url, bypass(ScriptRole::Main))
            .await?;
        self.note_update_check(registration.id, &main);
        let main = main.script;
        let mut scripts = NewScripts {
            bypass_cache: bypass(ScriptRole::Imported),
            ..NewScripts::default()
        };
        let has_changed = self
            .has_changed(&registration, script, &main, &mut scripts)
            .await?;
        if !has_changed {
            self.update_registration(registration.id, |registration| {
                registration.update_via_cache = script.update_via_cache;
            });
            self.show_registration(registration.id);
            let registration = self.registration(registration.id).ok_or_else(gone)?;
            self.storage.save_registration(&registration, &[])?;
            return Ok(JobResult::Registration((&registration).into()));
        }
        scripts.used.insert(script.url.clone(), main);
        let worker = self
            .evaluate_new_worker(&registration, script, scripts)
            .await?;
        self.update_registration(registration.id, |registration| {
            registration.update_via_cache = script.update_via_cache;
        });
        self.install(registration.id, worker).await
    }

    /// Whether a fetched script, or one that it imports, differs from what the newest worker has. What is fetched for
    /// this is `found` for the new worker.
    async fn has_changed(
        &self,
        registration: &ServiceWorkerRegistration,
        script: &ScriptChoice,
        main: &ScriptResource,
        found: &mut NewScripts,
    ) -> Result<bool, WebError> {
        let Some(newest) = registration.newest_worker() else {
            return Ok(true);
        };
        let scripts = self.storage.load_scripts(newest.id)?;
        let fetched = FetchedScript {
            url: &script.url,
            script_type: script.script_type,
            body: &main.body,
        };
        if has_main_script_changed(Some((newest, &scripts)), fetched) {
            return Ok(true);
        }
        let import = Import::of_worker(script.script_type);
        let policy = policy_of_worker(main);
        let mut has_changed = false;
        // Differs from the spec: it looks at what `importScripts()` brought, this and browsers at imported modules too.
        for (url, _) in scripts.imported(&newest.script_url) {
            let fetched = self
                .fetch_imported_script(url, import, &script.url, policy, found.bypass_cache)
                .await
                .ok();
            if let Some(fetched) = &fetched {
                self.note_update_check(registration.id, fetched);
            }
            let fetched = fetched.map(|fetched| fetched.script);
            let body = fetched.as_ref().map(|script| script.body.as_ref());
            has_changed |= has_import_changed(&scripts, url, body);
            found.checked.insert(url.clone(), fetched);
        }
        Ok(has_changed)
    }

    /// Runs the top level of a new script, which decides whether there will be a worker.
    async fn evaluate_new_worker(
        self: &Rc<Self>,
        registration: &ServiceWorkerRegistration,
        script: &ScriptChoice,
        scripts: NewScripts,
    ) -> Result<ServiceWorker, WebError> {
        let id = WorkerId(self.storage.next_id()?);
        let mut worker = ServiceWorker::new(id, script.url.clone(), script.script_type);
        let used = scripts.used.clone();
        self.new_scripts.borrow_mut().insert(id, scripts);
        let discarded = |reason: String| {
            self.new_scripts.borrow_mut().remove(&id);
            self.skips_early.borrow_mut().remove(&id);
            let reason = format!(
                "Failed to register a ServiceWorker for scope ('{}') with script ('{}'): {reason}",
                registration.scope, script.url
            );
            match self.registration(registration.id) {
                Some(_) => WebError::Type(reason),
                // The origin was cleared meanwhile.
                None => WebError::Aborted(reason),
            }
        };
        let (context, progress) = self
            .start_worker(registration, &worker, used)
            .map_err(discarded)?;
        let (evaluated, is_evaluated) = oneshot::channel();
        self.adopt_worker(id, context, is_evaluated);
        let started = self
            .await_start(context, progress, self.settings.limits.first_start)
            .await
            .map_err(discarded)?;
        if let Some(error) = started.error {
            let reason = format!("ServiceWorker script evaluation failed: {error}");
            self.report_script_error(context, error);
            self.terminate(context);
            return Err(discarded(reason));
        }
        worker.handled_events = started.handled_events;
        // Nobody may wait for it.
        let _ = evaluated.send(());
        Ok(worker)
    }

    /// <https://w3c.github.io/ServiceWorker/#unregister-algorithm>
    fn run_unregister(self: &Rc<Self>, scope: &Url) -> Result<JobResult, WebError> {
        let Some(registration) = self.registration_for_scope(scope) else {
            return Ok(JobResult::Unregistered(false));
        };
        self.storage.delete_registration(registration.id)?;
        self.forget_syncs(registration.id, &registration.scope);
        self.forget_push(registration.id);
        self.forget_background_fetches(registration.id);
        self.forget_notifications(registration.id);
        self.registrations.borrow_mut().remove(&registration.id);
        self.publish(HostEventKind::Unregistered {
            scope: scope.clone(),
        });
        let id = registration.id;
        self.leaving.borrow_mut().insert(id, registration);
        self.settle_job(scope, &Ok(JobResult::Unregistered(true)));
        self.try_clear(id);
        Ok(JobResult::Unregistered(true))
    }

    /// A registration whose first worker came to nothing is not kept.
    pub(super) fn drop_empty_registration(&self, scope: &Url) {
        if let Some(registration) = self.registration_for_scope(scope)
            && registration.newest_worker().is_none()
        {
            self.registrations.borrow_mut().remove(&registration.id);
        }
    }

    /// Whether a client is controlled by a registration.
    pub(super) fn has_clients(&self, id: RegistrationId) -> bool {
        self.scopes
            .borrow()
            .iter()
            .any(|(_, scope)| matches!(&scope.role, Role::Client(client) if client.controller == Some(id)))
    }
}

/// The job for `register()`, if its addresses are allowed.
fn register_job(request: RegisterRequest, page_url: &Url) -> Result<Job, WebError> {
    let mut script_url = request.script_url;
    script_url.set_fragment(None);
    let mut scope = match request.scope {
        Some(scope) => scope,
        None => default_scope(&script_url)?,
    };
    scope.set_fragment(None);
    check_registration(&script_url, &scope, page_url)?;
    let kind = JobKind::Register(ScriptChoice {
        url: script_url,
        script_type: request.script_type,
        update_via_cache: request.update_via_cache,
    });
    Ok(Job {
        kind,
        scope,
        client_url: Some(page_url.clone()),
    })
}

fn registration_waiter(
    reply: impl FnOnce(Result<RegistrationView, WebError>) + 'static,
) -> JobWaiter {
    Box::new(|result| {
        reply(result.and_then(|result| match result {
            JobResult::Registration(view) => Ok(view),
            JobResult::Unregistered(_) => Err(WebError::ShuttingDown),
        }));
    })
}
