//! Keys that the host holds, in rings. No function gives a key's bytes to the plugin.
//!
//! In tests, [`testing::Host::with_ring`](crate::testing::Host::with_ring) grants a ring, whose cipher
//! has the host's layout and no security.
//!
//! ```
//! use cloakroom_guest::{Buffer, Error, keys, testing};
//!
//! let _host = testing::Host::new().with_ring("main", &["key-1"]);
//! let sealed = keys::seal("main", &Buffer::new(b"secret"), b"payments")?;
//! let opened = keys::open("main", &sealed.key, &sealed.data, b"payments")?;
//! assert_eq!(opened.to_vec(), b"secret");
//!
//! // Bound to other bytes, it does not open.
//! let forged = keys::open("main", &sealed.key, &sealed.data, b"orders");
//! assert!(matches!(forged, Err(Error::Malformed(_))));
//! # Ok::<(), Error>(())
//! ```

use super::{
    cipher::{self, Layout, hash},
    host::{self, count_call, not_granted},
    random,
};
use crate::{Buffer, Error};

const SALT: usize = 24;
const COMMITMENT: usize = 32;
const NONCE: u32 = 12;

/// A sealed body, and the id of the key that opens it.
#[derive(Debug)]
pub struct Sealed {
    /// The id of the ring's current key. Write it beside the body, in the clear.
    pub key: String,
    /// The sealed body, as [`open`] takes it.
    pub data: Buffer,
}

/// Seals `plaintext` under the ring's current key, bound to `associated`, with a random salt.
///
/// # Errors
/// `Denied` if the ring is not granted.
pub fn seal(ring: &str, plaintext: &Buffer, associated: &[u8]) -> Result<Sealed, Error> {
    count_call();
    seal_with(ring, plaintext, associated, |_| random::draw_bytes(SALT as u32))
}

/// Seals as [`seal`] does, with a salt drawn from key, plaintext and `associated`: sealing the same
/// again gives the same bytes, which are then stored once.
///
/// # Errors
/// As [`seal`].
pub fn seal_repeatably(ring: &str, plaintext: &Buffer, associated: &[u8]) -> Result<Sealed, Error> {
    count_call();
    seal_with(ring, plaintext, associated, |key| {
        let salt = hash(&[b"salt", key, associated, plaintext.as_slice()]);
        salt.into_iter().take(SALT).collect()
    })
}

/// Opens what [`seal`] or [`seal_repeatably`] made.
///
/// # Errors
/// `NotFound` if the ring has no key of this id. `Malformed` if the body was sealed under another key
/// or with other associated bytes, or was changed since.
pub fn open(ring: &str, key: &str, data: &Buffer, associated: &[u8]) -> Result<Buffer, Error> {
    count_call();
    let secret = find(ring, key)?;
    let (salt, rest) = data.as_slice().split_at_checked(SALT).ok_or_else(cipher::mismatch)?;
    if !rest.starts_with(&hash(&[b"commitment", &secret, salt])) {
        return Err(cipher::mismatch());
    }
    let (head, sealed) = (SALT + COMMITMENT, data.as_slice());
    let opened = cipher::open(Layout::Seal, &secret, head, sealed, associated)?;
    Ok(Buffer::from_bytes(&opened))
}

/// Seals with AES-256-GCM and a random nonce, for formats that others have fixed. Prefer [`seal`].
///
/// # Errors
/// As [`seal`].
pub fn seal_aes_gcm(ring: &str, plaintext: &Buffer, associated: &[u8]) -> Result<Sealed, Error> {
    count_call();
    let key = current(ring)?;
    let secret = find(ring, &key)?;
    let nonce = random::draw_bytes(NONCE);
    let data = cipher::seal(Layout::AesGcm, &secret, &nonce, plaintext.as_slice(), associated);
    Ok(Sealed { key, data: Buffer::from_bytes(&data) })
}

/// Opens what [`seal_aes_gcm`] made.
///
/// # Errors
/// As [`open`].
pub fn open_aes_gcm(
    ring: &str,
    key: &str,
    data: &Buffer,
    associated: &[u8],
) -> Result<Buffer, Error> {
    count_call();
    let secret = find(ring, key)?;
    let (secret, sealed) = (&secret, data.as_slice());
    let opened = cipher::open(Layout::AesGcm, secret, NONCE as usize, sealed, associated)?;
    Ok(Buffer::from_bytes(&opened))
}

fn seal_with(
    ring: &str,
    plaintext: &Buffer,
    associated: &[u8],
    salt: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Sealed, Error> {
    let key = current(ring)?;
    let secret = find(ring, &key)?;
    let mut head = salt(&secret);
    let commitment = hash(&[b"commitment", &secret, &head]);
    head.extend(commitment);
    let data = cipher::seal(Layout::Seal, &secret, &head, plaintext.as_slice(), associated);
    Ok(Sealed { key, data: Buffer::from_bytes(&data) })
}

/// Returns the id of the ring's current key.
pub(crate) fn current(ring: &str) -> Result<String, Error> {
    let ids = host::ask(|state| state.rings.get(ring).cloned()).flatten();
    let ids = ids.ok_or_else(|| not_granted("key ring", ring))?;
    ids.into_iter().next().ok_or_else(|| Error::denied(format!("the key ring `{ring}` is empty")))
}

/// Returns the secret of one key of a ring.
pub(crate) fn find(ring: &str, id: &str) -> Result<[u8; 32], Error> {
    let ids = host::ask(|state| state.rings.get(ring).cloned()).flatten();
    let ids = ids.ok_or_else(|| not_granted("key ring", ring))?;
    if ids.iter().any(|known| known == id) {
        Ok(hash(&[b"key", ring.as_bytes(), id.as_bytes()]))
    } else {
        Err(Error::not_found("no key of the ring has this payload's key id"))
    }
}
