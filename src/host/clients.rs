//! Opens window-like clients and speaks with them.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::oneshot;
use url::Url;
use uuid::Uuid;

use crate::engine::ScopeKind;
use crate::host::Host;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::scope_thread::MainScript;
use crate::host::scopes::Role;
use crate::host::script_fetch::Import;
use crate::network::ReferrerPolicy;
use crate::service_worker::scope::is_potentially_trustworthy;
use crate::service_worker::{self, ClientId, ClientType, FrameType, ScriptMap, ScriptType};
use crate::web::event::Notice;
use crate::web::host_port::ContextId;
use crate::web::service_worker::decode_script;
use crate::web::view::WorkerView;

/// A client that is to be opened.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The page's address: decides its origin, its controller and what relative URLs mean.
    pub url: Url,
    /// What the page runs.
    pub script: ClientScript,
}

/// The script of a client.
#[derive(Debug, Clone)]
pub enum ClientScript {
    /// None: the embedder evaluates what it wants.
    None,
    /// A classic script, or a module if it ends in `.mjs`, from a file.
    File(PathBuf),
    /// The script at an address.
    Url(Url),
    /// A classic script.
    Source(String),
}

/// A window-like client of a host. Dropping it leaves the client open; see [`Client::close`].
#[derive(Clone)]
pub struct Client {
    host: Host,
    context: ContextId,
    id: String,
}

impl Client {
    pub(super) fn new(host: Host, (context, id): (ContextId, String)) -> Self {
        Self { host, context, id }
    }

    /// The `Client.id` that workers see.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Evaluates a script in the client's global scope, awaits what it comes to, and gives it as JSON.
    pub async fn eval(&self, script: &str) -> Result<serde_json::Value, Error> {
        let (context, source) = (self.context, script.to_owned());
        self.host
            .call(move |core| async move {
                let (result, evaluated) = oneshot::channel();
                core.scopes.borrow().evaluate(context, source, result);
                let json = evaluated
                    .await
                    .map_err(|_| Error::ClientClosed)?
                    .map_err(Error::Script)?;
                Ok(serde_json::from_str(&json)?)
            })
            .await
    }

    /// Opens a frame in the page: a client of its own, which is controlled by whatever its address says. The request
    /// for it goes through a service worker like any page load; what comes back is text, not a document.
    pub async fn open_frame(&self, url: &Url) -> Result<Self, Error> {
        let (page, url) = (self.context, url.clone());
        let opened = self
            .host
            .call(move |core| async move { core.show_in_frame(page, None, url).await })
            .await?;
        Ok(Self::new(self.host.clone(), opened))
    }

    /// Closes the client, whatever its script is doing.
    pub async fn close(&self) -> Result<(), Error> {
        let context = self.context;
        self.host
            .call(move |core| async move {
                core.stop_scope(context);
                core.wait_for(|core| core.scopes.borrow().get(context).is_none().then_some(()))
                    .await;
                Ok(())
            })
            .await
    }
}

impl Core {
    /// Starts a client and runs its script to the end of its top level.
    pub(super) async fn open_client(
        self: &Rc<Self>,
        options: ClientOptions,
    ) -> Result<(ContextId, String), Error> {
        let _work = self.begin_work();
        if !is_potentially_trustworthy(&options.url) {
            return Err(Error::InsecureOrigin(options.url));
        }
        let main = self.client_script(&options).await?;
        let registration = self
            .matching_registration(&options.url)
            .filter(|registration| registration.active.is_some());
        let created = self.scopes.borrow_mut().next_client();
        let client = service_worker::Client {
            id: ClientId(Uuid::new_v4().to_string()),
            url: options.url.clone(),
            kind: ClientType::Window,
            frame_type: FrameType::TopLevel,
            ancestor_origins: Vec::new(),
            controller: registration.as_ref().map(|registration| registration.id),
            is_visible: true,
            is_focused: created == 1,
            last_focus: (created == 1).then_some(created),
            created,
        };
        let id = client.id.0.clone();
        let kind = ScopeKind::Window {
            controller: registration
                .and_then(|registration| registration.active)
                .as_ref()
                .map(WorkerView::from),
            opens_frames: self.settings.opens_frames,
            frame_script: self.settings.frame_script.clone(),
        };
        let (context, progress) = self
            .start_scope(
                options.url,
                Role::Client(client),
                kind,
                ScriptMap::new(),
                main,
            )
            .map_err(Error::Engine)?;
        let started = self
            .await_start(context, progress, self.settings.limits.first_start)
            .await
            .map_err(Error::Engine)?;
        if let Some(error) = started.error {
            self.report_script_error(context, error.clone());
            self.stop_scope(context);
            return Err(Error::Script(error));
        }
        self.notify(context, Notice::DocumentReady);
        Ok((context, id))
    }

    async fn client_script(&self, options: &ClientOptions) -> Result<Option<MainScript>, Error> {
        let script = match &options.script {
            ClientScript::None => return Ok(None),
            ClientScript::Source(text) => MainScript {
                url: options.url.clone(),
                text: Arc::from(text.as_str()),
                script_type: ScriptType::Classic,
            },
            ClientScript::File(path) => {
                let body = std::fs::read(path).map_err(|error| Error::ReadScript {
                    path: path.clone(),
                    reason: error.to_string(),
                })?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                MainScript {
                    url: options.url.join(&name).unwrap_or(options.url.clone()),
                    text: decode_script(&body),
                    script_type: script_type_of(&name),
                }
            }
            ClientScript::Url(url) => {
                // A page has no response of its own that could say another.
                let policy = ReferrerPolicy::Default;
                let fetched = self
                    .fetch_imported_script(url, Import::Script, &options.url, policy, false)
                    .await?;
                MainScript {
                    url: url.clone(),
                    text: decode_script(&fetched.script.body),
                    script_type: script_type_of(url.path()),
                }
            }
        };
        Ok(Some(script))
    }
}

fn script_type_of(path: &str) -> ScriptType {
    if path.ends_with(".mjs") {
        ScriptType::Module
    } else {
        ScriptType::Classic
    }
}
