//! Key service: it wraps and unwraps data keys under a key that never leaves it.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;

use super::{data_key::DataKey, key_service_error::KeyServiceError};

/// Most bytes of a wrapped data key. It stands beside every payload.
pub const MAX_WRAPPED: usize = 1024;

/// One key of a key service, such as AWS KMS or Vault's transit engine.
///
/// An object is made without a request, and connects at its first call. It is asked by many tasks at once;
/// who asks for it bounds how many. Each call sends one request and repeats it at most where the service is
/// known not to have seen it: the ring above repeats, waits and remembers failures.
pub trait KeyService: Send + Sync {
    /// Returns the key's URI in a canonical form, for logs, errors and metrics: no credential, and nothing
    /// that says only how the service is reached, such as an address.
    ///
    /// Equal keys have equal URIs in all processes, since a payload names its key by a digest of it.
    fn uri(&self) -> &str;

    /// Returns whether the service itself refuses to unwrap with another context than it wrapped with.
    fn binds_context(&self) -> bool;

    /// Wraps a data key. The result has at most [`MAX_WRAPPED`] bytes, in the shortest form that
    /// [`KeyService::unwrap`] reads.
    ///
    /// Without a context the service is asked as temporal-proxy asks it.
    ///
    /// # Errors
    /// See [`KeyFailure`](crate::KeyFailure).
    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<Bytes, KeyServiceError>>;

    /// Unwraps a data key. A stranger may have written `wrapped`: nothing in it decides about the service,
    /// the key, the endpoint or the region that is asked.
    ///
    /// # Errors
    /// See [`KeyFailure`](crate::KeyFailure). What does not open under this key and context is `Mismatch`,
    /// and never `Denied`, which makes a ring forget its keys.
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>>;
}

/// Use of a wrapped key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It seals payloads for a while.
    DataKey,
    /// It is the lasting secret of a ring.
    Secret,
}

impl KeyUse {
    /// Returns the word in the encryption context.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataKey => "data-key",
            Self::Secret => "secret",
        }
    }
}

/// Encryption context of a wrapped key: the service binds the key to it, and writes it into its audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// Name of the ring.
    pub ring: Arc<str>,
    /// Namespace whose payloads the key seals; none for a key of all of them.
    pub namespace: Option<Arc<str>>,
    /// Use of the key.
    pub key_use: KeyUse,
}

impl KeyContext {
    /// Returns the entries, sorted by name, for services that take a map.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, &str)> {
        let namespace = self.namespace.as_deref().map(|name| ("cloakroom-namespace", name));
        let others = [("cloakroom-ring", &*self.ring), ("cloakroom-use", self.key_use.as_str())];
        namespace.into_iter().chain(others).collect()
    }

    /// Returns the context as bytes, for services that take associated data: each name and value after its
    /// length (u32, big-endian).
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let texts = self.entries().into_iter().flat_map(|(name, value)| [name, value]);
        texts.fold(Vec::new(), |mut bytes, text| {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
            bytes
        })
    }
}

impl fmt::Debug for dyn KeyService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyService").field(&self.uri()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_entries_or_bytes() {
        let mut context =
            KeyContext { ring: "r".into(), namespace: Some("n".into()), key_use: KeyUse::DataKey };
        let entries =
            [("cloakroom-namespace", "n"), ("cloakroom-ring", "r"), ("cloakroom-use", "data-key")];
        assert_eq!(context.entries(), entries);
        context.namespace = None;
        context.key_use = KeyUse::Secret;
        let expect = b"\0\0\0\x0ecloakroom-ring\0\0\0\x01r\0\0\0\x0dcloakroom-use\0\0\0\x06secret";
        assert_eq!(context.bytes(), expect);
    }
}
