//! Bytes of an object on their way into a bucket.

use std::slice;

use bytes::Bytes;

/// Bytes of an object that is written to a bucket.
#[derive(Clone, Copy)]
pub(crate) struct ObjectBody<'a> {
    pub(crate) parts: &'a [Bytes],
    /// Length of all parts.
    pub(crate) len: usize,
    /// SHA-256 of all parts, if the host computed it for an object that it stores.
    pub(crate) sha256: Option<[u8; 32]>,
}

impl<'a> From<&'a Bytes> for ObjectBody<'a> {
    fn from(bytes: &'a Bytes) -> Self {
        Self { parts: slice::from_ref(bytes), len: bytes.len(), sha256: None }
    }
}
