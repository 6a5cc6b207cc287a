//! Push: who may subscribe, whether a message of an application server is to be taken, and what it says.
//! Time and chance are arguments; messages are stored and delivered elsewhere.
//!
//! The Push API (<https://w3c.github.io/push-api/>), Web Push (RFC 8030), its encryption (RFC 8291 on RFC 8188) and
//! the application server's identification (RFC 8292).

mod encryption;
mod keys;
mod request;
mod subscription;
mod vapid;

#[cfg(test)]
mod tests;

pub use encryption::{EncryptionError, decrypt};
pub use keys::SubscriptionKeys;
pub use request::{AcceptedPush, MAX_BODY_BYTES, MAX_TTL, PushRefusal, PushRequest};
pub use subscription::{
    Admission, MAX_DELIVERIES, PushOptions, PushSubscription, QueuedPush, SubscribeRefusal,
};
pub use vapid::VapidError;
