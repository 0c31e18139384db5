//! Payload: metadata and one body.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;

/// Name of the metadata entry that tells how the body is encoded.
pub const ENCODING: &str = "encoding";

/// Default number of entries that a payload may have.
pub const ENTRIES: usize = 4096;

/// Metadata of a payload, in the order of its names, so that equal payloads have equal bytes.
pub type Metadata = BTreeMap<String, Bytes>;

/// Value of a workflow, such as an argument or a result: `temporal.api.common.v1.Payload`.
///
/// Cloning shares the body. `Debug` shows sizes, never contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// Facts about the body, above all its [`ENCODING`].
    pub metadata: Metadata,
    /// The body.
    pub data: Bytes,
    /// Sizes of the stored objects, if this payload is a reference.
    pub external_sizes: Vec<i64>,
    /// Protobuf fields of a later version of the message, kept as they are.
    pub unknown: Bytes,
}

impl Payload {
    /// Returns a payload with the given encoding and no other metadata.
    #[must_use]
    pub fn new(encoding: &str, data: impl Into<Bytes>) -> Self {
        let encoding = Bytes::copy_from_slice(encoding.as_bytes());
        Self {
            metadata: Metadata::from([(ENCODING.to_owned(), encoding)]),
            data: data.into(),
            ..Self::default()
        }
    }

    /// Returns the payload with one more metadata entry.
    #[must_use]
    pub fn with_metadata(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the encoding, if there is one and it is text.
    #[must_use]
    pub fn encoding(&self) -> Option<&str> {
        let value = self.metadata.get(ENCODING)?;
        std::str::from_utf8(value).ok()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("metadata_entries", &self.metadata.len())
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
