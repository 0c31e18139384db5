//! Fields of one message by name, for the context of its payloads.

use std::ops::Range;

use crate::{
    MessageType,
    reader::{LENGTH_DELIMITED, Reader, Tag},
    varint,
};

/// A field as it lies in its message.
#[derive(Clone, Copy)]
pub struct RawField<'a> {
    /// Number of the field.
    pub number: u32,
    /// All bytes of the field, its tag included.
    pub whole: &'a [u8],
    /// The bytes of text, bytes or a message. Nothing for other fields.
    pub content: Option<&'a [u8]>,
}

/// A message whose fields are read when they are asked for. Each question reads the message once.
#[derive(Clone, Copy)]
pub struct View<'a> {
    message: MessageType,
    bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Views bytes as a message of this type.
    #[must_use]
    pub fn new(message: MessageType, bytes: &'a [u8]) -> Self {
        Self { message, bytes }
    }

    /// Returns the message type.
    #[must_use]
    pub fn message_type(&self) -> MessageType {
        self.message
    }

    /// Returns the bytes of the whole message.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns a field of text. Nothing if it is absent, not UTF-8, or unknown.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }

    /// Returns all fields in the order of the wire, up to the first malformed one.
    #[must_use]
    pub fn fields(&self) -> Vec<RawField<'a>> {
        let mut fields = Vec::new();
        self.each(|field, _| fields.push(field));
        fields
    }

    /// Returns a field of text, bytes, or a message, the last one if there are several, as parsers
    /// do. Nothing if it is absent or unknown.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        let (number, _) = self.message.find(name)?;
        let mut found = None;
        self.each(|field, _| {
            if field.number == number {
                found = field.content.or(found);
            }
        });
        found
    }

    /// Returns a number, an enum or a boolean that is a varint, the last one if there are several.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let (number, _) = self.message.find(name)?;
        let mut found = None;
        self.each(|field, after_tag| {
            if field.number == number && after_tag.wire == 0 {
                found = varint::read(after_tag.bytes, 0).map(|(number, _)| number);
            }
        });
        found
    }

    /// Returns a message within this one, the last one if there are several.
    #[must_use]
    pub fn message(&self, name: &str) -> Option<View<'a>> {
        let (_, field) = self.message.find(name)?;
        let message = self.message.schema.type_of(field.target);
        (field.kind == crate::schema::FieldKind::Message)
            .then_some(Self { message, bytes: self.bytes(name)? })
    }

    /// Views bytes as another message type of the same schema. Nothing if there is none of this name.
    #[must_use]
    pub fn inner(&self, name: &str, bytes: &'a [u8]) -> Option<Self> {
        Some(Self { message: self.message.schema.message(name)?, bytes })
    }

    /// Calls `visit` with each field, up to the first malformed one.
    fn each(&self, mut visit: impl FnMut(RawField<'a>, AfterTag<'a>)) {
        // The scan says what is malformed; deep groups are the end here.
        const DEPTH: usize = 100;
        let mut reader = Reader::new(self.bytes, 0, self.bytes.len());
        let slice = |range: Range<usize>| self.bytes.get(range).unwrap_or_default();
        while reader.at < reader.end {
            let start = reader.at;
            let Ok(Tag { number, wire }) = reader.tag() else { return };
            let after_tag = reader.at;
            let mut ahead = reader.clone();
            if reader.skip(&Tag { number, wire }, DEPTH).is_err() {
                return;
            }
            let content = (wire == LENGTH_DELIMITED && ahead.varint().is_ok())
                .then(|| slice(ahead.at..reader.at));
            let field = RawField { number, whole: slice(start..reader.at), content };
            visit(field, AfterTag { wire, bytes: slice(after_tag..reader.at) });
        }
    }
}

/// Wire type of a field, and its bytes behind the tag.
struct AfterTag<'a> {
    wire: u8,
    bytes: &'a [u8],
}
