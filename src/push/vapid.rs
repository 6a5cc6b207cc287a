//! Voluntary Application Server Identification: a signed token says who sends a message.
//! <https://www.rfc-editor.org/rfc/rfc8292>

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use url::Url;

use crate::clock::Timestamp;

/// The `exp` of a token lies at most so far ahead. RFC 8292, section 2.
const LONGEST_VALIDITY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why the header `Authorization` does not identify the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VapidError {
    /// There is no such header, but the subscription asks for it.
    #[error(
        "the subscription was made with an `applicationServerKey`: sign the message with that key (header `Authorization: vapid t=..., k=...`)"
    )]
    Missing,
    /// It is not of the scheme `vapid` with the parameters `t` and `k`.
    #[error("the header `Authorization` is not `vapid t=TOKEN, k=KEY`")]
    Malformed,
    /// The token is not a signed JSON Web Token.
    #[error("the VAPID token is no JSON Web Token with `alg` ES256 and numeric `exp`")]
    Token,
    /// The key is no public key.
    #[error("the VAPID key is no P-256 public key")]
    Key,
    /// Another key than the subscription's.
    #[error("the VAPID key is not the `applicationServerKey` of the subscription")]
    OtherKey,
    /// The signature is not that of the key.
    #[error("the signature of the VAPID token is not that of its key")]
    Signature,
    /// Made for another push service.
    #[error("the VAPID token is for the audience `{found}`, this is `{expected}`")]
    Audience {
        /// The `aud` of the token.
        found: String,
        /// The origin of the push service.
        expected: String,
    },
    /// Not valid any more.
    #[error("the VAPID token has expired")]
    Expired,
    /// Valid for too long.
    #[error("the VAPID token is valid for more than 24 hours")]
    ValidTooLong,
}

/// The value of an `Authorization` header.
struct Credentials<'a> {
    token: &'a str,
    key: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    /// Seconds since the epoch.
    exp: f64,
}

/// One or several. <https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3>
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Several(names) => names,
        }
    }
}

impl<'a> Credentials<'a> {
    /// <https://www.rfc-editor.org/rfc/rfc8292#section-3>
    fn read(authorization: &'a str) -> Option<Self> {
        let (scheme, parameters) = authorization.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("vapid") {
            return None;
        }
        let parameter = |name: &str| {
            parameters.split(',').find_map(|parameter| {
                let (found, value) = parameter.split_once('=')?;
                let is_named = found.trim().eq_ignore_ascii_case(name);
                is_named.then(|| value.trim().trim_matches('"'))
            })
        };
        Some(Self {
            token: parameter("t")?,
            key: parameter("k")?,
        })
    }
}

/// Checks that the sender is who it says: the token is signed with its key, for this push service, and valid now.
///
/// With `expected_key` the sender must be the one that the subscription was made for.
pub(super) fn verify(
    authorization: &str,
    service: &Url,
    expected_key: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), VapidError> {
    let credentials = Credentials::read(authorization).ok_or(VapidError::Malformed)?;
    let key = decoded(credentials.key).ok_or(VapidError::Key)?;
    let verifying_key = VerifyingKey::from_sec1_bytes(&key).map_err(|_| VapidError::Key)?;
    if expected_key.is_some_and(|expected| expected != key) {
        return Err(VapidError::OtherKey);
    }
    let claims = signed_claims(credentials.token, &verifying_key)?;
    let expected = service.origin().ascii_serialization();
    let audience = claims.aud.names();
    if audience
        .iter()
        .all(|name| name.trim_end_matches('/') != expected)
    {
        let found = audience.join(", ");
        return Err(VapidError::Audience { found, expected });
    }
    let left = claims.exp - now.as_millis() as f64 / 1000.0;
    if left <= 0.0 {
        Err(VapidError::Expired)
    } else if left > LONGEST_VALIDITY.as_secs_f64() {
        Err(VapidError::ValidTooLong)
    } else {
        Ok(())
    }
}

/// What a token says, once its signature was found to be that of `key`.
fn signed_claims(token: &str, key: &VerifyingKey) -> Result<Claims, VapidError> {
    let malformed = VapidError::Token;
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed.clone())?;
    let (header, claims) = signed.split_once('.').ok_or(malformed.clone())?;
    let header: Header = json(header).ok_or(malformed.clone())?;
    let claims: Claims = json(claims).ok_or(malformed.clone())?;
    if header.alg != "ES256" {
        return Err(malformed);
    }
    let signature = decoded(signature).ok_or(malformed)?;
    let signature = Signature::from_slice(&signature).map_err(|_| VapidError::Signature)?;
    key.verify(signed.as_bytes(), &signature)
        .map_err(|_| VapidError::Signature)?;
    Ok(claims)
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    serde_json::from_slice(&decoded(text)?).ok()
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
