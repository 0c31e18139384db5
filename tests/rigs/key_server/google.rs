//! Google Cloud KMS: `encrypt` and `decrypt` of the keys `k` and `other`, with additional authenticated data.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Answered, Asked};

/// Where the keys are.
const KEYS: &str = "/v1/projects/p/locations/global/keyRings/r/cryptoKeys/";

/// The keys, by name.
pub(super) struct GoogleKeys([(&'static str, RandomizedNonceKey); 2]);

impl Default for GoogleKeys {
    fn default() -> Self {
        let key = |byte| RandomizedNonceKey::new(&AES_256_GCM, &[byte; 32]).expect("a key");
        Self([("k", key(7)), ("other", key(8))])
    }
}

impl GoogleKeys {
    pub(super) fn answer(&self, asked: &Asked) -> Answered {
        if asked.authorization != "Bearer google-token" {
            return refused(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
            );
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let part = |name: &str| STANDARD.decode(body[name].as_str().unwrap_or_default());
        let data = part("additionalAuthenticatedData").expect("base64");
        // The official client asks for a form of JSON that is the same here.
        let target = asked.target.split('?').next().unwrap_or_default();
        let asked = target.strip_prefix(KEYS).and_then(|target| target.split_once(':'));
        let found = asked.and_then(|(name, action)| {
            let (_, key) = self.0.iter().find(|(known, _)| *known == name)?;
            Some((key, action))
        });
        match found {
            Some((key, "encrypt")) => encrypt(key, part("plaintext").expect("base64"), &data),
            Some((key, "decrypt")) => decrypt(key, part("ciphertext").expect("base64"), &data),
            _ => refused(404, "NOT_FOUND", "CryptoKey projects/p/... not found."),
        }
    }
}

fn encrypt(key: &RandomizedNonceKey, mut bytes: Vec<u8>, data: &[u8]) -> Answered {
    let nonce = key.seal_in_place_append_tag(Aad::from(data), &mut bytes).expect("seals");
    let sealed = [&nonce.as_ref()[..], &bytes].concat();
    Answered::new(200, &json!({"name": "k/1", "ciphertext": STANDARD.encode(sealed)}).to_string())
}

fn decrypt(key: &RandomizedNonceKey, sealed: Vec<u8>, data: &[u8]) -> Answered {
    let opened = sealed.split_at_checked(NONCE_LEN).and_then(|(nonce, bytes)| {
        let (nonce, mut bytes) = (Nonce::try_assume_unique_for_key(nonce).ok()?, bytes.to_vec());
        let opened = key.open_in_place(nonce, Aad::from(data), &mut bytes).ok()?;
        Some(STANDARD.encode(opened))
    });
    match opened {
        Some(text) => Answered::new(200, &json!({"plaintext": text}).to_string()),
        None => refused(400, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid."),
    }
}

fn refused(status: u16, code: &str, text: &str) -> Answered {
    let body = json!({"error": {"code": status, "message": text, "status": code}});
    Answered::new(status, &body.to_string())
}
