//! What the host sends into a scope: events to dispatch, and notices about the world outside.

use std::collections::BTreeMap;

use deno_core::serde_v8::U16String;
use deno_core::{OpState, ToJsBuffer};
use deno_web::JsMessageData;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::dom_string::to_units;
use crate::service_worker::EventKind;
use crate::service_worker::EventOutcome;
use crate::service_worker::ScriptPlace;
use crate::web::background_fetch::BackgroundFetchView;
use crate::web::fetch_event::{FetchDetail, FetchInit};
use crate::web::message::TransferredMessage;
use crate::web::notifications::{NotificationNews, NotificationView, ShownNotification};
use crate::web::push::PushSubscriptionView;
use crate::web::view::{ClientView, RegistrationView, WorkerView};

/// An event for a service worker, with what it carries.
pub enum EventInit {
    /// `install`
    Install,
    /// `activate`
    Activate,
    /// `sync`
    Sync {
        /// The tag that was registered.
        tag: String,
        /// No further attempt will be made.
        last_chance: bool,
    },
    /// `periodicsync`
    PeriodicSync {
        /// The tag that was registered.
        tag: String,
    },
    /// `message`
    Message {
        /// What was posted.
        message: TransferredMessage,
        /// Who posted it.
        source: MessageSource,
        /// The serialised origin of the sender.
        origin: String,
    },
    /// `fetch`
    Fetch(Box<FetchInit>),
    /// `push`; without data if `None`
    Push(Option<Vec<u8>>),
    /// `pushsubscriptionchange`
    PushSubscriptionChange {
        /// The subscription that takes the place of the old one, if there is one.
        new: Option<PushSubscriptionView>,
        /// The subscription that ended.
        old: Option<PushSubscriptionView>,
    },
    /// `notificationclick`
    NotificationClick {
        /// What was clicked.
        notification: Box<ShownNotification>,
        /// The button, if it was one; else empty.
        action: String,
    },
    /// `notificationclose`
    NotificationClose(Box<ShownNotification>),
    /// An event of a background fetch: success, fail, abort or click.
    BackgroundFetch(EventKind, BackgroundFetchView),
}

/// Who posted a message to a worker.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageSource {
    /// A client.
    Client(ClientView),
    /// A worker.
    Worker(WorkerView),
}

impl EventInit {
    /// What is closed when nobody wants the answer to a `fetch` event any more.
    pub fn take_given_up(&mut self) -> Option<oneshot::Receiver<()>> {
        match self {
            Self::Fetch(init) => init.given_up.take(),
            _ => None,
        }
    }

    /// Which event it is.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Install => EventKind::Install,
            Self::Activate => EventKind::Activate,
            Self::Sync { .. } => EventKind::Sync,
            Self::PeriodicSync { .. } => EventKind::PeriodicSync,
            Self::Message { .. } => EventKind::Message,
            Self::Fetch(_) => EventKind::Fetch,
            Self::Push(_) => EventKind::Push,
            Self::PushSubscriptionChange { .. } => EventKind::PushSubscriptionChange,
            Self::NotificationClick { .. } => EventKind::NotificationClick,
            Self::NotificationClose(_) => EventKind::NotificationClose,
            Self::BackgroundFetch(kind, _) => *kind,
        }
    }
}

/// What an event carries, as the scope's script takes it.
pub enum Detail {
    /// The values of a fetch event, which come one by one.
    Fetch(FetchDetail),
    /// An init dictionary.
    Other(EventDetail),
}

/// The values of an event's init dictionary.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum EventDetail {
    /// No values.
    None {},
    /// Of a sync event.
    Sync {
        /// `SyncEvent.tag`
        tag: U16String,
        /// `SyncEvent.lastChance`
        last_chance: bool,
    },
    /// Of a periodic sync event.
    PeriodicSync {
        /// `PeriodicSyncEvent.tag`
        tag: U16String,
    },
    /// Of a message event.
    Message {
        /// The message, readable in the scope it was put into.
        message: JsMessageData,
        /// `ExtendableMessageEvent.source`
        source: MessageSource,
        /// `ExtendableMessageEvent.origin`
        origin: String,
    },
    /// Of a push event.
    Push {
        /// `PushEvent.data`
        data: Option<ToJsBuffer>,
    },
    /// Of a pushsubscriptionchange event.
    PushSubscriptionChange {
        /// `PushSubscriptionChangeEvent.newSubscription`
        new_subscription: Option<PushSubscriptionView>,
        /// `PushSubscriptionChangeEvent.oldSubscription`
        old_subscription: Option<PushSubscriptionView>,
    },
    /// Of a notification event.
    Notification {
        /// `NotificationEvent.notification`
        notification: NotificationView,
        /// `NotificationEvent.action`
        action: String,
    },
    /// Of an event of a background fetch.
    BackgroundFetch {
        /// `BackgroundFetchEvent.registration`
        registration: BackgroundFetchView,
    },
}

impl EventInit {
    /// What it is called where people are told of it.
    pub fn name(&self) -> String {
        let kind = self.kind().name();
        match self {
            Self::Sync { tag, .. } | Self::PeriodicSync { tag } => format!("`{kind}` of `{tag}`"),
            _ => format!("`{kind}`"),
        }
    }

    /// Brings what event `id` carries into a scope.
    pub fn put(self, id: u32, state: &mut OpState) -> Detail {
        let detail = match self {
            Self::Fetch(init) => return Detail::Fetch(init.put(id, state)),
            Self::Install | Self::Activate => EventDetail::None {},
            Self::Sync { tag, last_chance } => EventDetail::Sync {
                tag: to_units(&tag).into(),
                last_chance,
            },
            Self::PeriodicSync { tag } => EventDetail::PeriodicSync {
                tag: to_units(&tag).into(),
            },
            Self::Message {
                message,
                source,
                origin,
            } => EventDetail::Message {
                message: message.put(state),
                source,
                origin,
            },
            Self::Push(data) => EventDetail::Push {
                data: data.map(ToJsBuffer::from),
            },
            Self::PushSubscriptionChange { new, old } => EventDetail::PushSubscriptionChange {
                new_subscription: new,
                old_subscription: old,
            },
            Self::NotificationClick {
                notification,
                action,
            } => EventDetail::Notification {
                notification: (*notification).into(),
                action,
            },
            Self::NotificationClose(notification) => EventDetail::Notification {
                notification: (*notification).into(),
                action: String::new(),
            },
            Self::BackgroundFetch(_, registration) => EventDetail::BackgroundFetch { registration },
        };
        Detail::Other(detail)
    }
}

/// News for a scope.
pub enum Notice {
    /// The controller of a client is another worker now.
    ControllerChanged(Option<WorkerView>),
    /// A worker posted a message to this client.
    Message {
        /// What was posted.
        message: TransferredMessage,
        /// The worker.
        source: WorkerView,
        /// The serialised origin of the worker.
        origin: String,
        /// Where it was posted.
        place: Option<ScriptPlace>,
    },
    /// The client's script has run: messages flow.
    DocumentReady,
    /// A worker has another state.
    WorkerStateChanged(WorkerView),
    /// A registration's workers moved.
    RegistrationChanged(RegistrationView),
    /// A new worker of the registration with this number begins to install.
    UpdateFound(i64),
    /// The network came or went.
    ConnectivityChanged(bool),
    /// The state of a permission of the origin is another one.
    PermissionChanged {
        /// The name of the permission.
        name: &'static str,
        /// Its state.
        state: &'static str,
    },
    /// Something happened to the notification with this number, which the client shows.
    Notification(i64, NotificationNews),
    /// A background fetch goes on, has ended or is gone.
    BackgroundFetchChanged(BackgroundFetchView),
}

/// A notice's name and value as the scope's script takes it.
#[derive(Serialize)]
#[serde(untagged)]
pub enum NoticeDetail {
    /// A worker, or none.
    Worker(Option<WorkerView>),
    /// A message.
    Message {
        /// The message, readable in the scope it was put into.
        message: JsMessageData,
        /// The worker that posted it.
        source: WorkerView,
        /// Its origin.
        origin: String,
        /// Where it was posted.
        place: Option<ScriptPlace>,
    },
    /// Nothing.
    None,
    /// A registration.
    Registration(RegistrationView),
    /// The number of a registration.
    Number(i64),
    /// A switch.
    Flag(bool),
    /// A permission.
    Permission {
        /// Its name.
        name: &'static str,
        /// Its state.
        state: &'static str,
    },
    /// What happened to a notification of the client.
    Notification {
        /// Its number.
        id: i64,
        /// What happened.
        news: NotificationNews,
    },
    /// A background fetch.
    BackgroundFetch(BackgroundFetchView),
}

impl Notice {
    /// Brings it into a scope.
    pub fn put(self, state: &mut OpState) -> (&'static str, NoticeDetail) {
        match self {
            Self::ControllerChanged(worker) => ("controllerChanged", NoticeDetail::Worker(worker)),
            Self::Message {
                message,
                source,
                origin,
                place,
            } => (
                "message",
                NoticeDetail::Message {
                    message: message.put(state),
                    source,
                    origin,
                    place,
                },
            ),
            Self::DocumentReady => ("documentReady", NoticeDetail::None),
            Self::WorkerStateChanged(worker) => {
                ("workerStateChanged", NoticeDetail::Worker(Some(worker)))
            }
            Self::RegistrationChanged(registration) => (
                "registrationChanged",
                NoticeDetail::Registration(registration),
            ),
            Self::UpdateFound(registration) => ("updateFound", NoticeDetail::Number(registration)),
            Self::PermissionChanged { name, state } => (
                "permissionChanged",
                NoticeDetail::Permission { name, state },
            ),
            Self::ConnectivityChanged(is_online) => {
                ("connectivityChanged", NoticeDetail::Flag(is_online))
            }
            Self::Notification(id, news) => {
                ("notification", NoticeDetail::Notification { id, news })
            }
            Self::BackgroundFetchChanged(fetch) => (
                "backgroundFetchChanged",
                NoticeDetail::BackgroundFetch(fetch),
            ),
        }
    }
}

/// What comes back for an event that was sent into a scope.
pub enum EventEnd {
    /// It is over.
    Ended(EventOutcome),
    /// The scope ended before it came to this event.
    NotDispatched(Box<EventInit>),
}

/// Where what comes back for an event goes.
pub type EventReply = oneshot::Sender<EventEnd>;

/// The events that a scope works on: where each one's outcome goes. Kept in the scope's op state.
///
/// A scope that ends drops them, and whoever waits learns that the worker was terminated.
#[derive(Default)]
pub struct PendingEvents(BTreeMap<u32, EventReply>);

impl PendingEvents {
    /// The outcome of event `id` goes to `reply`.
    pub fn begin(&mut self, id: u32, reply: EventReply) {
        self.0.insert(id, reply);
    }

    /// The event is over.
    pub fn settle(&mut self, id: u32, outcome: EventOutcome) {
        if let Some(waiting) = self.0.remove(&id) {
            // Nobody may be waiting any more: the event had timed out.
            let _ = waiting.send(EventEnd::Ended(outcome));
        }
    }
}
