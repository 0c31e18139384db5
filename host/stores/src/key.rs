//! One key of a ring, and the three things it does: boxes, plain AES-256-GCM, and derivation.
//!
//! Each use has a key of its own, so that what one gives away tells nothing of another:
//!
//! - plain AES-256-GCM uses the material itself, because others have fixed that format;
//! - boxes use `HKDF-SHA256(salt = "cloakroom/box/1", ikm = material, info = salt of the box)`: 32
//!   bytes of AES key, 32 bytes of commitment; what is authenticated beside the plaintext is the
//!   length of the key's id (u32, big-endian), the id, and the caller's associated bytes;
//! - the salt of a repeatable box is the start of `HMAC-SHA256(HKDF-Extract(salt = "cloakroom/salt/1",
//!   ikm = material), length of what is authenticated (u64, big-endian), that, and the plaintext)`;
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
    Material,
    aead::{TAG, aes, open_behind, seal_behind},
    hkdf::{HASH, expand, extract, hmac_key, mac},
    key_usage::Messages,
};

const SALT: usize = 24;
const COMMITMENT: usize = 32;

/// How many bytes a box is longer than what it holds.
pub const BOX_OVERHEAD: usize = SALT + COMMITMENT + TAG;

/// A key held in this process.
pub struct RingKey {
    id: String,
    plain: LessSafeKey,
    boxes: hmac::Key,
    salts: hmac::Key,
    subkeys: hmac::Key,
    claims: hmac::Key,
    messages: Messages,
}

impl RingKey {
    /// # Errors
    /// `Refused` if the cryptography library cannot use the material, which it always can.
    pub(crate) fn new(id: &str, material: &Material, messages: Messages) -> Result<Self, KeyError> {
        Ok(Self {
            id: id.to_owned(),
            plain: aes(material.bytes())?,
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
        Ok((aes(key)?, derived))
    }
}

impl RingKey {
    fn seal_box(
        &self,
        salt: &[u8; SALT],
        parts: &[Bytes],
        bound: &[u8],
    ) -> Result<Bytes, KeyError> {
        let (key, derived) = self.box_keys(salt)?;
        let (_, commitment) = derived.split_at(HASH);
        let mut head = [0; SALT + COMMITMENT];
        let (salt_part, commitment_part) = head.split_at_mut(SALT);
        salt_part.copy_from_slice(salt);
        commitment_part.copy_from_slice(commitment);
        seal_behind(&head, &key, BOX_NONCE, parts, bound)
    }

    /// A salt that only this key, this plaintext and what is bound to it give.
    fn drawn_salt(&self, parts: &[Bytes], bound: &[u8]) -> [u8; SALT] {
        let mut context = hmac::Context::with_key(&self.salts);
        context.update(&(bound.len() as u64).to_be_bytes());
        context.update(bound);
        parts.iter().for_each(|part| context.update(part));
        let mut salt = [0; SALT];
        let drawn = context.sign();
        let (start, _) = drawn.as_ref().split_at(SALT);
        salt.copy_from_slice(start);
        salt
    }

    /// What a box authenticates beside its plaintext.
    fn bound(&self, associated: &[u8]) -> Vec<u8> {
        // A ring refuses ids so long that this would be cut.
        let length = self.id.len() as u32;
        [&length.to_be_bytes(), self.id.as_bytes(), associated].concat()
    }
}

/// The key of a box is its own, so its nonce need not differ from another's.
const BOX_NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

impl Key for RingKey {
    fn id(&self) -> &str {
        &self.id
    }

    fn seal(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| KeyError::Refused)?;
        self.seal_box(&salt, parts, &self.bound(associated))
    }

    fn seal_repeatably(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let bound = self.bound(associated);
        let salt = self.drawn_salt(parts, &bound);
        self.seal_box(&salt, parts, &bound)
    }

    fn open(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        let (head, _) = sealed.split_at_checked(SALT + COMMITMENT).ok_or(KeyError::Mismatch)?;
        let (salt, commitment) = head.split_at(SALT);
        let (key, derived) = self.box_keys(salt)?;
        let (_, expected) = derived.split_at(HASH);
        verify_slices_are_equal(commitment, expected).map_err(|_| KeyError::Mismatch)?;
        open_behind(SALT + COMMITMENT, &key, BOX_NONCE, sealed, &self.bound(associated))
    }

    fn seal_aes_gcm(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        self.messages.add(&self.id)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::Refused)?;
        seal_behind(&nonce, &self.plain, nonce, parts, associated)
    }

    fn open_aes_gcm(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        let nonce = *sealed.first_chunk::<NONCE_LEN>().ok_or(KeyError::Mismatch)?;
        open_behind(NONCE_LEN, &self.plain, nonce, sealed, associated)
    }

    fn derive(&self, purpose: &str, salt: &[u8], out: &mut [u8]) -> Result<(), KeyError> {
        let length = u32::try_from(purpose.len()).map_err(|_| KeyError::Refused)?.to_be_bytes();
        if out.len() > 255 * HASH || purpose == CLAIM_PURPOSE {
            return Err(KeyError::Refused);
        }
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
