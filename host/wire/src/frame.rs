//! One open message of a scan.

use crate::{
    schema::{COUNTERS, MessageType},
    view::View,
};

/// A message whose fields are being read.
pub(crate) struct Frame {
    pub(crate) message: u16,
    pub(crate) field: u32,
    pub(crate) index: u32,
    pub(crate) length_at: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Number of the frame's span, once it has one.
    pub(crate) span: Option<u32>,
    /// Contents of field 2, in an `Any` or a `DataBlob`, or of field 1, in a chunk.
    pub(crate) content: Content,
    /// Singular messages that occurred, by [`Field::slot`](crate::schema::Field::slot).
    pub(crate) seen: u128,
    /// Occurrences of repeated fields so far. The first counter is of all other fields.
    pub(crate) counts: [u32; COUNTERS],
}

/// The contents of the field of bytes that holds a message of its own.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// The message has no such field.
    Ordinary,
    /// Field 2 is a message of this type.
    Message(u16),
    /// Field 1 occurs for each event, which is a message of this type.
    Events(u16),
    /// Something that the schema lacks.
    Unknown,
}

impl Content {
    /// Returns the type that an `Any` names. The name may follow the value, so it is read first.
    pub(crate) fn of_any(any: MessageType, bytes: &[u8]) -> Self {
        let url = View::new(any, bytes).text("type_url").unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default();
        any.schema.message(name).map_or(Self::Unknown, |message| Self::Message(message.id))
    }

    /// Returns the type of the events in a chunk. A chunk with signatures is not opened: they cover its
    /// bytes.
    pub(crate) fn of_chunk(chunk: MessageType, bytes: &[u8]) -> Self {
        let event = chunk.schema.message("HistoryEvent");
        let is_signed = View::new(chunk, bytes).bytes("rawSignatures").is_some();
        event.filter(|_| !is_signed).map_or(Self::Ordinary, |event| Self::Events(event.id))
    }

    /// Returns the type of a history batch if its encoding is `PROTO3`.
    pub(crate) fn of_history(blob: MessageType, bytes: &[u8]) -> Self {
        const PROTO3: u64 = 1;
        let history = blob.schema.message("temporal.api.history.v1.History");
        match (View::new(blob, bytes).number("encoding_type"), history) {
            (Some(PROTO3), Some(history)) => Self::Message(history.id),
            _ => Self::Unknown,
        }
    }
}
