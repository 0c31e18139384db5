//! One key of a ring: sealed boxes, plain AES-256-GCM, derived keys and claim signatures.
//!
//! Each use has its own derived key, so that a leak of one reveals nothing of another:
//!
//! - plain AES-256-GCM uses the material itself, because the ecosystem has fixed that format;
//! - boxes use `HKDF-SHA256(salt = "cloakroom/box/1", ikm = material, info = salt of the box)`: 32
//!   bytes of AES key, 32 bytes of commitment; the additional data is what the key is bound to, and the
//!   caller's additional data. A key of a ring is bound to the length of its id (u32, big-endian) and
//!   the id;
//! - the salt of a deterministic box is the start of `HMAC-SHA256(HKDF-Extract(salt =
//!   "cloakroom/salt/1", ikm = material), length of the additional data (u64, big-endian), that, and the
//!   plaintext)`;
//! - derivation uses `HKDF-SHA256(salt = "cloakroom/subkey/1", ikm = material, info = length of the
//!   purpose (u32, big-endian), purpose, salt)`;
//! - claims are signed with HMAC-SHA256 under `HKDF-SHA256(salt = "cloakroom/claim/2", ikm = material,
//!   info = "mac")`.

use std::fmt;

use aws_lc_rs::{
    aead::{LessSafeKey, NONCE_LEN},
    constant_time::verify_slices_are_equal,
    hmac, rand,
};
use bytes::Bytes;
use cloakroom_core::{CLAIM_PURPOSE, Key, KeyError};
use zeroize::Zeroizing;

use crate::{
    KeyMaterial,
    aead::{TAG, aes_key, open_after_prefix, seal_after_prefix},
    hkdf::{HASH, expand, extract, hmac_key, mac},
    key_usage::MessageCounter,
};

/// Length of a box's salt in bytes. 192 random bits do not collide, however many boxes a key seals.
const SALT: usize = 24;
/// Length of a box's key commitment in bytes.
///
/// AES-GCM does not commit to its key: one can craft a ciphertext that opens under two keys. The
/// commitment rules that out, so a stored object has one meaning.
const COMMITMENT: usize = 32;

/// Number of bytes that a box is longer than its plaintext.
pub const BOX_OVERHEAD: usize = SALT + COMMITMENT + TAG;

/// Key that is held in the memory of this process.
pub struct RingKey {
    id: String,
    /// Start of the additional data of every box.
    bound: Vec<u8>,
    plain: LessSafeKey,
    boxes: hmac::Key,
    salts: hmac::Key,
    subkeys: hmac::Key,
    claims: hmac::Key,
    messages: MessageCounter,
}

impl RingKey {
    /// Creates a key from its material.
    ///
    /// # Errors
    /// `Refused` if the cryptography library rejects the material.
    pub(crate) fn new(
        id: &str,
        material: &KeyMaterial,
        messages: MessageCounter,
    ) -> Result<Self, KeyError> {
        // The id is stored beside the box in the clear. Bound to the box, it cannot be exchanged. A ring
        // refuses ids above 256 bytes, so the cast is exact.
        let bound = [&(id.len() as u32).to_be_bytes(), id.as_bytes()].concat();
        Self::bound(id, bound, material, messages)
    }

    /// Creates a key whose boxes are bound to something else than its id.
    pub(crate) fn bound(
        id: &str,
        bound: Vec<u8>,
        material: &KeyMaterial,
        messages: MessageCounter,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            id: id.to_owned(),
            bound,
            plain: aes_key(material.bytes())?,
            boxes: extract("cloakroom/box/1", material),
            salts: extract("cloakroom/salt/1", material),
            subkeys: extract("cloakroom/subkey/1", material),
            claims: hmac_key(&extract("cloakroom/claim/2", material), &[b"mac"]),
            messages,
        })
    }

    fn box_keys(&self, salt: &[u8]) -> Result<(LessSafeKey, Zeroizing<[u8; 2 * HASH]>), KeyError> {
        let mut derived = Zeroizing::new([0; 2 * HASH]);
        expand(&self.boxes, &[salt], derived.as_mut_slice());
        let (key, _) = derived.split_at(HASH);
        Ok((aes_key(key)?, derived))
    }
}

impl RingKey {
    fn seal_box(
        &self,
        salt: &[u8; SALT],
        parts: &[Bytes],
        additional: &[u8],
    ) -> Result<Bytes, KeyError> {
        let (key, derived) = self.box_keys(salt)?;
        let (_, commitment) = derived.split_at(HASH);
        let mut head = [0; SALT + COMMITMENT];
        let (salt_part, commitment_part) = head.split_at_mut(SALT);
        salt_part.copy_from_slice(salt);
        commitment_part.copy_from_slice(commitment);
        seal_after_prefix(&head, &key, BOX_NONCE, parts, additional)
    }

    /// Returns a salt that is a function of the key, the plaintext and the additional data.
    ///
    /// Equal plaintexts give equal boxes, so a retry stores one object. Two different plaintexts
    /// never share a box key, so the fixed nonce stays safe.
    fn deterministic_salt(&self, parts: &[Bytes], additional: &[u8]) -> [u8; SALT] {
        let mut context = hmac::Context::with_key(&self.salts);
        // The length first: otherwise bytes could move between additional data and plaintext, and
        // the salt would be the same.
        context.update(&(additional.len() as u64).to_be_bytes());
        context.update(additional);
        parts.iter().for_each(|part| context.update(part));
        let mut salt = [0; SALT];
        let mac = context.sign();
        let (start, _) = mac.as_ref().split_at(SALT);
        salt.copy_from_slice(start);
        salt
    }

    /// Returns the additional data of a box: what the key is bound to, and that of the caller.
    fn additional_data(&self, associated: &[u8]) -> Vec<u8> {
        [&self.bound, associated].concat()
    }
}

/// Nonce of every box. Each box has its own key, derived from its salt, and a key that seals once
/// cannot repeat a nonce.
const BOX_NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

impl Key for RingKey {
    fn id(&self) -> &str {
        &self.id
    }

    fn seal(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| KeyError::Refused)?;
        self.seal_box(&salt, parts, &self.additional_data(associated))
    }

    fn seal_repeatably(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let additional = self.additional_data(associated);
        let salt = self.deterministic_salt(parts, &additional);
        self.seal_box(&salt, parts, &additional)
    }

    fn open(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        let (head, _) = sealed.split_at_checked(SALT + COMMITMENT).ok_or(KeyError::Mismatch)?;
        let (salt, commitment) = head.split_at(SALT);
        let (key, derived) = self.box_keys(salt)?;
        let (_, expected) = derived.split_at(HASH);
        // Before the decryption, and in constant time: a box under another key costs no AES pass.
        verify_slices_are_equal(commitment, expected).map_err(|_| KeyError::Mismatch)?;
        open_after_prefix(
            SALT + COMMITMENT,
            &key,
            BOX_NONCE,
            sealed,
            &self.additional_data(associated),
        )
    }

    fn seal_aes_gcm(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        // A random nonce of 96 bits: the count keeps the probability of a repetition below 2^-32.
        self.messages.add(&self.id)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Refused)?;
        seal_after_prefix(&nonce, &self.plain, nonce, parts, associated)
    }

    fn open_aes_gcm(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        let nonce = *sealed.first_chunk::<NONCE_LEN>().ok_or(KeyError::Mismatch)?;
        open_after_prefix(NONCE_LEN, &self.plain, nonce, sealed, associated)
    }

    fn derive(&self, purpose: &str, salt: &[u8], out: &mut [u8]) -> Result<(), KeyError> {
        let length = u32::try_from(purpose.len()).map_err(|_| KeyError::Refused)?.to_be_bytes();
        // A plugin that could derive the key of claims could forge their signatures.
        if out.len() > 255 * HASH || purpose == CLAIM_PURPOSE {
            return Err(KeyError::Refused);
        }
        // The length first, so that no two pairs of purpose and salt have the same bytes.
        expand(&self.subkeys, &[&length, purpose.as_bytes(), salt], out);
        Ok(())
    }

    fn sign_claim(&self, message: &[u8]) -> Result<[u8; HASH], KeyError> {
        Ok(mac(&self.claims, message))
    }

    fn sign_claim_v1(&self, message: &[u8]) -> Result<[u8; HASH], KeyError> {
        let length = (CLAIM_PURPOSE.len() as u32).to_be_bytes();
        let key = hmac_key(&self.subkeys, &[&length, CLAIM_PURPOSE.as_bytes()]);
        Ok(mac(&key, message))
    }
}

impl fmt::Debug for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
