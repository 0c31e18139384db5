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
    /// Contents of field 2, in an `Any` or a `DataBlob`.
    pub(crate) content: Content,
    /// Singular messages that occurred, by [`Field::slot`](crate::schema::Field::slot).
    pub(crate) seen: u128,
    /// Occurrences of repeated fields so far. The first counter is of all other fields.
    pub(crate) counts: [u32; COUNTERS],
}

/// The contents of field 2 of an `Any` or a `DataBlob`.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// The message is neither.
    Ordinary,
    /// A message of this type.
    Message(u16),
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

    /// Returns the type that the payload of a system operation names. The server reads the message
    /// in it, so only the payloads of that message may be replaced.
    ///
    /// A label is no proof: the SDK that sets it wrote a message of this type, and anything else is
    /// an ordinary payload, which is replaced as a whole.
    pub(crate) fn of_envelope(payload: MessageType, bytes: &[u8]) -> Self {
        let (mut is_system, mut is_protobuf, mut message) = (false, false, None);
        let Some((metadata, field)) = payload.find("metadata") else { return Self::Ordinary };
        let entry = payload.schema.type_of(field.target);
        let fields = View::new(payload, bytes).fields().into_iter();
        for field in fields.filter(|field| field.number == metadata) {
            let entry = View::new(entry, field.content.unwrap_or_default());
            let value = entry.bytes("value").unwrap_or_default();
            match entry.text("key") {
                Some("__temporal_system_payload") => is_system = value == b"true",
                Some("encoding") => is_protobuf = value == b"binary/protobuf",
                Some("messageType") => message = std::str::from_utf8(value).ok(),
                _ => {}
            }
        }
        let message = message.and_then(|name| payload.schema.message(name));
        match message.filter(|_| is_system && is_protobuf) {
            Some(message) => Self::Message(message.id),
            None => Self::Ordinary,
        }
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
