//! Native stand-in of a key ring.

use std::sync::Arc;

use aws_lc_rs::hmac;
use bytes::Bytes;
use cloakroom_core::{Key, KeyError, KeyRing};

/// Ring of one key that signs claims.
pub(super) struct Signer(pub(super) u8);

impl KeyRing for Signer {
    fn current(&self) -> Arc<dyn Key> {
        Arc::new(Self(self.0))
    }

    fn find(&self, id: &str) -> Option<Arc<dyn Key>> {
        (id == "k").then(|| self.current())
    }
}

impl Key for Signer {
    fn id(&self) -> &str {
        "k"
    }

    fn seal(&self, _: &[Bytes], _: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    fn seal_repeatably(&self, _: &[Bytes], _: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    fn open(&self, _: Bytes, _: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    fn seal_aes_gcm(&self, _: &[Bytes], _: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    fn open_aes_gcm(&self, _: Bytes, _: &[u8]) -> Result<Bytes, KeyError> {
        Err(KeyError::Refused)
    }

    fn derive(&self, _: &str, _: &[u8], _: &mut [u8]) -> Result<(), KeyError> {
        Err(KeyError::Refused)
    }

    fn sign_claim(&self, message: &[u8]) -> Result<[u8; 32], KeyError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[self.0; 32]);
        hmac::sign(&key, message).as_ref().try_into().map_err(|_| KeyError::Refused)
    }
}
