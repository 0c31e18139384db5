//! Key material for a plugin's own cipher, derived from a key that the host holds.
//!
//! In tests, [`testing::Host::with_ring`](crate::testing::Host::with_ring) grants a ring.
//!
//! ```
//! use cloakroom_guest::{random, subkeys, testing};
//!
//! let _host = testing::Host::new().with_ring("main", &["key-1"]);
//! let salt = random::draw(24);
//! let subkey = subkeys::derive("main", None, "my-cipher/1", &salt, 32)?;
//! assert_eq!((subkey.id.as_str(), subkey.bytes.len()), ("key-1", 32));
//!
//! // The id and the salt, in the clear beside the payload, give the same key again.
//! let again = subkeys::derive("main", Some(&subkey.id), "my-cipher/1", &salt, 32)?;
//! assert_eq!(again.bytes, subkey.bytes);
//! # Ok::<(), cloakroom_guest::Error>(())
//! ```

use super::{cipher::hash, host::count_call, keys};
use crate::Error;

/// Most bytes of a subkey and of a salt.
const LONGEST: usize = 64;

/// A derived key, and the id of the key that it was derived from.
pub struct Subkey {
    /// The id of the host's key.
    pub id: String,
    /// As many bytes as were asked for.
    pub bytes: Vec<u8>,
}

/// Derives `length` bytes from the key `id`, or from the ring's current one. The same `purpose` and
/// `salt` give the same bytes.
///
/// # Errors
/// `Denied` if the ring is not granted, `NotFound` if it has no such key.
///
/// # Panics
/// If `length` or the salt is over 64 bytes. In a component, the host ends the call.
pub fn derive(
    ring: &str,
    id: Option<&str>,
    purpose: &str,
    salt: &[u8],
    length: u32,
) -> Result<Subkey, Error> {
    count_call();
    let length = length as usize;
    assert!(length <= LONGEST && salt.len() <= LONGEST, "a subkey, or a salt, of over 64 bytes");
    let id = match id {
        Some(id) => id.to_owned(),
        None => keys::current(ring)?,
    };
    let secret = keys::find(ring, &id)?;
    // Two hashes of 32 bytes make the 64 that the contract allows.
    let halves = [0, 1].map(|half| hash(&[b"subkey", &secret, purpose.as_bytes(), salt, &[half]]));
    Ok(Subkey { id, bytes: halves.concat().into_iter().take(length).collect() })
}
