//! The keys of a subscription: a key pair for Diffie-Hellman, and a secret that authenticates its messages.

use std::fmt;

use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;

/// Bytes of a private key: a number below the order of P-256.
const PRIVATE_LENGTH: usize = 32;
/// Bytes of the authentication secret.
const AUTH_LENGTH: usize = 16;

/// What an application server encrypts for, and the browser's side decrypts with.
/// <https://www.rfc-editor.org/rfc/rfc8291#section-3>
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionKeys {
    private: SecretKey,
    auth: [u8; AUTH_LENGTH],
}

impl SubscriptionKeys {
    /// New keys; `fill` fills a buffer with bytes that nobody can guess.
    pub fn draw(mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut auth = [0; AUTH_LENGTH];
        fill(&mut auth);
        loop {
            let mut private = [0; PRIVATE_LENGTH];
            fill(&mut private);
            // Nearly every number of that length is below the order.
            if let Some(keys) = Self::from_bytes(&private, &auth) {
                return keys;
            }
        }
    }

    /// Keys that were kept as bytes; `None` if these are none.
    pub fn from_bytes(private: &[u8], auth: &[u8]) -> Option<Self> {
        let private: [u8; PRIVATE_LENGTH] = private.try_into().ok()?;
        Some(Self {
            private: SecretKey::from_bytes(&private.into()).ok()?,
            auth: auth.try_into().ok()?,
        })
    }

    /// The private key, to be kept.
    pub fn private_bytes(&self) -> Vec<u8> {
        self.private.to_bytes().to_vec()
    }

    /// The authentication secret: the key `auth` of the subscription.
    pub fn auth(&self) -> &[u8] {
        &self.auth
    }

    /// The public key as an uncompressed point: the key `p256dh` of the subscription.
    pub fn public_bytes(&self) -> Vec<u8> {
        let point = self.private.public_key().to_encoded_point(false);
        point.as_bytes().to_vec()
    }

    pub(super) fn private(&self) -> &SecretKey {
        &self.private
    }
}

/// Secrets are not for logs.
impl fmt::Debug for SubscriptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionKeys").finish_non_exhaustive()
    }
}
