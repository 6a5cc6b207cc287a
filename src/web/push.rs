//! registration.pushManager: subscriptions as scripts see them.

use std::cell::RefCell;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deno_core::{JsBuffer, OpState, op2};
use serde::Serialize;

use crate::push::{PushOptions, PushSubscription, SubscribeRefusal};
use crate::web::error::WebError;
use crate::web::host_port::{HostPort, HostRequest, Reply};

deno_core::extension!(
    sw_push,
    deps = [landfall_platform],
    ops = [op_push_get_subscription, op_push_subscribe, op_push_unsubscribe],
    esm = [
        dir "js/push",
        "mod.js",
        "push_event.js",
        "push_manager.js",
        "push_message_data.js",
        "push_subscription.js",
        "push_subscription_change_event.js",
        "push_subscription_options.js",
    ],
);

/// What a scope asks about push.
pub enum PushManagerRequest {
    /// `pushManager.subscribe()`
    Subscribe(i64, PushOptions, Reply<PushSubscriptionView>),
    /// `pushManager.getSubscription()`
    GetSubscription(i64, Reply<Option<PushSubscriptionView>>),
    /// `subscription.unsubscribe()`
    Unsubscribe(String, Reply<bool>),
}

/// A `PushSubscription` object's values; bytes as base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushSubscriptionView {
    endpoint: String,
    p256dh: String,
    auth: String,
    user_visible_only: bool,
    application_server_key: Option<String>,
}

impl From<&PushSubscription> for PushSubscriptionView {
    fn from(subscription: &PushSubscription) -> Self {
        let options = &subscription.options;
        let key = options.application_server_key.as_ref();
        Self {
            endpoint: subscription.endpoint.to_string(),
            p256dh: URL_SAFE_NO_PAD.encode(subscription.keys.public_bytes()),
            auth: URL_SAFE_NO_PAD.encode(subscription.keys.auth()),
            user_visible_only: options.user_visible_only,
            application_server_key: key.map(|key| URL_SAFE_NO_PAD.encode(key)),
        }
    }
}

impl From<SubscribeRefusal> for WebError {
    fn from(refusal: SubscribeRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            SubscribeRefusal::InvalidKey => Self::InvalidAccess(message),
            SubscribeRefusal::NoActiveWorker | SubscribeRefusal::OtherOptions => {
                Self::InvalidState(message)
            }
            SubscribeRefusal::PermissionDenied => Self::NotAllowed(message),
        }
    }
}

#[op2]
#[serde]
async fn op_push_subscribe(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
    user_visible_only: bool,
    #[buffer] application_server_key: Option<JsBuffer>,
) -> Result<PushSubscriptionView, WebError> {
    let options = PushOptions {
        user_visible_only,
        application_server_key: application_server_key.map(|key| key.to_vec()),
    };
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::Push(PushManagerRequest::Subscribe(registration, options, reply)))
        .await
}

#[op2]
#[serde]
async fn op_push_get_subscription(
    state: Rc<RefCell<OpState>>,
    #[number] registration: i64,
) -> Result<Option<PushSubscriptionView>, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::Push(PushManagerRequest::GetSubscription(registration, reply)))
        .await
}

#[op2]
async fn op_push_unsubscribe(
    state: Rc<RefCell<OpState>>,
    #[string] endpoint: String,
) -> Result<bool, WebError> {
    let host = HostPort::of(&state.borrow());
    host.ask(|reply| HostRequest::Push(PushManagerRequest::Unsubscribe(endpoint, reply)))
        .await
}
