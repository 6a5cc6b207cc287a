//! Fires an event at a worker and waits for its outcome.

use std::rc::Rc;

use tokio::sync::oneshot;

use crate::host::core::Core;
use crate::host::scope_thread::Command;
use crate::service_worker::lifetime::EventLimits;
use crate::service_worker::{EventKind, EventOutcome, RegistrationId, WorkerId, WorkerState};
use crate::web::event::EventInit;
use crate::web::host_port::ContextId;

impl Core {
    /// The worker in charge of a registration, as soon as it is activated; `None` if there is none.
    pub(super) async fn activated_worker(&self, registration: RegistrationId) -> Option<WorkerId> {
        self.wait_for(|core| {
            let registrations = core.registrations.borrow();
            let Some(active) = registrations
                .get(&registration)
                .and_then(|registration| registration.active.as_ref())
            else {
                return Some(None);
            };
            (active.state == WorkerState::Activated).then_some(Some(active.id))
        })
        .await
    }

    /// Fires an event at a worker, which is started if need be. The time limit counts from now.
    pub(super) async fn fire(
        self: &Rc<Self>,
        registration: RegistrationId,
        worker: WorkerId,
        event: EventInit,
    ) -> EventOutcome {
        let _work = self.begin_work();
        let kind = event.kind();
        let sync_limit = self.settings.sync_policy.event_time_limit;
        let limit = self.settings.limits.limit_for(kind, sync_limit);
        let deadline = self.clock.now().plus(limit);
        let context = match self.running_worker(registration, worker).await {
            Ok(context) => context,
            Err(reason) => return EventOutcome::FailedToStart(reason),
        };
        let outcome = self.fire_in(context, event, deadline).await;
        tracing::debug!(event = kind.name(), ?outcome, "an event ended");
        let now = self.clock.now();
        let is_quiet = self.scopes.borrow_mut().end_event(context, now);
        if is_quiet {
            self.registration_became_quiet(registration).await;
            self.stop_when_idle(context, kind, &outcome);
        }
        outcome
    }

    async fn fire_in(
        self: &Rc<Self>,
        context: ContextId,
        event: EventInit,
        deadline: crate::clock::Timestamp,
    ) -> EventOutcome {
        let (sender, outcome) = oneshot::channel();
        let id = {
            let mut scopes = self.scopes.borrow_mut();
            let Some(id) = scopes.begin_event(context) else {
                return EventOutcome::Terminated;
            };
            scopes.send(
                context,
                Command::Dispatch {
                    id,
                    event,
                    outcome: sender,
                },
            );
            id
        };
        tokio::select! {
            // A scope that ends drops its end of the channel.
            outcome = outcome => outcome.unwrap_or(EventOutcome::Terminated),
            () = self.clock.sleep_until(deadline) => {
                self.scopes.borrow_mut().send(context, Command::TimeOut(id));
                EventOutcome::TimedOut
            }
        }
    }

    /// Stops a worker that has had no event for a while; at once if one of its events took too long.
    fn stop_when_idle(
        self: &Rc<Self>,
        context: ContextId,
        kind: EventKind,
        outcome: &EventOutcome,
    ) {
        if *outcome == EventOutcome::TimedOut {
            if EventLimits::is_killed_on_timeout(kind) {
                self.terminate(context);
            } else {
                self.stop_scope(context);
            }
            return;
        }
        let quiet_since = self.clock.now();
        let Some(true) = self.scopes.borrow().get(context).map(|_| {
            self.scopes
                .borrow()
                .has_been_quiet_since(context, quiet_since)
        }) else {
            return;
        };
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let deadline = quiet_since.plus(core.settings.limits.idle);
            core.clock.sleep_until(deadline).await;
            let is_quiet = core
                .scopes
                .borrow()
                .has_been_quiet_since(context, quiet_since);
            if is_quiet {
                core.stop_scope(context);
            }
        });
    }
}
