//! Keys that the host holds for plugins, and that no plugin sees.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Error, ErrorKind};

/// A named set of keys: one that seals, and older ones that still open.
pub trait KeyRing: Send + Sync {
    /// The key that new payloads are sealed under.
    fn current(&self) -> Arc<dyn Key>;

    /// A key by its id, current or retired.
    fn find(&self, id: &str) -> Option<Arc<dyn Key>>;
}

/// One key. Implementations never print what they hold.
pub trait Key: Send + Sync {
    /// What the key is called, in the clear beside everything sealed under it.
    fn id(&self) -> &str;

    /// Seals `parts`, one after the other, into a box that commits to this key, its id and
    /// `associated`.
    ///
    /// # Errors
    /// `Refused` if the key cannot seal now.
    fn seal(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError>;

    /// The same with a salt that is drawn from the key, `parts` and `associated`: sealing the same
    /// again gives the same bytes, and [`Key::open`] opens them. Who sees two of them learns whether
    /// they hold the same.
    ///
    /// # Errors
    /// `Refused` if the key cannot seal so.
    fn seal_repeatably(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError>;

    /// Opens what [`Key::seal`] made.
    ///
    /// # Errors
    /// `Mismatch` if it was sealed under another key, for other associated data, or changed since.
    fn open(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError>;

    /// Seals with plain AES-256-GCM: nonce (12), ciphertext, tag (16).
    ///
    /// # Errors
    /// `Refused` if the key cannot seal now; `Exhausted` if it has sealed so as often as it may.
    fn seal_aes_gcm(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError>;

    /// Opens what [`Key::seal_aes_gcm`] made.
    ///
    /// # Errors
    /// `Mismatch` as for [`Key::open`].
    fn open_aes_gcm(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError>;

    /// Fills `out` with bytes derived from this key for `purpose` and `salt`. Nothing of the key,
    /// nor of what seals under it, can be learned from them.
    ///
    /// # Errors
    /// `Refused` if so many bytes cannot be derived, or for [`CLAIM_PURPOSE`].
    fn derive(&self, purpose: &str, salt: &[u8], out: &mut [u8]) -> Result<(), KeyError>;

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

/// The purpose that nothing is derived for any more: the keys of old claims' proofs were.
pub const CLAIM_PURPOSE: &str = "cloakroom claim";

/// Why a key did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has sealed as many messages with plain AES-256-GCM as it may.
    #[error(
        "the key has sealed {messages} messages with plain AES-256-GCM in this process, and no more \
         are allowed (`max_messages_per_key`): make another key current"
    )]
    Exhausted {
        /// How many.
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
