//! A push subscription: what `subscribe()` checks, what it gives, and what waits to be delivered to it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::PublicKey;
use url::Url;

use crate::push::keys::SubscriptionKeys;

/// Bytes of chance in an endpoint, so that nobody can guess it. RFC 8030, section 8.3.
const TOKEN_BYTES: usize = 32;

/// Bytes of an uncompressed point.
const POINT_LENGTH: usize = 65;

/// A message whose delivery was cut off so many times by the end of the process is dropped: its handler may be what
/// ends it.
pub const MAX_DELIVERIES: u32 = 3;

/// What a subscription was made with: `PushSubscriptionOptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushOptions {
    /// Every message will show a notification.
    pub user_visible_only: bool,
    /// The public key of the only server that may send messages, an uncompressed point.
    pub application_server_key: Option<Vec<u8>>,
}

/// What `subscribe()` gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSubscription {
    /// Where application servers send messages to. Whoever knows it may send.
    pub endpoint: Url,
    /// What these are encrypted for.
    pub keys: SubscriptionKeys,
    /// What it was made with.
    pub options: PushOptions,
}

impl PushSubscription {
    /// A new one at a push service; `fill` fills a buffer with bytes that nobody can guess.
    pub fn draw(service: &Url, options: PushOptions, mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut token = [0; TOKEN_BYTES];
        fill(&mut token);
        let mut endpoint = service.clone();
        if let Ok(mut path) = endpoint.path_segments_mut() {
            path.pop_if_empty().push(&URL_SAFE_NO_PAD.encode(token));
        }
        Self {
            endpoint,
            keys: SubscriptionKeys::draw(fill),
            options,
        }
    }

    /// Whether its endpoint is one of this push service.
    pub fn is_at(&self, service: &Url) -> bool {
        let mut folder = self.endpoint.clone();
        if let Ok(mut path) = folder.path_segments_mut() {
            path.pop().push("");
        }
        folder.as_str().trim_end_matches('/') == service.as_str().trim_end_matches('/')
    }
}

/// Whether an address has the form of an endpoint: one that nobody has any more was one once.
pub(super) fn is_endpoint(url: &Url) -> bool {
    let token = url.path_segments().and_then(|mut path| path.next_back());
    let token = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
    token.is_some_and(|token| token.len() == TOKEN_BYTES)
}

/// Why `subscribe()` is refused. The messages are Chromium's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeRefusal {
    /// `InvalidAccessError`
    #[error("Registration failed - The provided applicationServerKey is not valid.")]
    InvalidKey,
    /// `InvalidStateError`
    #[error("Registration failed - no active Service Worker")]
    NoActiveWorker,
    /// `NotAllowedError`
    #[error("Registration failed - permission denied")]
    PermissionDenied,
    /// `InvalidStateError`
    #[error(
        "Registration failed - A subscription with a different applicationServerKey (or gcm_sender_id) already exists; to change the applicationServerKey, unsubscribe then resubscribe."
    )]
    OtherOptions,
}

/// What `subscribe()` asks about.
#[derive(Debug, Clone, Copy)]
pub struct Admission<'a> {
    /// What it was called with.
    pub options: &'a PushOptions,
    /// Whether the registration has an active worker.
    pub has_active_worker: bool,
    /// Whether the origin has the permission.
    pub has_permission: bool,
    /// The subscription there is already.
    pub existing: Option<&'a PushSubscription>,
}

impl Admission<'_> {
    /// <https://w3c.github.io/push-api/#dom-pushmanager-subscribe>
    pub fn check(&self) -> Result<(), SubscribeRefusal> {
        let key = self.options.application_server_key.as_deref();
        if key.is_some_and(|key| !is_point(key)) {
            return Err(SubscribeRefusal::InvalidKey);
        }
        if !self.has_active_worker {
            return Err(SubscribeRefusal::NoActiveWorker);
        }
        if !self.has_permission {
            return Err(SubscribeRefusal::PermissionDenied);
        }
        if self.existing.is_some_and(|it| it.options != *self.options) {
            return Err(SubscribeRefusal::OtherOptions);
        }
        Ok(())
    }
}

fn is_point(key: &[u8]) -> bool {
    key.len() == POINT_LENGTH && PublicKey::from_sec1_bytes(key).is_ok()
}

/// A message that was taken and waits for its worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedPush {
    /// Its number; messages are delivered in the order of these.
    pub id: i64,
    /// What it says; `None` for a message without data.
    pub data: Option<Vec<u8>>,
    /// How many times its delivery has begun.
    pub deliveries: u32,
}

impl QueuedPush {
    /// Whether it is not delivered again.
    pub fn is_given_up(&self) -> bool {
        self.deliveries >= MAX_DELIVERIES
    }
}
