//! Navigation preload: sends a page load's request to the network while the worker starts that may answer it.
//! <https://w3c.github.io/ServiceWorker/#navigation-preload-manager>

use std::rc::Rc;

use tokio::sync::oneshot;

use crate::host::core::Core;
use crate::network::{Body, Request, RequestMode};
use crate::service_worker::RegistrationId;
use crate::service_worker::navigation_preload::NavigationPreload;
use crate::web::error::WebError;
use crate::web::fetch_event::Preload;
use crate::web::host_port::Reply;
use crate::web::navigation_preload::NavigationPreloadRequest;

const HEADER: &str = "Service-Worker-Navigation-Preload";

impl Core {
    /// Answers what `registration.navigationPreload` asks.
    pub(super) fn answer_navigation_preload(&self, question: NavigationPreloadRequest) {
        match question {
            NavigationPreloadRequest::Enable(id, is_enabled, reply) => {
                let enable = |preload: &mut NavigationPreload| preload.is_enabled = is_enabled;
                self.change_navigation_preload(RegistrationId(id), enable, reply);
            }
            NavigationPreloadRequest::SetHeader(id, value, reply) => {
                let set = |preload: &mut NavigationPreload| preload.header_value = value;
                self.change_navigation_preload(RegistrationId(id), set, reply);
            }
            NavigationPreloadRequest::GetState(id, reply) => {
                // The scope may be gone.
                let _ = reply.send(Ok(self.navigation_preload(RegistrationId(id))));
            }
        }
    }

    /// Changes what is preloaded; refused without a worker in charge.
    fn change_navigation_preload(
        &self,
        id: RegistrationId,
        change: impl FnOnce(&mut NavigationPreload),
        reply: Reply<()>,
    ) {
        let changed = self.update_registration(id, |registration| {
            let is_active = registration.active.is_some();
            if is_active {
                change(&mut registration.navigation_preload);
            }
            is_active
        });
        let result = match (changed, self.registration(id)) {
            (Some(true), Some(registration)) => self
                .storage
                .save_registration(&registration, &[])
                .map_err(WebError::from),
            // One that was unregistered is not stored any more.
            (Some(true), None) => Ok(()),
            _ => Err(WebError::InvalidState(
                "The registration does not have an active worker.".to_owned(),
            )),
        };
        // The scope may be gone.
        let _ = reply.send(result);
    }

    /// What is preloaded.
    fn navigation_preload(&self, id: RegistrationId) -> NavigationPreload {
        self.update_registration(id, |registration| registration.navigation_preload.clone())
            .unwrap_or_default()
    }

    /// Begins to ask the network, if this is a page load and the registration wants that. Ends when nobody can want the
    /// answer any more.
    pub(super) fn begin_preload(
        self: &Rc<Self>,
        id: RegistrationId,
        request: &Request,
    ) -> Option<Preload> {
        if request.mode != RequestMode::Navigate || request.method != "GET" {
            return None;
        }
        let preload = self.navigation_preload(id);
        if !preload.is_enabled {
            return None;
        }
        let mut headers = request.headers.clone();
        let value = preload.header_value.chars().map(|byte| byte as u8);
        headers.push((HEADER.to_owned(), value.collect()));
        let request = request.with(headers, Body::Empty);
        let url = request.url.clone();
        let (mut reply, response) = oneshot::channel();
        let core = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let response = tokio::select! {
                response = core.network.fetch(request) => response,
                () = reply.closed() => return,
            };
            let _ = reply.send(response);
        });
        Some(Preload { url, response })
    }
}
