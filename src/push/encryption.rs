//! Reads an encrypted message: the content encoding `aes128gcm` with keys agreed by Diffie-Hellman.
//! <https://www.rfc-editor.org/rfc/rfc8291>, <https://www.rfc-editor.org/rfc/rfc8188>

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use p256::PublicKey;
use p256::ecdh::diffie_hellman;
use sha2::Sha256;

use crate::push::keys::SubscriptionKeys;

const SALT_LENGTH: usize = 16;
const TAG_LENGTH: usize = 16;
/// The byte behind the text of the last record.
const LAST_RECORD_DELIMITER: u8 = 2;
/// A record holds a tag, a delimiter and at least one byte. RFC 8188, section 2.1.
const SMALLEST_RECORD: usize = TAG_LENGTH + 2;

/// Why a body is no message for this subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// It ends before its header does.
    #[error("the body is too short for the header of `aes128gcm`")]
    Truncated,
    /// RFC 8291 allows one record only.
    #[error("the body is not one record of `aes128gcm`; its record size is {record_size}")]
    NotOneRecord {
        /// The `rs` of the header.
        record_size: usize,
    },
    /// The key in the header is no public key.
    #[error("the `keyid` of the body is no P-256 public key")]
    SenderKey,
    /// Another key, or changed on its way.
    #[error("the body was not encrypted for the keys of this subscription, or was changed")]
    Undecipherable,
    /// It was decrypted, but does not end as a message does.
    #[error("the padding of the message is malformed")]
    Padding,
}

/// The parts of an encrypted body.
struct Record<'a> {
    salt: &'a [u8],
    sender_key: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Record<'a> {
    /// <https://www.rfc-editor.org/rfc/rfc8188#section-2.1>
    fn read(body: &'a [u8]) -> Result<Self, EncryptionError> {
        let truncated = EncryptionError::Truncated;
        let (salt, rest) = body.split_at_checked(SALT_LENGTH).ok_or(truncated)?;
        let (record_size, rest) = rest.split_first_chunk().ok_or(truncated)?;
        let (key_length, rest) = rest.split_first().ok_or(truncated)?;
        let split = rest.split_at_checked(usize::from(*key_length));
        let (sender_key, ciphertext) = split.ok_or(truncated)?;
        let record_size = u32::from_be_bytes(*record_size) as usize;
        if record_size < SMALLEST_RECORD || ciphertext.len() > record_size {
            return Err(EncryptionError::NotOneRecord { record_size });
        }
        Ok(Self {
            salt,
            sender_key,
            ciphertext,
        })
    }
}

/// The text of a message that was encrypted for `keys`.
pub fn decrypt(keys: &SubscriptionKeys, body: &[u8]) -> Result<Vec<u8>, EncryptionError> {
    let record = Record::read(body)?;
    let input_key = agreed_key(keys, record.sender_key)?;
    let hkdf = Hkdf::<Sha256>::new(Some(record.salt), &input_key);
    let key: [u8; 16] = expanded(&hkdf, b"Content-Encoding: aes128gcm\0");
    let nonce: [u8; 12] = expanded(&hkdf, b"Content-Encoding: nonce\0");
    let mut text = Aes128Gcm::new(&key.into())
        .decrypt(Nonce::from_slice(&nonce), record.ciphertext)
        .map_err(|_| EncryptionError::Undecipherable)?;
    let end = text.iter().rposition(|byte| *byte != 0);
    match end {
        Some(end) if text[end] == LAST_RECORD_DELIMITER => {
            text.truncate(end);
            Ok(text)
        }
        _ => Err(EncryptionError::Padding),
    }
}

/// The input keying material of RFC 8291, section 3.4.
fn agreed_key(keys: &SubscriptionKeys, sender_key: &[u8]) -> Result<[u8; 32], EncryptionError> {
    let sender = PublicKey::from_sec1_bytes(sender_key).map_err(|_| EncryptionError::SenderKey)?;
    let shared = diffie_hellman(keys.private().to_nonzero_scalar(), sender.as_affine());
    let hkdf = Hkdf::<Sha256>::new(Some(keys.auth()), shared.raw_secret_bytes());
    let info = [b"WebPush: info\0", &*keys.public_bytes(), sender_key].concat();
    Ok(expanded(&hkdf, &info))
}

fn expanded<const N: usize>(hkdf: &Hkdf<Sha256>, info: &[u8]) -> [u8; N] {
    let mut key = [0; N];
    hkdf.expand(info, &mut key)
        .expect("HKDF with SHA-256 gives up to 8,160 bytes, and these are at most 32");
    key
}
