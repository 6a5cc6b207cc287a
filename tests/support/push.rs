//! An application server: encrypts messages for a subscription and signs them.
//! Written from the RFCs (8291, 8292), and not from what it tests.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use landfall::push::PushRequest;
use p256::ecdh::diffie_hellman;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

/// A server with a key pair.
pub struct ApplicationServer(SigningKey);

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_slice(&[seed; 32]).expect("small numbers are keys")
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a string");
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

impl ApplicationServer {
    /// The same seed gives the same server.
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from(&secret(seed)))
    }

    /// Its public key as base64url: what a page passes as `applicationServerKey`.
    pub fn public_key(&self) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        URL_SAFE_NO_PAD.encode(point.as_bytes())
    }

    /// A signed and encrypted message for a subscription, as its `toJSON()` describes it.
    pub fn message(&self, subscription: &Value, text: &str, now_ms: i64) -> PushRequest {
        let endpoint: Url = subscription["endpoint"]
            .as_str()
            .and_then(|endpoint| endpoint.parse().ok())
            .expect("an endpoint");
        let token = self.token(&endpoint, now_ms / 1000 + 60 * 60);
        let authorization = format!("vapid t={token}, k={}", self.public_key());
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        PushRequest {
            endpoint,
            headers: vec![
                header("ttl", "60"),
                header("content-encoding", "aes128gcm"),
                header("authorization", &authorization),
            ],
            body: encrypted(subscription, text),
        }
    }

    fn token(&self, endpoint: &Url, expires_s: i64) -> String {
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": expires_s,
            "sub": "mailto:push@app.example",
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "typ": "JWT", "alg": "ES256" });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// <https://www.rfc-editor.org/rfc/rfc8291#section-3.4>
fn encrypted(subscription: &Value, text: &str) -> Vec<u8> {
    let (receiver, auth) = (
        bytes(&subscription["keys"]["p256dh"]),
        bytes(&subscription["keys"]["auth"]),
    );
    let (own, salt) = (secret(77), [5_u8; 16]);
    let own_public = own.public_key().to_encoded_point(false);
    let receiver_key = PublicKey::from_sec1_bytes(&receiver).expect("a public key");
    let shared = diffie_hellman(own.to_nonzero_scalar(), receiver_key.as_affine());
    let mut input_key = [0; 32];
    let info = [b"WebPush: info\0", &*receiver, own_public.as_bytes()].concat();
    Hkdf::<Sha256>::new(Some(&auth), shared.raw_secret_bytes())
        .expand(&info, &mut input_key)
        .expect("32 bytes");
    let hkdf = Hkdf::<Sha256>::new(Some(&salt), &input_key);
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    hkdf.expand(b"Content-Encoding: aes128gcm\0", &mut key)
        .expect("16 bytes");
    hkdf.expand(b"Content-Encoding: nonce\0", &mut nonce)
        .expect("12 bytes");
    let padded = [text.as_bytes(), &[2, 0, 0, 0]].concat();
    let ciphertext = Aes128Gcm::new(&key.into())
        .encrypt(Nonce::from_slice(&nonce), &*padded)
        .expect("a short text");
    let header = [&salt[..], &4096_u32.to_be_bytes(), &[65]].concat();
    [&header, own_public.as_bytes(), &ciphertext].concat()
}
