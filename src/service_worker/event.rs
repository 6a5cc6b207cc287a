//! Events of a worker: their kinds, how they can end, and which ones need not be sent.
//! Dispatching them and counting `waitUntil` promises happens where scripts run.

use serde::{Deserialize, Serialize};

/// The kinds of events that extend a worker's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// The worker is being installed.
    Install,
    /// The worker takes over.
    Activate,
    /// A client's request.
    Fetch,
    /// A message from a client or another worker.
    Message,
    /// One-shot background sync.
    Sync,
    /// Periodic background sync.
    PeriodicSync,
    /// A push message.
    Push,
    /// The push service ended a subscription.
    PushSubscriptionChange,
    /// A notification was clicked.
    NotificationClick,
    /// A notification was closed.
    NotificationClose,
    /// A background fetch got everything.
    BackgroundFetchSuccess,
    /// A background fetch failed.
    BackgroundFetchFail,
    /// A background fetch was stopped.
    BackgroundFetchAbort,
    /// A background fetch's display was clicked.
    BackgroundFetchClick,
}

impl EventKind {
    /// The event's `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Activate => "activate",
            Self::Fetch => "fetch",
            Self::Message => "message",
            Self::Sync => "sync",
            Self::PeriodicSync => "periodicsync",
            Self::Push => "push",
            Self::PushSubscriptionChange => "pushsubscriptionchange",
            Self::NotificationClick => "notificationclick",
            Self::NotificationClose => "notificationclose",
            Self::BackgroundFetchSuccess => "backgroundfetchsuccess",
            Self::BackgroundFetchFail => "backgroundfetchfail",
            Self::BackgroundFetchAbort => "backgroundfetchabort",
            Self::BackgroundFetchClick => "backgroundfetchclick",
        }
    }

    /// Whether it waits until the worker is activated.
    /// <https://w3c.github.io/ServiceWorker/#dfn-functional-events>
    pub fn is_functional(self) -> bool {
        !matches!(self, Self::Install | Self::Activate | Self::Message)
    }
}

/// Whether the worker listened to no event of this kind when its script first ran.
/// <https://w3c.github.io/ServiceWorker/#should-skip-event-algorithm>
pub fn should_skip_event(handled_events: &[String], kind: EventKind) -> bool {
    !handled_events.iter().any(|handled| handled == kind.name())
}

/// What a `waitUntil` promise was rejected with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The error's message, or the rejected value as text.
    pub message: String,
    /// The error's stack, if it was an error.
    pub stack: Option<String>,
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum EventOutcome {
    /// Every `waitUntil` promise was fulfilled, or there was none.
    Fulfilled,
    /// A `waitUntil` promise was rejected.
    Rejected(Rejection),
    /// It did not end within its time limit.
    TimedOut,
    /// The worker was stopped or died while the event ran.
    Terminated,
    /// The worker was stopped because it was busy for so long that it did not answer.
    Unresponsive,
    /// The worker did not start, for the reason given.
    FailedToStart(String),
}

impl EventOutcome {
    /// Whether the event did what it was sent for.
    pub fn is_success(&self) -> bool {
        *self == Self::Fulfilled
    }
}
