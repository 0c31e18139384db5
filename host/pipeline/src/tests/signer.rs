//! Native stand-in of a key ring.

use std::sync::Arc;

use aws_lc_rs::hmac;
use cloakroom_core::{Key, KeyError, KeyLookup, KeyRing};

/// Ring of one key that signs claims.
pub(super) struct Signer(pub(super) u8);

impl KeyRing for Signer {
    fn current<'a>(&'a self, _: Option<&'a str>) -> KeyLookup<'a> {
        KeyLookup::found(Arc::new(Self(self.0)))
    }

    fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
        if id == "k" { self.lasting() } else { KeyLookup::none() }
    }
}

impl Key for Signer {
    fn id(&self) -> &str {
        "k"
    }

    fn sign_claim(&self, message: &[u8]) -> Result<[u8; 32], KeyError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[self.0; 32]);
        hmac::sign(&key, message).as_ref().try_into().map_err(|_| KeyError::Refused)
    }
}
