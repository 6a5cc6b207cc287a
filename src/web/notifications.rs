//! Notifications: what a script may show, find and close.

use std::cell::RefCell;
use std::rc::Rc;

use deno_core::{JsBuffer, OpState, ToJsBuffer, op2};
use futures::executor::block_on;
use serde::Serialize;
use tokio::task::unconstrained;

use crate::notification::Notification;
use crate::web::error::WebError;
use crate::web::host_port::{HostPort, HostRequest, Reply};

deno_core::extension!(
    sw_notifications,
    deps = [landfall_platform],
    ops = [
        op_notification_close,
        op_notification_get_all,
        op_notification_permission,
        op_notification_request_permission,
        op_notification_show,
        op_notification_show_for_registration,
    ],
    esm = [
        dir "js/notifications",
        "data.js",
        "mod.js",
        "notification.js",
        "notification_event.js",
        "notification_options.js",
        "registration_notifications.js",
    ],
);

/// What a scope asks about notifications.
pub enum NotificationRequest {
    /// `Notification.permission`. Answered with the state, as in `navigator.permissions.query()`.
    Permission(Reply<&'static str>),
    /// `Notification.requestPermission()`. Answered with the state.
    RequestPermission(Reply<&'static str>),
    /// `new Notification()`. Answered with the notification's number.
    Show(Notification, Reply<i64>),
    /// `registration.showNotification()`
    ShowForRegistration {
        /// The registration.
        registration: i64,
        /// What is to be shown.
        content: Notification,
        /// `Notification.data`, a structured clone.
        data: Vec<u8>,
        /// Where the answer goes.
        reply: Reply<()>,
    },
    /// `registration.getNotifications()`
    GetAll {
        /// The registration.
        registration: i64,
        /// Only those with this tag, if it is not empty.
        tag: String,
        /// Where the answer goes.
        reply: Reply<Vec<ShownNotification>>,
    },
    /// `notification.close()`
    Close(i64),
}

/// A notification that is shown for a registration.
#[derive(Debug, Clone)]
pub struct ShownNotification {
    /// Its number.
    pub id: i64,
    /// What is shown.
    pub content: Notification,
    /// `Notification.data`, a structured clone.
    pub data: Vec<u8>,
}

/// A `Notification` object's values.
#[derive(Serialize)]
pub struct NotificationView {
    id: i64,
    content: Notification,
    data: ToJsBuffer,
}

impl From<ShownNotification> for NotificationView {
    fn from(shown: ShownNotification) -> Self {
        Self {
            id: shown.id,
            content: shown.content,
            data: shown.data.into(),
        }
    }
}

/// What happened to a notification that a page shows with `new Notification()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationNews {
    /// It was clicked.
    Click,
    /// It is not shown any more.
    Close,
}

/// A getter cannot wait for a promise: the scope's thread waits here, and the host's answers.
#[op2]
#[string]
fn op_notification_permission(state: &OpState) -> Result<&'static str, WebError> {
    let host = HostPort::of(state);
    let answer =
        host.ask(|reply| HostRequest::Notifications(NotificationRequest::Permission(reply)));
    block_on(unconstrained(answer))
}

#[op2]
#[string]
async fn op_notification_request_permission(
    state: Rc<RefCell<OpState>>,
) -> Result<&'static str, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::Notifications(NotificationRequest::RequestPermission(reply)))
        .await
}

#[op2]
#[number]
async fn op_notification_show(
    state: Rc<RefCell<OpState>>,
    #[serde] content: Notification,
) -> Result<i64, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::Notifications(NotificationRequest::Show(content, reply)))
        .await
}

#[op2]
async fn op_notification_show_for_registration(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[serde] content: Notification,
    #[buffer] data: JsBuffer,
) -> Result<(), WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| {
        HostRequest::Notifications(NotificationRequest::ShowForRegistration {
            registration,
            content,
            data: data.to_vec(),
            reply,
        })
    })
    .await
}

#[op2]
#[serde]
async fn op_notification_get_all(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    #[string] tag: String,
) -> Result<Vec<NotificationView>, WebError> {
    let host = HostPort::of(&state.borrow());
    let shown = host
        .ask(|reply| {
            HostRequest::Notifications(NotificationRequest::GetAll {
                registration,
                tag,
                reply,
            })
        })
        .await?;
    Ok(shown.into_iter().map(NotificationView::from).collect())
}

#[op2(fast)]
fn op_notification_close(state: &OpState, #[number] id: i64) {
    HostPort::of(state).tell(HostRequest::Notifications(NotificationRequest::Close(id)));
}
