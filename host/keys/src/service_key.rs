//! Data key in use: unwrapped, bound to ring, namespace and wrapped form, and counted.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use cloakroom_core::{DataKey, Error, Key, KeyError};
use cloakroom_stores::{KeyMaterial, RingKey};

use crate::settings::Form;

/// First bytes of what boxes are bound to. No id of another ring is that long, so no two kinds of keys
/// have the same associated data.
const LABEL: &[u8] = b"cloakroom/data-key/2";

/// Ring, namespace and wrapped form that a data key belongs to.
pub(crate) struct Binding<'a> {
    pub(crate) ring: &'a str,
    pub(crate) namespace: Option<&'a str>,
    /// SHA-256 of the wrapped key.
    pub(crate) digest: &'a [u8; 32],
}

impl Binding<'_> {
    /// Returns the start of the associated data of each box.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = LABEL.to_vec();
        push(&mut bytes, self.ring);
        bytes.push(u8::from(self.namespace.is_some()));
        self.namespace.iter().for_each(|namespace| push(&mut bytes, namespace));
        bytes.extend_from_slice(self.digest);
        bytes
    }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// Data key in use.
///
/// It seals and opens payloads. What must outlive it, repeatable boxes, proofs and derived keys, is left
/// to the ring's secret and refused here.
pub(crate) struct ServiceKey {
    key: RingKey,
    form: Form,
    messages: AtomicU64,
}

impl ServiceKey {
    /// Returns the key for a payload's id.
    ///
    /// # Errors
    /// `Config` if the cryptography library refuses the bytes.
    pub(crate) fn new(
        id: &str,
        form: Form,
        binding: &Binding<'_>,
        key: &DataKey,
    ) -> Result<Arc<Self>, Error> {
        let key = RingKey::bound_to(id, binding.bytes(), &KeyMaterial::from(key))?;
        Ok(Arc::new(Self { key, form, messages: AtomicU64::new(0) }))
    }

    /// Returns how many payloads this process has sealed with it.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.load(Relaxed)
    }

    /// Refuses a format that the key is not for: one key never serves two.
    fn is_for(&self, form: Form) -> Result<&RingKey, KeyError> {
        (self.form == form).then_some(&self.key).ok_or(KeyError::Refused)
    }
}

impl Key for ServiceKey {
    fn id(&self) -> &str {
        self.key.id()
    }

    fn seal(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let key = self.is_for(Form::Cloakroom)?;
        self.messages.fetch_add(1, Relaxed);
        key.seal(parts, associated)
    }

    fn open(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        self.is_for(Form::Cloakroom)?.open(sealed, associated)
    }

    fn seal_aes_gcm(&self, parts: &[Bytes], associated: &[u8]) -> Result<Bytes, KeyError> {
        let key = self.is_for(Form::TemporalProxy)?;
        self.messages.fetch_add(1, Relaxed);
        key.seal_aes_gcm(parts, associated)
    }

    fn open_aes_gcm(&self, sealed: Bytes, associated: &[u8]) -> Result<Bytes, KeyError> {
        self.is_for(Form::TemporalProxy)?.open_aes_gcm(sealed, associated)
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey").field("messages", &self.messages()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(ring: &str, namespace: Option<&str>, digest: u8, form: Form) -> Arc<ServiceKey> {
        let data_key = DataKey::from_slice(b"a key that every test may know!!").unwrap();
        let binding = Binding { ring, namespace, digest: &[digest; 32] };
        ServiceKey::new("ck2.x", form, &binding, &data_key).unwrap()
    }

    #[test]
    fn a_box_is_bound_to_ring_namespace_and_wrapped_key() {
        let sealing = key("r", Some("n"), 1, Form::Cloakroom);
        let sealed = sealing.seal(&[Bytes::from_static(b"text")], b"more").unwrap();
        assert_eq!(sealing.messages(), 1);
        assert_eq!(sealing.open(sealed.clone(), b"more").unwrap(), "text");
        for (ring, namespace, digest) in
            [("s", Some("n"), 1), ("r", Some("m"), 1), ("r", None, 1), ("r", Some("n"), 2)]
        {
            let other = key(ring, namespace, digest, Form::Cloakroom);
            assert_eq!(other.open(sealed.clone(), b"more"), Err(KeyError::Mismatch), "{ring}");
        }
        assert_eq!(sealing.open(sealed, b"less"), Err(KeyError::Mismatch));
    }

    #[test]
    fn a_data_key_serves_one_format_and_nothing_that_lasts() {
        let ours = key("r", None, 1, Form::Cloakroom);
        assert_eq!(ours.seal_aes_gcm(&[], b""), Err(KeyError::Refused));
        assert_eq!(ours.seal_repeatably(&[], b""), Err(KeyError::Refused));
        assert_eq!(ours.derive("p", b"", &mut []), Err(KeyError::Refused));
        assert_eq!(ours.sign_claim(b""), Err(KeyError::Refused));
        let theirs = key("r", None, 1, Form::TemporalProxy);
        assert_eq!(theirs.seal(&[], b""), Err(KeyError::Refused));
        let sealed = theirs.seal_aes_gcm(&[Bytes::from_static(b"text")], b"").unwrap();
        assert_eq!(theirs.open_aes_gcm(sealed, b"").unwrap(), "text");
    }
}
