//! Handle Fetch: brings a request to the worker in charge, and the worker's answer back.
//! <https://w3c.github.io/ServiceWorker/#handle-fetch>

use std::rc::Rc;
use std::sync::Arc;

use futures::TryStreamExt;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::host::core::Core;
use crate::host::event::{HostEvent, HostEventKind};
use crate::network::{
    Body, HeaderList, NetworkError, Request, RequestMode, Response, WorkerAnswer,
    check_worker_response, replay, settle_accept, settle_referrer, take_forbidden_headers,
    take_worker_response, verify_integrity,
};
use crate::service_worker::{EventKind, RegistrationId, WorkerId, event};
use crate::web::event::EventInit;
use crate::web::fetch_event::{FetchAnswer, FetchInit};
use crate::web::host_port::ContextId;

/// What came of a `fetch` event.
pub(super) enum Handled {
    /// The worker answered.
    Response(Response),
    /// It left the request to the network.
    PassedThrough(Request),
}

impl Core {
    /// A request of a client goes to the worker that controls it, if that listens; else to the network.
    pub(super) async fn fetch_for_client(
        self: &Rc<Self>,
        context: ContextId,
        mut request: Request,
    ) -> Result<Response, NetworkError> {
        let mut url_list = vec![request.url.clone()];
        let integrity = request.integrity.clone();
        // The controller may have changed since the request was sent: look at the client as it is now.
        while let Some((registration, client_id)) = self.controller_of(context) {
            settle_accept(&mut request);
            settle_referrer(&mut request);
            let replay = replay(&request.body);
            let asked = request.with(request.headers.clone(), Body::Empty);
            let handled = self.handle_fetch(registration, request, client_id, String::new());
            match handled.await? {
                Handled::Response(response) => {
                    match take_worker_response(response, asked, replay, &mut url_list)? {
                        WorkerAnswer::Response(response) => {
                            return verify_integrity(response, &integrity).await;
                        }
                        WorkerAnswer::Redirected(next) => request = next,
                    }
                }
                Handled::PassedThrough(passed) => {
                    request = passed;
                    break;
                }
            }
        }
        let mut response = self.network.fetch(request).await?;
        // The network begins with the last of them.
        url_list.pop();
        response.url_list.splice(0..0, url_list);
        Ok(response)
    }

    /// The registration that controls a client now, and the client's name.
    fn controller_of(&self, context: ContextId) -> Option<(RegistrationId, String)> {
        let scopes = self.scopes.borrow();
        let client = scopes.get(context)?.client()?;
        Some((client.controller?, client.id.0.clone()))
    }

    /// A request from outside of this host goes to the worker whose scope it is in, if that listens; else to whoever
    /// answers for the origin, as it came.
    pub(super) async fn fetch_from_outside(
        self: &Rc<Self>,
        mut request: Request,
    ) -> Result<Response, NetworkError> {
        let is_navigation = request.mode == RequestMode::Navigate;
        // A subresource belongs to the page that asks for it.
        let page = url::Url::parse(&request.client_url)
            .ok()
            .filter(|_| !is_navigation);
        let place = page.as_ref().unwrap_or(&request.url);
        let Some(registration) = self.matching_registration_id(place) else {
            return Box::pin(self.network.forward(request)).await;
        };
        let hidden = take_forbidden_headers(&mut request.headers);
        let resulting_client = if is_navigation {
            Uuid::new_v4().to_string()
        } else {
            String::new()
        };
        let handled = self
            .handle_fetch(registration, request, String::new(), resulting_client)
            .await;
        if is_navigation {
            self.soft_update(registration);
        }
        match handled? {
            Handled::Response(response) => Ok(response),
            Handled::PassedThrough(request) => {
                // Boxed: the future of an answer would hold it too, and is moved around.
                let request = with_headers(request, hidden);
                Box::pin(self.network.forward(request)).await
            }
        }
    }

    /// Asks the worker in charge. An answer that is a network error is told with what was asked for.
    pub(super) async fn handle_fetch(
        self: &Rc<Self>,
        registration: RegistrationId,
        request: Request,
        client_id: String,
        resulting_client_id: String,
    ) -> Result<Handled, NetworkError> {
        let client_url = request.client_url.clone();
        let (method, address) = (request.method.clone(), request.url.clone());
        let failed = |reason| HostEventKind::RequestFailed {
            client_url,
            method,
            address,
            reason,
        };
        let handled = self
            .ask_worker(registration, request, client_id, resulting_client_id)
            .await;
        match handled {
            Ok(Handled::Response(mut response)) => {
                if let Body::Stream(chunks) = response.body {
                    let (events, clock) = (Arc::clone(&self.events), Arc::clone(&self.clock));
                    let mut failed = Some(failed);
                    response.body = Body::stream(chunks.inspect_err(move |error| {
                        if let Some(failed) = failed.take() {
                            let kind = failed(format!("the answer broke off: {error}"));
                            let at_ms = clock.now();
                            events.publish(&HostEvent { at_ms, kind });
                        }
                    }));
                }
                Ok(Handled::Response(response))
            }
            Err(error) => {
                self.publish(failed(error.to_string()));
                Err(error)
            }
            passed => passed,
        }
    }

    async fn ask_worker(
        self: &Rc<Self>,
        registration: RegistrationId,
        request: Request,
        client_id: String,
        resulting_client_id: String,
    ) -> Result<Handled, NetworkError> {
        let Some(worker) = self.listening_worker(registration).await else {
            self.update_if_stale(registration, EventKind::Fetch);
            return Ok(Handled::PassedThrough(request));
        };
        let (mode, redirect) = (request.mode, request.redirect);
        let (reply, answer) = oneshot::channel();
        let (still_wanted, given_up) = oneshot::channel();
        let init = FetchInit {
            preload: self.begin_preload(registration, &request),
            request,
            client_id,
            resulting_client_id,
            reply,
            given_up: Some(given_up),
        };
        let core = Rc::clone(self);
        // A task of its own: whoever waits for the answer, a whole connection perhaps, is not woken by the event's end.
        tokio::task::spawn_local(async move {
            core.fire(registration, worker, EventInit::Fetch(Box::new(init)))
                .await;
        });
        let answer = answer.await;
        // Dropped before, it tells the event that nobody waits any more.
        let _ = still_wanted.send(());
        match answer {
            Ok(FetchAnswer::Response(mut response)) => {
                check_worker_response(mode, redirect, &response)?;
                response.body = self.keep_running_for(registration, worker, response.body);
                Ok(Handled::Response(response))
            }
            Ok(FetchAnswer::PassThrough(request)) => Ok(Handled::PassedThrough(request)),
            Ok(FetchAnswer::Failed(reason)) => Err(NetworkError::Handler(reason)),
            Err(_) => Err(NetworkError::Handler(
                "the service worker stopped before it answered".to_owned(),
            )),
        }
    }

    /// The worker in charge, if it has a listener for `fetch`.
    async fn listening_worker(&self, registration: RegistrationId) -> Option<WorkerId> {
        let worker = self.activated_worker(registration).await?;
        let listens = self.update_registration(registration, |registration| {
            registration.active.as_ref().is_some_and(|active| {
                !event::should_skip_event(&active.handled_events, EventKind::Fetch)
            })
        });
        (listens == Some(true)).then_some(worker)
    }
}

fn with_headers(mut request: Request, hidden: HeaderList) -> Request {
    request.headers.extend(hidden);
    request
}
