//! The library's face, and all the waiting: where a rule, a row and a script meet.
//!
//! A [`Host`] is a cheap handle on a thread of its own. Everything it keeps is owned by that thread and reached by
//! sending it work.

mod activation;
mod background_fetch;
mod builder;
mod by_hand;
mod claim;
mod clients;
mod core;
mod dispatch;
mod error;
mod event;
mod event_log;
mod exposed;
mod frames;
mod handle_fetch;
mod history;
mod idle;
mod inside;
mod lifecycle;
mod navigation_preload;
mod notifications;
mod origins;
mod periodic_sync;
mod permissions;
mod push;
mod push_event;
mod requests;
mod responsiveness;
mod runner;
mod scope_thread;
mod scopes;
mod script_fetch;
mod status;
mod stop_worker;
mod sync_event;
mod sync_loop;
mod thread;
mod warnings;
mod windows;

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use url::Url;

use crate::connectivity::{Connectivity, OfflineHold};
use crate::network::{NetworkError, Request, Response};
use crate::service_worker::{EventOutcome, RegistrationId, ScriptType, UpdateViaCache};
use crate::sync::{Engagement, SyncKind};
use crate::web::error::WebError;
use crate::web::event::EventInit;
use crate::web::host_port::RegisterRequest;

use self::core::Core;
use self::event::EventFeed;
use self::thread::HostThread;

pub(crate) use by_hand::drop_stored;
pub(crate) use inside::HostInside;

pub use background_fetch::{BackgroundFetchEvent, BackgroundFetchStatus};
pub use builder::{ConnectivityMode, HostBuilder};
pub use clients::{Client, ClientOptions, ClientScript};
pub use error::Error;
pub use event::{Events, HostEvent, HostEventKind, ScriptSource};
pub use event_log::LogEntry;
pub use exposed::FunctionCall;
pub use history::SyncStory;
pub use notifications::{NotificationEnd, NotificationStatus};
pub use origins::{OriginStatus, check_stored, clear_stored_origin};
pub use permissions::{Permission, PermissionState, UnknownPermission};
pub use push::{PushMessage, PushReceipt};
pub use push_event::{NotificationEvent, PushEvent};
pub use status::{RegistrationStatus, Status, SyncStatus, WorkerStatus};
pub use sync_event::SyncEvent;
pub use windows::OpenWindow;

/// A script that is to be registered.
#[derive(Debug, Clone)]
pub struct RegisterOptions {
    /// The script's address.
    pub script_url: Url,
    /// The scope; the script's folder if `None`.
    pub scope: Option<Url>,
    /// Classic script or module.
    pub script_type: ScriptType,
    /// What an update check may take from the HTTP cache.
    pub update_via_cache: UpdateViaCache,
}

impl RegisterOptions {
    /// A classic script for its own folder.
    pub fn new(script_url: Url) -> Self {
        Self {
            script_url,
            scope: None,
            script_type: ScriptType::default(),
            update_via_cache: UpdateViaCache::default(),
        }
    }
}

/// A registered scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// What the worker is in charge of.
    pub scope: Url,
}

/// A running host. Clones are handles on the same one; the last one that is dropped ends it.
#[derive(Clone)]
pub struct Host {
    thread: Arc<HostThread>,
    events: Arc<EventFeed>,
    connectivity: Connectivity,
    is_strict: bool,
}

impl Host {
    /// Settings for a new host.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    async fn start(builder: HostBuilder) -> Result<Self, Error> {
        let events = Arc::clone(&builder.events);
        let connectivity = builder.connectivity_source();
        let is_strict = builder.is_strict;
        let thread = HostThread::start(builder, Arc::clone(&events), connectivity.clone()).await?;
        Ok(Self {
            thread: Arc::new(thread),
            events,
            connectivity,
            is_strict,
        })
    }

    /// Registers a script, or finds that it is registered already, and waits until a worker is activated.
    /// A script that has changed since is taken up, as when a browser visits the page again.
    ///
    /// With a worker in charge already, a changed script is installed and waits for its turn as in a browser.
    pub async fn register(&self, options: RegisterOptions) -> Result<Registration, Error> {
        self.call(move |core| async move {
            let page_url = options.script_url.clone();
            let was_known = core.has_worker_of(&page_url);
            let request = RegisterRequest {
                script_url: options.script_url,
                scope: options.scope,
                script_type: options.script_type,
                update_via_cache: options.update_via_cache,
            };
            let (reply, registered) = oneshot::channel();
            core.register(request, &page_url, |result| {
                let _ = reply.send(result);
            });
            let view = registered.await.unwrap_or(Err(WebError::ShuttingDown))?;
            if was_known {
                core.look_for_update(RegistrationId(view.id)).await;
            }
            core.wait_until_settled(view.id).await?;
            let scope = Url::parse(&view.scope)
                .map_err(|error| Error::Engine(format!("`{}`: {error}", view.scope)))?;
            Ok(Registration { scope })
        })
        .await
    }

    /// Removes the registration with exactly that scope; `false` if there is none.
    pub async fn unregister(&self, scope: &Url) -> Result<bool, Error> {
        let scope = scope.clone();
        self.call(move |core| async move {
            let (reply, unregistered) = oneshot::channel();
            core.unregister(scope, |result| {
                let _ = reply.send(result);
            });
            Ok(unregistered.await.unwrap_or(Err(WebError::ShuttingDown))?)
        })
        .await
    }

    /// Opens a window-like client and runs its script to the end of its top level.
    pub async fn open_client(&self, options: ClientOptions) -> Result<Client, Error> {
        let opened = self
            .call(move |core| async move { core.open_client(options).await })
            .await?;
        Ok(Client::new(self.clone(), opened))
    }

    /// Answers a request from outside, as a browser would for a page: by the worker in whose scope the page is, or by
    /// whoever answers for the origin.
    ///
    /// The page of a request in mode [`Navigate`](crate::network::RequestMode::Navigate) is what it asks for; of any
    /// other, `client_url`. Dropping the future aborts the request, and so does dropping the body of the response.
    pub async fn fetch(&self, request: Request) -> Result<Response, Error> {
        let (mut reply, answer) = oneshot::channel();
        self.thread.run(Box::new(move |core| {
            tokio::task::spawn_local(async move {
                let answer = tokio::select! {
                    answer = core.fetch_from_outside(request) => answer,
                    () = reply.closed() => return,
                };
                let _ = reply.send(answer);
            });
        }));
        Ok(answer.await.unwrap_or(Err(NetworkError::ShutDown))?)
    }

    /// Takes the network from every worker and client.
    pub fn go_offline(&self) {
        self.connectivity.go_offline();
    }

    /// Takes the network away until the hold is dropped, and every other one too: for those who test side by side and
    /// know nothing of each other. Meanwhile [`Self::go_online`] does nothing.
    pub fn hold_offline(&self) -> OfflineHold {
        self.connectivity.hold_offline()
    }

    /// Gives the network back; every pending sync is fired.
    pub fn go_online(&self) {
        self.connectivity.go_online();
    }

    /// Grants the origin of `url` a permission, or takes it away; scripts that asked for it go on. Its periodic syncs go with
    /// [`Permission::PeriodicBackgroundSync`], its push subscriptions with [`Permission::Notifications`]; one-shot syncs
    /// that are registered already are sent all the same.
    ///
    /// Holds until the host ends: a new one has the permissions of its [`HostBuilder::permission`].
    pub async fn set_permission(
        &self,
        url: &Url,
        permission: Permission,
        state: PermissionState,
    ) -> Result<(), Error> {
        let origin = url.origin().ascii_serialization();
        self.call(move |core| async move { Ok(core.set_permission(&origin, permission, state)?) })
            .await
    }

    /// Says how much the origin of `url` is used. With [`Engagement::None`] its periodic syncs are suspended; with
    /// more they begin anew, and the gaps between their events depend on it.
    ///
    /// Holds until the host ends: a new one has the engagement of its [`HostBuilder::engagement`].
    pub async fn set_engagement(&self, url: &Url, engagement: Engagement) -> Result<(), Error> {
        let origin = url.origin().ascii_serialization();
        self.call(move |core| async move { Ok(core.set_engagement(&origin, engagement)?) })
            .await
    }

    /// Fires a `sync` event now, for any tag, registered or not, and waits for its outcome.
    ///
    /// Like the button in a browser's developer tools it changes no registration and no counter, and is refused while
    /// the host is offline.
    pub async fn dispatch_sync(
        &self,
        scope: &Url,
        tag: &str,
        last_chance: bool,
    ) -> Result<EventOutcome, Error> {
        let tag = tag.to_owned();
        self.dispatch(scope, EventInit::Sync { tag, last_chance })
            .await
    }

    /// Fires a `periodicsync` event now, for any tag, registered or not, and waits for its outcome; like
    /// [`Host::dispatch_sync`].
    pub async fn dispatch_periodic_sync(
        &self,
        scope: &Url,
        tag: &str,
    ) -> Result<EventOutcome, Error> {
        let tag = tag.to_owned();
        self.dispatch(scope, EventInit::PeriodicSync { tag }).await
    }

    async fn dispatch(&self, scope: &Url, event: EventInit) -> Result<EventOutcome, Error> {
        let scope = scope.clone();
        self.call(move |core| async move {
            let registration = core.require_scope(&scope)?;
            if !core.connectivity.is_online() {
                return Err(Error::Offline);
            }
            let Some(worker) = core.activated_worker(registration.id).await else {
                return Ok(EventOutcome::FailedToStart(format!(
                    "the registration for `{scope}` has no active worker"
                )));
            };
            Ok(core.fire_by_hand(&registration, worker, event).await)
        })
        .await
    }

    /// Forgets a tag: no event will be sent for it any more. One that runs comes to its end, and nothing follows.
    pub async fn drop_sync(&self, scope: &Url, kind: SyncKind, tag: &str) -> Result<(), Error> {
        let (scope, tag) = (scope.clone(), tag.to_owned());
        self.call(move |core| async move { core.drop_by_hand(&scope, kind, tag) })
            .await
    }

    /// Everything that is known of a tag, now and from before: a story for each scope and kind that knows it.
    pub async fn sync_story(&self, tag: &str) -> Result<Vec<SyncStory>, Error> {
        let tag = tag.to_owned();
        self.call(move |core| async move { core.sync_stories(&tag) })
            .await
    }

    /// Everything that happens from now on. [`HostBuilder::events`] begins earlier, with the start.
    pub fn events(&self) -> Events {
        self.events.subscribe()
    }

    /// What the host knows and does at this moment.
    pub async fn status(&self) -> Result<Status, Error> {
        self.call(|core| async move { Ok(core.status()) }).await
    }

    /// Waits until nothing runs and nothing will, unless time passes or the network changes:
    /// no job, no event, no due sync, no client's script. Waiting for a retry counts as idle.
    ///
    /// By a [`ManualClock`](crate::clock::ManualClock) so does an event that waits, because only
    /// [`advance`](Self::advance) can bring it on.
    pub async fn run_until_idle(&self) -> Result<(), Error> {
        self.call(|core| async move {
            core.wait_until_idle().await;
            Ok(())
        })
        .await
    }

    /// Lets time pass on the [`ManualClock`](crate::clock::ManualClock) that the host was built with.
    ///
    /// Whatever is due in between, a retry, a time limit or a script's timer, happens in order and at its own time, and
    /// the host comes to rest before the clock moves on.
    pub async fn advance(&self, duration: Duration) -> Result<(), Error> {
        self.call(move |core| async move { core.advance(duration).await })
            .await
    }

    /// Stops every worker and client, closes the databases and ends the host.
    /// Events under way are cut off; what they were promised is on disk and goes on with the next start.
    ///
    /// A strict host that gave warnings has ended as well, and tells by [`Error::Warned`] that it did.
    pub async fn shut_down(&self) -> Result<(), Error> {
        self.thread.shut_down().await;
        self.events.close();
        match self.events.warnings() {
            count if self.is_strict && count > 0 => Err(Error::Warned { count }),
            _ => Ok(()),
        }
    }

    /// Runs work on the host's thread.
    async fn call<T, W, F>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(Rc<Core>) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.thread.run(Box::new(move |core| {
            tokio::task::spawn_local(async move {
                // Whoever asked may have stopped waiting.
                let _ = reply.send(work(core).await);
            });
        }));
        answer.await.unwrap_or(Err(Error::ShutDown))
    }
}
