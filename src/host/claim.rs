//! `clients.claim()`: the active worker takes over the clients of its registration.

use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;

use crate::clock::{Clock, SystemClock};
use crate::host::core::Core;
use crate::host::requests::{Asker, answer_to};
use crate::host::scope_thread::Command;
use crate::service_worker::scope::match_registration;
use crate::service_worker::{RegistrationId, WorkerId};
use crate::web::error::WebError;
use crate::web::event::Notice;
use crate::web::host_port::Reply;

/// So long, by the computer's clock, a claim waits for clients that are busy to hear of it.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

impl Core {
    /// The worker has its answer when the clients have heard who controls them, so that nothing that it sends them
    /// then, by whatever way, comes before that. <https://w3c.github.io/ServiceWorker/#clients-claim>
    pub(super) fn claim_clients(self: &Rc<Self>, asker: &Asker, reply: Reply<()>) {
        let claiming = asker
            .worker
            .filter(|(registration, worker)| self.is_active(*registration, *worker));
        let Some((id, worker)) = claiming else {
            answer_to(reply)(Err(WebError::InvalidState(
                "Only the active worker can claim clients.".to_owned(),
            )));
            return;
        };
        let have_heard = self.take_over_clients(id, worker);
        tokio::task::spawn_local(async move {
            tokio::select! {
                _ = join_all(have_heard) => {}
                () = SystemClock.sleep(HEARD_WITHIN) => {}
            }
            answer_to(reply)(Ok(()));
        });
    }

    /// Gives for each client what ends when it has heard of it, or is gone.
    fn take_over_clients(
        self: &Rc<Self>,
        id: RegistrationId,
        worker: WorkerId,
    ) -> Vec<oneshot::Receiver<()>> {
        let view = self.worker_view(id, worker);
        let (mut claimed, mut left) = (Vec::new(), Vec::new());
        {
            let registrations = self.registrations.borrow();
            let mut scopes = self.scopes.borrow_mut();
            for (context, client) in scopes.clients_mut() {
                let is_matched = match_registration(registrations.values(), &client.url)
                    .is_some_and(|registration| registration.id == id);
                if is_matched && client.controller != Some(id) {
                    left.extend(client.controller.replace(id));
                    claimed.push(context);
                }
            }
        }
        let tell = |context| {
            self.notify(context, Notice::ControllerChanged(view.clone()));
            let (told, has_heard) = oneshot::channel();
            let step = Box::new(move || {
                // The worker may have its answer already.
                let _ = told.send(());
            });
            self.scopes.borrow().send(context, Command::Run(step));
            has_heard
        };
        let have_heard = claimed.into_iter().map(tell).collect();
        for registration in left {
            self.registration_became_quiet(registration);
        }
        have_heard
    }
}
