//! Fires an event at a worker and waits for its outcome.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::oneshot;

use crate::host::core::Core;
use crate::host::runner::Runner;
use crate::host::scope_thread::Command;
use crate::host::windows::WINDOW_INTERACTION;
use crate::network::Body;
use crate::service_worker::lifetime::EventLimits;
use crate::service_worker::update::is_stale;
use crate::service_worker::{
    EventActivity, EventKind, EventOutcome, RegistrationId, WorkerId, WorkerState,
};
use crate::web::activity::ActivityLog;
use crate::web::event::{EventEnd, EventInit};
use crate::web::host_port::ContextId;

/// What holds for an event, however often it is sent.
struct Sent {
    /// Closed when nobody wants the answer to a `fetch` event any more.
    given_up: Option<oneshot::Receiver<()>>,
    activity: Option<ActivityLog>,
    /// In elapsed time.
    deadline: Duration,
}

/// An event that is over: how it ended, and what its script did until then.
pub(super) struct Ended {
    pub outcome: EventOutcome,
    pub activity: EventActivity,
}

impl Core {
    /// The worker in charge of a registration, as soon as it is activated; `None` if there is none.
    pub(super) async fn activated_worker(&self, registration: RegistrationId) -> Option<WorkerId> {
        self.wait_for(|core| {
            let in_charge = core.update_registration(registration, |registration| {
                match (&registration.active, &registration.waiting) {
                    (Some(active), _) if active.state == WorkerState::Activated => {
                        Some(Some(active.id))
                    }
                    (None, None) => Some(None),
                    // One is about to be in charge.
                    _ => None,
                }
            });
            in_charge.unwrap_or(Some(None))
        })
        .await
    }

    /// Fires an event at the worker in charge of a registration, as soon as that is activated.
    pub(super) async fn fire_functional(
        self: &Rc<Self>,
        registration: RegistrationId,
        event: EventInit,
    ) -> EventOutcome {
        match self.activated_worker(registration).await {
            Some(worker) => self.fire_awaited(registration, worker, event).await,
            None => EventOutcome::FailedToStart("the registration has no active worker".to_owned()),
        }
    }

    /// Fires an event at a worker, which is started if need be. The time limit counts from now.
    #[tracing::instrument(name = "event", skip_all, fields(kind = event.kind().name(), worker = worker.0))]
    pub(super) async fn fire(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
        mut event: EventInit,
    ) -> Ended {
        let _work = self.begin_work();
        let kind = event.kind();
        let log = (kind != EventKind::Fetch).then(|| ActivityLog::new(Arc::clone(&self.clock)));
        let sync_limit = self.settings.sync_policy.event_time_limit;
        let limit = self.settings.limits.limit_for(kind, sync_limit);
        let sent = Sent {
            given_up: event.take_given_up(),
            activity: log.clone(),
            deadline: self.clock.elapsed().saturating_add(limit),
        };
        let outcome = self
            .fire_until_ended(registration, worker, event, sent)
            .await;
        tracing::debug!(?outcome, "the event ended");
        self.update_if_stale(registration, kind);
        Ended {
            outcome,
            activity: log.map(|log| log.read()).unwrap_or_default(),
        }
    }

    /// A functional event that its worker did not come to before it was stopped waits for the next start of the worker
    /// in charge. <https://w3c.github.io/ServiceWorker/#dfn-service-worker-registration-task-queue>
    async fn fire_until_ended(
        self: &Rc<Self>,
        registration: RegistrationId,
        mut worker: WorkerId,
        mut event: EventInit,
        mut sent: Sent,
    ) -> EventOutcome {
        let kind = event.kind();
        loop {
            let (context, id) = match self.begin_event(registration, worker).await {
                Ok(begun) => begun,
                Err(reason) => {
                    // "If respondWithEntered is false, return null": the network answers.
                    if let EventInit::Fetch(request) = event {
                        request.pass_through();
                    }
                    return EventOutcome::FailedToStart(reason);
                }
            };
            let end = self.fire_in(context, id, event, &mut sent).await;
            if let EventEnd::Ended(EventOutcome::TimedOut) = end {
                if EventLimits::is_killed_on_timeout(kind) {
                    self.terminate(context);
                } else {
                    self.scopes.borrow_mut().stop_when_quiet(context);
                }
            }
            self.event_ended(registration, context);
            event = match end {
                EventEnd::Ended(outcome) => return outcome,
                EventEnd::NotDispatched(event) if kind.is_functional() && !self.is_ending.get() => {
                    *event
                }
                EventEnd::NotDispatched(_) => return EventOutcome::Terminated,
            };
            worker = match self.activated_worker(registration).await {
                Some(worker) => worker,
                None => return EventOutcome::Terminated,
            };
        }
    }

    /// A functional event is the occasion for an update check that is overdue.
    /// <https://w3c.github.io/ServiceWorker/#fire-functional-event-algorithm>
    pub(super) fn update_if_stale(self: &Rc<Self>, id: RegistrationId, kind: EventKind) {
        let now = self.clock.now();
        let is_stale = self
            .registrations
            .borrow()
            .get(&id)
            .is_some_and(|registration| is_stale(registration, now));
        if kind.is_functional() && is_stale && !self.is_ending.get() {
            self.soft_update(id);
        }
    }

    /// Keeps a worker running while a body that it may produce is on its way to a client.
    pub(super) fn keep_running_for(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
        body: Body,
    ) -> Body {
        let Body::Stream(chunks) = body else {
            return body;
        };
        let context = self.scopes.borrow().worker(worker);
        let Some(context) = context else {
            return Body::Stream(chunks);
        };
        self.scopes.borrow_mut().begin_event(context);
        let (held, released) = oneshot::channel::<()>();
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            // Fails when the stream, and with it the sender, is dropped: that is waited for.
            let _ = released.await;
            core.event_ended(registration, context);
        });
        Body::Stream(Box::pin(chunks.inspect(move |_| {
            let _ = &held;
        })))
    }

    /// An event of a worker, or a body that it produced, has come to its end.
    pub(super) fn event_ended(self: &Rc<Self>, registration: RegistrationId, context: ContextId) {
        let now = self.clock.elapsed();
        if !self.scopes.borrow_mut().end_event(context, now) {
            return;
        }
        let should_stop = self.scopes.borrow().should_stop(context);
        if should_stop {
            self.stop_scope(context);
        }
        self.stop_rested_workers();
        self.registration_became_quiet(registration);
    }

    /// Stops workers that have had no event for a while and, if too many rest, those that have rested longest.
    fn stop_rested_workers(self: &Rc<Self>) {
        let limits = self.settings.limits;
        let moment = self.clock.elapsed().checked_sub(limits.idle);
        let rested = self.scopes.borrow().rested(moment, limits.idle_workers);
        for context in rested {
            self.stop_scope(context);
        }
        let Some(since) = self.scopes.borrow().longest_rest() else {
            return;
        };
        if self.is_rest_watched.replace(true) {
            return;
        }
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let deadline = since.saturating_add(core.settings.limits.idle);
            core.clock.sleep_until_elapsed(deadline).await;
            core.is_rest_watched.set(false);
            core.stop_rested_workers();
        });
    }

    async fn fire_in(
        self: &Rc<Self>,
        context: ContextId,
        id: u32,
        event: EventInit,
        sent: &mut Sent,
    ) -> EventEnd {
        let (reply, end) = oneshot::channel();
        let runner = self.scopes.borrow().runner(context);
        {
            let mut scopes = self.scopes.borrow_mut();
            if matches!(
                event.kind(),
                EventKind::NotificationClick | EventKind::BackgroundFetchClick
            ) {
                let until = self.clock.now().plus(WINDOW_INTERACTION);
                scopes.allow_interaction(context, until);
            }
            scopes.send(
                context,
                Command::Dispatch {
                    id,
                    event,
                    activity: sent.activity.clone(),
                    reply,
                },
            );
        }
        let tell_if_given_up = async {
            if let Some(given_up) = &mut sent.given_up
                && given_up.await.is_err()
            {
                sent.given_up = None;
                self.scopes.borrow_mut().send(context, Command::GiveUp(id));
            }
            std::future::pending().await
        };
        tokio::select! {
            never = tell_if_given_up => never,
            end = end => {
                // What the script said and asked for during the event came before its end.
                self.take_waiting_requests();
                // A scope that ends drops its end of the channel.
                end.unwrap_or_else(|_| EventEnd::Ended(outcome_without_scope(runner.as_deref())))
            }
            () = self.clock.sleep_until_elapsed(sent.deadline) => {
                self.scopes.borrow_mut().send(context, Command::TimeOut(id));
                EventEnd::Ended(EventOutcome::TimedOut)
            }
        }
    }
}

/// How an event ended whose scope is gone.
fn outcome_without_scope(runner: Option<&Runner>) -> EventOutcome {
    match runner {
        Some(runner) if runner.is_unresponsive.get() => EventOutcome::Unresponsive,
        _ => EventOutcome::Terminated,
    }
}
