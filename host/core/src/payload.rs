//! A payload: a little metadata and one body.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;

use crate::{Envelope, Error, Message};

/// The metadata entry that says how the body is written.
pub const ENCODING: &str = "encoding";

/// Entries that a payload may have unless a limit says otherwise.
pub const ENTRIES: usize = 4096;

/// Metadata of a payload, in the order of its names, so that equal payloads have equal bytes.
pub type Metadata = BTreeMap<String, Bytes>;

/// What a workflow engine ships: `temporal.api.common.v1.Payload`.
///
/// Cloning shares the body. `Debug` shows sizes, never contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// Small facts about the body, above all its [`ENCODING`].
    pub metadata: Metadata,
    /// The body.
    pub data: Bytes,
    /// Encoded sizes of what was stored elsewhere, if this payload is a reference.
    pub external_sizes: Vec<i64>,
    /// Protobuf fields of a later version of the message, kept as they came.
    pub unknown: Bytes,
}

impl Payload {
    /// A payload with the given encoding and no other metadata.
    pub fn new(encoding: &str, data: impl Into<Bytes>) -> Self {
        let encoding = Bytes::copy_from_slice(encoding.as_bytes());
        Self {
            metadata: Metadata::from([(ENCODING.to_owned(), encoding)]),
            data: data.into(),
            ..Self::default()
        }
    }

    /// The same payload with one more metadata entry.
    pub fn with(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// The encoding, if there is one and it is text.
    pub fn encoding(&self) -> Option<&str> {
        let value = self.metadata.get(ENCODING)?;
        std::str::from_utf8(value).ok()
    }

    /// The whole payload as its protobuf message.
    pub fn envelope(&self) -> Envelope {
        Envelope::of(self)
    }

    /// Reads a protobuf message of at most [`ENTRIES`] entries; the body shares `bytes`.
    ///
    /// # Errors
    /// `Malformed` if `bytes` is not a payload message, `LimitExceeded(Entries)` if it has more
    /// entries.
    pub fn from_envelope(bytes: Bytes) -> Result<Self, Error> {
        Self::from_envelope_within(bytes, ENTRIES)
    }

    /// Reads a protobuf message of at most `entries` entries; the body shares `bytes`.
    ///
    /// # Errors
    /// As [`Payload::from_envelope`].
    pub fn from_envelope_within(bytes: Bytes, entries: usize) -> Result<Self, Error> {
        Message::measure(bytes, entries)?.into_payload()
    }

    /// Returns how many entries it has: metadata, external sizes, and fields of a later version.
    pub fn entries(&self) -> usize {
        crate::message::entries(self)
    }

    /// Says that it has more entries than `most`.
    ///
    /// # Errors
    /// `LimitExceeded(Entries)` if it has.
    pub fn check_entries(&self, most: usize) -> Result<(), Error> {
        if self.entries() <= most { Ok(()) } else { Err(crate::message::too_many(most)) }
    }

    /// Returns how many bytes of memory a payload of `entries` entries takes, at most, whose names,
    /// values, body and unknown fields have `bytes` bytes.
    pub fn cost_of(entries: usize, bytes: usize) -> usize {
        crate::message::cost(entries, bytes)
    }

    /// Returns how many bytes of memory it takes, at most: its parts, and what a map and an allocator
    /// add to each.
    pub fn footprint(&self) -> usize {
        crate::message::footprint(self)
    }

    /// Returns how many bytes of memory a clone takes, which shares the body.
    pub fn footprint_around(&self) -> usize {
        self.footprint() - self.data.len()
    }

    /// How many bytes the protobuf message has.
    pub fn encoded_len(&self) -> usize {
        crate::protobuf::encoded_len(self)
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
