//! What happens in a host, one line of its story at a time: what a program shows, logs or waits for.
//! It describes; nothing is decided by an event.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use serde::Serialize;
use tokio::sync::mpsc;
use url::Url;

use crate::clock::Timestamp;
use crate::host::background_fetch::BackgroundFetchEvent;
use crate::host::permissions::Permission;
use crate::host::push_event::{NotificationEvent, PushEvent};
use crate::host::sync_event::SyncEvent;
use crate::service_worker::{EventOutcome, Warning};
use crate::web::host_port::ConsoleLevel;
use crate::web::script_error::ScriptError;

/// Something that happened, and when.
#[derive(Debug, Clone, Serialize)]
pub struct HostEvent {
    /// When, in milliseconds since the epoch.
    pub at_ms: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: HostEventKind,
}

/// The script that something came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "source", content = "url", rename_all = "snake_case")]
pub enum ScriptSource {
    /// A worker, by the URL of its script.
    Worker(Url),
    /// A client, by its own URL.
    Client(Url),
}

/// The kinds of things that happen.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HostEventKind {
    /// A worker begins to install: new, or new again.
    Registered {
        /// The registration's scope.
        scope: Url,
        /// The worker's script.
        script: Url,
    },
    /// A worker's `install` event ended well.
    Installed {
        /// The registration's scope.
        scope: Url,
        /// The worker's script.
        script: Url,
    },
    /// A worker is in charge.
    Activated {
        /// The registration's scope.
        scope: Url,
        /// The worker's script.
        script: Url,
    },
    /// A worker was discarded before it was installed.
    InstallFailed {
        /// The registration's scope.
        scope: Url,
        /// The worker's script.
        script: Url,
        /// How its `install` event ended.
        outcome: EventOutcome,
    },
    /// A registration is gone.
    Unregistered {
        /// Its scope.
        scope: Url,
    },
    /// The network is there.
    Online {
        /// Who or what says so.
        reason: String,
    },
    /// The network is gone, or it is still gone for another reason.
    Offline {
        /// Who or what says so.
        reason: String,
    },
    /// Something seems wrong although nothing failed.
    Warning {
        /// The script that it is about.
        #[serde(flatten)]
        source: ScriptSource,
        /// What seems wrong, and what follows.
        #[serde(flatten)]
        warning: Warning,
    },
    /// A script asks for a permission, and waits until [`Host::set_permission`](crate::Host::set_permission) grants or
    /// denies it.
    PermissionRequested {
        /// The origin that asks.
        origin: String,
        /// What for.
        permission: Permission,
    },
    /// A worker opened a window.
    WindowOpened {
        /// The worker's script.
        worker: Url,
        /// The address of the window.
        address: Url,
    },
    /// A worker sent a window to another address. Its client is gone, and there is another one.
    WindowNavigated {
        /// The worker's script.
        worker: Url,
        /// Where the window was.
        from: Url,
        /// Where it is now.
        address: Url,
    },
    /// A script printed a line.
    Console {
        /// Which script.
        #[serde(flatten)]
        source: ScriptSource,
        /// How loud.
        level: ConsoleLevel,
        /// What.
        message: String,
    },
    /// A script failed, and nobody handled it.
    ScriptError {
        /// Which script.
        #[serde(flatten)]
        source: ScriptSource,
        /// How and where.
        error: ScriptError,
    },
    /// A request got no answer.
    RequestFailed {
        /// The script or page that asked; empty for the host itself.
        client_url: String,
        /// The method asked for.
        method: String,
        /// The address asked for.
        address: Url,
        /// Why there is no answer.
        reason: String,
    },
    /// A running scope was stopped because of what its script did.
    ScopeStopped {
        /// Which script.
        #[serde(flatten)]
        source: ScriptSource,
        /// Why.
        reason: String,
    },
    /// Everything that was kept for an origin is gone.
    OriginCleared {
        /// The origin, as `https://app.example`.
        origin: String,
    },
    /// Something could not be stored or read back.
    StorageFailed {
        /// What went wrong, and what to do.
        reason: String,
    },
    /// Something happened to a tag of background sync.
    #[serde(untagged)]
    Sync(SyncEvent),
    /// Something happened to a notification.
    #[serde(untagged)]
    Notification(NotificationEvent),
    /// Something happened to a push subscription or a push message.
    #[serde(untagged)]
    Push(PushEvent),
    /// Something happened to a background fetch.
    #[serde(untagged)]
    BackgroundFetch(BackgroundFetchEvent),
}

/// Everything that happens from the moment of [`Host::events`](crate::Host::events), in order and without gaps.
///
/// What is not read is kept: drop the stream when it is not needed any more.
pub struct Events(mpsc::UnboundedReceiver<HostEvent>);

impl Stream for Events {
    type Item = HostEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<HostEvent>> {
        self.0.poll_recv(context)
    }
}

impl Events {
    /// The next event; `None` when the host is gone.
    pub async fn next(&mut self) -> Option<HostEvent> {
        self.0.recv().await
    }
}

/// Hands every event to everyone who subscribed.
#[derive(Default)]
pub(super) struct EventFeed {
    subscribers: Mutex<Vec<mpsc::UnboundedSender<HostEvent>>>,
    warnings: AtomicUsize,
}

impl EventFeed {
    pub(super) fn subscribe(&self) -> Events {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.subscribers().push(sender);
        Events(receiver)
    }

    pub(super) fn publish(&self, event: &HostEvent) {
        if matches!(event.kind, HostEventKind::Warning { .. }) {
            self.warnings.fetch_add(1, Ordering::Relaxed);
        }
        self.subscribers()
            .retain(|subscriber| subscriber.send(event.clone()).is_ok());
    }

    /// How many warnings there were.
    pub(super) fn warnings(&self) -> usize {
        self.warnings.load(Ordering::Relaxed)
    }

    /// Ends every stream.
    pub(super) fn close(&self) {
        self.subscribers().clear();
    }

    fn subscribers(&self) -> std::sync::MutexGuard<'_, Vec<mpsc::UnboundedSender<HostEvent>>> {
        // A list of senders is whole whatever happened to who held it.
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
