//! A part of a page that was decoded.

use bytes::Bytes;
use cloakroom_core::Error;

/// An answer that was decoded, or a part of it.
pub(in super::super) struct Part {
    pub(in super::super) bytes: Bytes,
    pub(in super::super) payloads: usize,
    /// Payloads that could not be decoded.
    pub(in super::super) failed: Vec<Error>,
}
