//! A key: what it does for plugins, and how it refuses.

use bytes::Bytes;

use crate::{Error, ErrorKind};

/// One key. Implementations never print what they hold.
///
/// Every operation is optional: those that an implementation leaves out are refused. They run on the
/// caller's thread, so a key that is in a service's hands is fetched by [`KeyRing::find`](crate::KeyRing::find), which may
/// wait.
pub trait Key: Send + Sync {
    /// Returns the key's id, which stands in the clear beside everything sealed under it.
    fn id(&self) -> &str;

    /// Seals `parts`, one after the other, into a box that commits to this key, its id and
    /// `associated`.
    ///
    /// # Errors
    /// `Refused` if the key cannot seal now, which is the default.
    fn seal(&self, _parts: &[Bytes], _associated: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    /// Seals like [`Key::seal`] with a salt that is drawn from the key, `parts` and `associated`:
    /// sealing the same again gives the same bytes, and [`Key::open`] opens them. Who sees two of them
    /// learns whether they hold the same.
    ///
    /// # Errors
    /// `Refused` if the key cannot seal so, which is the default.
    fn seal_repeatably(&self, _parts: &[Bytes], _associated: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    /// Opens a box of [`Key::seal`].
    ///
    /// # Errors
    /// `Mismatch` if it was sealed under another key, for other associated data, or changed since;
    /// `Refused` if the key opens none, which is the default.
    fn open(&self, _sealed: Bytes, _associated: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    /// Seals with plain AES-256-GCM: nonce (12), ciphertext, tag (16).
    ///
    /// # Errors
    /// `Refused` if the key cannot seal so, which is the default; `Exhausted` if it has sealed so as
    /// often as it may.
    fn seal_aes_gcm(&self, _parts: &[Bytes], _associated: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    /// Opens a ciphertext of [`Key::seal_aes_gcm`].
    ///
    /// # Errors
    /// As [`Key::open`].
    fn open_aes_gcm(&self, _sealed: Bytes, _associated: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    /// Fills `out` with bytes derived from this key for `purpose` and `salt`. Nothing of the key,
    /// nor of what seals under it, can be learned from them.
    ///
    /// # Errors
    /// `Refused` if so many bytes cannot be derived, for [`CLAIM_PURPOSE`], or if the key derives
    /// nothing, which is the default.
    fn derive(&self, _purpose: &str, _salt: &[u8], _out: &mut [u8]) -> Result<(), KeyError> {
        Err(KeyError::Refused)
    }

    /// Returns a MAC of `message`, which is a claim, under a key that serves nothing else and that
    /// [`Key::derive`] cannot give.
    ///
    /// # Errors
    /// `Refused` if the key signs no claims, which is the default.
    fn sign_claim(&self, _message: &[u8]) -> Result<[u8; 32], KeyError> {
        Err(KeyError::Refused)
    }

    /// Returns a MAC as claims carried it until version 2 of proofs: under what [`Key::derive`] gave
    /// for [`CLAIM_PURPOSE`] without a salt.
    ///
    /// # Errors
    /// `Refused` if the key never did that, which is the default.
    fn sign_claim_v1(&self, _message: &[u8]) -> Result<[u8; 32], KeyError> {
        Err(KeyError::Refused)
    }
}

/// Purpose that [`Key::derive`] refuses: the keys of claims' old proofs were derived for it.
pub const CLAIM_PURPOSE: &str = "cloakroom claim";

/// Purpose for which [`Key::derive`] authenticates page tokens of a gateway. No plugin gets bytes for it.
pub const PAGE_PURPOSE: &str = "cloakroom history page";

/// Refusal of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has sealed as many messages with plain AES-256-GCM as it may.
    #[error(
        "the key has sealed {messages} messages with plain AES-256-GCM in this process, and no more \
         are allowed: make another key current"
    )]
    Exhausted {
        /// The number of messages.
        messages: u64,
    },
    /// The bytes were sealed under another key, for another purpose, or changed since.
    #[error("sealed under another key, for another purpose, or changed since")]
    Mismatch,
    /// The key does not do this.
    #[error("the key refuses this operation")]
    Refused,
}

/// `Malformed` for what does not open; `Denied` for what a key may not do.
impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::Mismatch => ErrorKind::Malformed,
            KeyError::Exhausted { .. } | KeyError::Refused => ErrorKind::Denied,
        };
        Self::new(kind, error.to_string())
    }
}
