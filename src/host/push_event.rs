//! What happens to notifications and push messages, as events of the host.
//! It describes; nothing is decided by an event.

use serde::Serialize;
use url::Url;

use crate::host::notifications::{NotificationEnd, NotificationStatus};
use crate::service_worker::EventOutcome;

/// Something happened to a notification.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum NotificationEvent {
    /// It is shown: this is for the eyes of whoever sits there.
    #[serde(rename = "notification_shown")]
    Shown(Box<NotificationStatus>),
    /// Somebody clicked it.
    #[serde(rename = "notification_clicked")]
    Clicked {
        /// Its number.
        id: i64,
        /// The origin that shows it.
        origin: String,
        /// The scope of the registration that shows it; `None` if a page does.
        scope: Option<Url>,
        /// Its headline.
        title: String,
        /// The button, if it was one; else empty.
        action: String,
    },
    /// It is not shown any more.
    #[serde(rename = "notification_closed")]
    Closed {
        /// Its number.
        id: i64,
        /// The origin that showed it.
        origin: String,
        /// The scope of the registration that showed it; `None` if a page did.
        scope: Option<Url>,
        /// Its headline.
        title: String,
        /// Why.
        by: NotificationEnd,
    },
}

/// Something happened to a push subscription or a push message.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum PushEvent {
    /// A registration can be sent push messages.
    #[serde(rename = "push_subscribed")]
    Subscribed {
        /// The registration's scope.
        scope: Url,
        /// Where application servers send messages to.
        endpoint: Url,
    },
    /// A push subscription was ended.
    #[serde(rename = "push_unsubscribed")]
    Unsubscribed {
        /// The registration's scope.
        scope: Url,
        /// The endpoint that is gone.
        endpoint: Url,
    },
    /// A message was taken, and waits for the network.
    #[serde(rename = "push_queued")]
    Queued {
        /// The registration's scope.
        scope: Url,
    },
    /// A message was dropped: it waited longer than its sender wanted.
    #[serde(rename = "push_expired")]
    Expired {
        /// The registration's scope.
        scope: Url,
    },
    /// A message was dropped: the process ended each time that it was delivered.
    #[serde(rename = "push_given_up")]
    GivenUp {
        /// The registration's scope.
        scope: Url,
        /// How many times that was.
        deliveries: u32,
    },
    /// A `push` event is sent.
    #[serde(rename = "push_started")]
    Started {
        /// The registration's scope.
        scope: Url,
        /// Bytes of the message; `None` for a message without data.
        bytes: Option<usize>,
    },
    /// A `push` event ended. The message is not sent again, whatever the outcome.
    #[serde(rename = "push_ended")]
    Ended {
        /// The registration's scope.
        scope: Url,
        /// How it ended.
        outcome: EventOutcome,
        /// The subscription was made with `userVisibleOnly`, but no notification was shown and no page is open: a
        /// browser would show a notification of its own.
        is_broken_promise: bool,
    },
}
