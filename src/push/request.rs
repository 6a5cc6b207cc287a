//! A message as an application server sends it: whether it is taken, and what it says.
//! <https://www.rfc-editor.org/rfc/rfc8030#section-5>

use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;
use crate::push::encryption::{EncryptionError, decrypt};
use crate::push::subscription::{PushSubscription, is_endpoint};
use crate::push::vapid::{VapidError, verify};

/// Bytes of the largest body that is taken. RFC 8030 has every push service take 4,096.
pub const MAX_BODY_BYTES: usize = 4096;

/// A message is kept at most so long: four weeks, as the push services of browsers do.
pub const MAX_TTL: Duration = Duration::from_secs(28 * 24 * 60 * 60);

/// Characters of the longest `Topic`. RFC 8030, section 5.4.
const MAX_TOPIC: usize = 32;

const URGENCIES: &[&str] = &["very-low", "low", "normal", "high"];

/// A POST to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// The endpoint.
    pub endpoint: Url,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The encrypted message; empty for a message without data.
    pub body: Vec<u8>,
}

/// A message that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPush {
    /// What it says; `None` for a message without data.
    pub data: Option<Vec<u8>>,
    /// How long it waits for a worker that cannot be reached.
    pub ttl: Duration,
    /// It takes the place of one with the same topic that waits.
    pub topic: Option<String>,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushRefusal {
    /// The address is no endpoint.
    #[error("no push subscription has this endpoint")]
    UnknownEndpoint,
    /// The subscription has ended.
    #[error("the push subscription of this endpoint is gone: do not send to it again")]
    Gone,
    /// A header that must be there is not, or has a wrong value.
    #[error("the header `{name}` must be {expected}")]
    Header {
        /// Which.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The body is too long.
    #[error("the message is longer than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// The sender did not show that it may send.
    #[error(transparent)]
    Vapid(#[from] VapidError),
    /// The body is no message for this subscription.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
}

impl PushRefusal {
    /// The refusal of an endpoint that no subscription has.
    pub fn of_unknown(endpoint: &Url) -> Self {
        if is_endpoint(endpoint) {
            Self::Gone
        } else {
            Self::UnknownEndpoint
        }
    }

    /// The status that a push service answers with.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Header { .. } | Self::Encryption(_) => 400,
            Self::Vapid(VapidError::Missing) => 401,
            Self::Vapid(_) => 403,
            Self::UnknownEndpoint => 404,
            Self::Gone => 410,
            Self::TooLarge => 413,
        }
    }
}

impl PushRequest {
    /// Whether the message is for this subscription and its sender may send it; and what it says.
    pub fn accept(
        &self,
        subscription: &PushSubscription,
        now: Timestamp,
    ) -> Result<AcceptedPush, PushRefusal> {
        let expected_key = subscription.options.application_server_key.as_deref();
        match self.header("authorization") {
            Some(value) => verify(value, &subscription.endpoint, expected_key, now)?,
            None if expected_key.is_some() => return Err(VapidError::Missing.into()),
            None => {}
        }
        if self.body.len() > MAX_BODY_BYTES {
            return Err(PushRefusal::TooLarge);
        }
        let (ttl, topic) = (self.ttl()?, self.topic()?);
        let urgency = self.header("urgency").unwrap_or("normal");
        if !URGENCIES.contains(&urgency) {
            return Err(PushRefusal::Header {
                name: "Urgency",
                expected: "very-low, low, normal or high",
            });
        }
        Ok(AcceptedPush {
            data: self.data(subscription)?,
            ttl,
            topic,
        })
    }

    fn data(&self, subscription: &PushSubscription) -> Result<Option<Vec<u8>>, PushRefusal> {
        if self.body.is_empty() {
            return Ok(None);
        }
        if self.header("content-encoding") != Some("aes128gcm") {
            return Err(PushRefusal::Header {
                name: "Content-Encoding",
                expected: "aes128gcm",
            });
        }
        Ok(Some(decrypt(&subscription.keys, &self.body)?))
    }

    fn ttl(&self) -> Result<Duration, PushRefusal> {
        let seconds = self
            .header("ttl")
            .filter(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or(PushRefusal::Header {
                name: "TTL",
                expected: "a number of seconds",
            })?;
        // More digits than a number has are a very long time.
        let seconds = seconds.parse().unwrap_or(u64::MAX);
        Ok(Duration::from_secs(seconds).min(MAX_TTL))
    }

    fn topic(&self) -> Result<Option<String>, PushRefusal> {
        let Some(topic) = self.header("topic") else {
            return Ok(None);
        };
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if topic.is_empty() || topic.len() > MAX_TOPIC || !topic.chars().all(is_allowed) {
            return Err(PushRefusal::Header {
                name: "Topic",
                expected: "1 to 32 of A-Z, a-z, 0-9, `-` and `_`",
            });
        }
        Ok(Some(topic.to_owned()))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}
