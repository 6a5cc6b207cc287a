//! `clients.openWindow()` and `WindowClient.focus()`, allowed once after a click on a notification, and
//! `WindowClient.navigate()`, allowed for clients that the worker controls.

use std::rc::Rc;
use std::time::Duration;

use url::Url;

use crate::host::clients::{ClientOptions, ClientScript};
use crate::host::core::Core;
use crate::host::event::HostEventKind;
use crate::host::requests::Asker;
use crate::host::scopes::Scopes;
use crate::service_worker::scope::is_potentially_trustworthy;
use crate::service_worker::{Client, FrameType};
use crate::web::error::WebError;
use crate::web::host_port::ContextId;
use crate::web::view::ClientView;

/// So long after a click on a notification may its worker open or focus a window. Chromium's.
pub(super) const WINDOW_INTERACTION: Duration = Duration::from_secs(10);

/// What becomes of a window that a worker wants to open.
#[derive(Debug, Clone)]
pub enum OpenWindow {
    /// A client of this host, which runs this script.
    Client(ClientScript),
    /// The embedder has opened it somewhere else: the worker gets no `WindowClient`.
    Elsewhere,
    /// It cannot be opened, for this reason: the worker gets a `TypeError`.
    Refused(String),
}

impl Scopes {
    /// The client that workers know by that name.
    pub(super) fn find_client(&self, id: &str) -> Option<(ContextId, &Client)> {
        self.iter().find_map(|(context, scope)| {
            let client = scope.client().filter(|client| client.id.0 == id)?;
            Some((context, client))
        })
    }
}

impl Core {
    /// <https://w3c.github.io/ServiceWorker/#clients-openwindow>
    pub(super) async fn open_window(
        self: &Rc<Self>,
        asker: &Asker,
        url: Url,
    ) -> Result<Option<ClientView>, WebError> {
        self.use_interaction(asker, "Not allowed to open a window.")?;
        let script = self.script_for_window(&url)?;
        self.publish(HostEventKind::WindowOpened {
            worker: asker.url.clone(),
            address: url.clone(),
        });
        let Some(options) = script.map(|script| ClientOptions { url, script }) else {
            return Ok(None);
        };
        let (context, id) = self.load_window(options).await?;
        self.focus(context);
        Ok(self.client_view(&asker.origin, &id))
    }

    /// The client ends, and another one takes its place; in a frame, where it was.
    /// <https://w3c.github.io/ServiceWorker/#client-navigate>
    pub(super) async fn navigate_client(
        self: &Rc<Self>,
        asker: &Asker,
        id: &str,
        url: Url,
    ) -> Result<Option<ClientView>, WebError> {
        let in_charge = asker
            .worker
            .filter(|(registration, worker)| self.is_active(*registration, *worker))
            .map(|(registration, _)| registration);
        let found = self
            .scopes
            .borrow()
            .find_client(id)
            .map(|(context, client)| (context, client.clone()));
        let (context, client) = found.ok_or_else(not_found)?;
        if in_charge.is_none() || client.controller != in_charge {
            return Err(WebError::Type(
                "This service worker is not the client's active service worker.".to_owned(),
            ));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebError::Type(format!("Cannot navigate to URL: {url}")));
        }
        let navigated = HostEventKind::WindowNavigated {
            worker: asker.url.clone(),
            from: client.url,
            address: url.clone(),
        };
        let (context, id) = if client.frame_type == FrameType::Nested {
            self.publish(navigated);
            let page = self.scopes.borrow().page_of(context);
            let shown = self.show_in_frame(page, Some(context), url).await;
            shown.map_err(|error| WebError::Type(error.to_string()))?
        } else {
            let script = self.script_for_window(&url)?;
            self.stop_scope(context);
            self.publish(navigated);
            let Some(options) = script.map(|script| ClientOptions { url, script }) else {
                return Ok(None);
            };
            self.load_window(options).await?
        };
        if client.is_focused {
            self.focus(context);
        }
        Ok(self.client_view(&asker.origin, &id))
    }

    /// A page load, which is the occasion for an update check.
    /// <https://w3c.github.io/ServiceWorker/#on-fetch-request-algorithm>
    async fn load_window(
        self: &Rc<Self>,
        options: ClientOptions,
    ) -> Result<(ContextId, String), WebError> {
        let in_charge = self.matching_registration_id(&options.url);
        let opened = self.open_client(options).await;
        if let Some(registration) = in_charge {
            self.soft_update(registration);
        }
        opened.map_err(|error| WebError::Type(error.to_string()))
    }

    /// What a window at that address runs; `None` if nothing is to be seen of it here.
    fn script_for_window(&self, url: &Url) -> Result<Option<ClientScript>, WebError> {
        match (self.settings.open_window)(url) {
            OpenWindow::Refused(reason) => Err(WebError::Type(reason)),
            OpenWindow::Client(script) if is_potentially_trustworthy(url) => Ok(Some(script)),
            // A page of an origin that is not secure has no service worker.
            OpenWindow::Client(_) | OpenWindow::Elsewhere => Ok(None),
        }
    }

    /// <https://w3c.github.io/ServiceWorker/#client-focus>
    pub(super) fn focus_client(&self, asker: &Asker, id: &str) -> Result<ClientView, WebError> {
        self.use_interaction(asker, "Not allowed to focus a window.")?;
        let found = self
            .scopes
            .borrow()
            .find_client(id)
            .map(|(context, _)| context);
        self.focus(found.ok_or_else(not_found)?);
        self.client_view(&asker.origin, id).ok_or_else(not_found)
    }

    fn use_interaction(&self, asker: &Asker, refusal: &str) -> Result<(), WebError> {
        let now = self.clock.now();
        if self.scopes.borrow_mut().use_interaction(asker.context, now) {
            Ok(())
        } else {
            Err(WebError::InvalidAccess(refusal.to_owned()))
        }
    }

    /// One client has the focus.
    pub(super) fn focus(&self, focused: ContextId) {
        let mut scopes = self.scopes.borrow_mut();
        let latest = scopes
            .clients()
            .filter_map(|client| client.last_focus)
            .max();
        for (context, client) in scopes.clients_mut() {
            client.is_focused = context == focused;
            if client.is_focused {
                client.last_focus = Some(latest.unwrap_or(0) + 1);
            }
        }
    }
}

fn not_found() -> WebError {
    WebError::Type("The client was not found.".to_owned())
}
