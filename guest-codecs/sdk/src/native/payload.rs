//! A payload, and its protobuf message.

use std::{collections::BTreeMap, fmt};

use super::{
    buffer::Buffer,
    error::Error,
    host::count_call,
    protobuf::{Message, write_message},
};

/// Metadata and one body, as a workflow engine stores them. Like a buffer, it stays in the host.
///
/// ```
/// use cloakroom_guest::{Buffer, Payload};
///
/// let metadata = [("encoding".to_owned(), b"json/plain".to_vec())];
/// let payload = Payload::new(&metadata, &Buffer::new(b"\"hi\""));
/// assert_eq!(payload.get("encoding").as_deref(), Some(&b"json/plain"[..]));
///
/// let same = Payload::from_envelope(&payload.envelope())?;
/// assert_eq!(same.data().to_vec(), b"\"hi\"");
/// # Ok::<(), cloakroom_guest::Error>(())
/// ```
pub struct Payload {
    metadata: BTreeMap<String, Vec<u8>>,
    data: Buffer,
    /// Fields after the body, as they were in the message.
    rest: Vec<u8>,
}

impl Payload {
    /// Creates a payload.
    ///
    /// # Panics
    /// If two entries have the same name. In a component, the host ends the call.
    #[must_use]
    pub fn new(metadata: &[(String, Vec<u8>)], data: &Buffer) -> Self {
        count_call();
        let distinct: BTreeMap<_, _> = metadata.iter().cloned().collect();
        assert!(distinct.len() == metadata.len(), "two metadata entries of one name");
        Self { metadata: distinct, data: data.cut(0, u64::MAX), rest: Vec::new() }
    }

    /// Reads a payload from its protobuf message. The body is shared, not copied.
    ///
    /// # Errors
    /// `Malformed` if `envelope` is not a payload's message.
    pub fn from_envelope(envelope: &Buffer) -> Result<Self, Error> {
        count_call();
        let message = Message::read(envelope.as_slice());
        let message = message.ok_or_else(|| Error::malformed("not a payload message"))?;
        Ok(Self {
            metadata: message.metadata,
            data: envelope.cut(message.data.start as u64, message.data.len() as u64),
            rest: message.rest,
        })
    }

    /// Returns the payload as its protobuf message, which is what a codec compresses or encrypts.
    #[must_use]
    pub fn envelope(&self) -> Buffer {
        count_call();
        Buffer::from_bytes(&write_message(&self.metadata, self.data.as_slice(), &self.rest))
    }

    /// Returns the body.
    #[must_use]
    pub fn data(&self) -> Buffer {
        count_call();
        self.data.cut(0, u64::MAX)
    }

    /// Returns all metadata, in the order of the names.
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, Vec<u8>)> {
        count_call();
        self.metadata.clone().into_iter().collect()
    }

    /// Returns one metadata entry.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        count_call();
        self.metadata.get(name).cloned()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("metadata_entries", &self.metadata.len())
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
