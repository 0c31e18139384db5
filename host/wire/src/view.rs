//! Fields of one message by name, for the context of its payloads.

use crate::{
    MessageType,
    reader::{LENGTH_DELIMITED, Reader},
    varint,
};

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

    /// Returns a field of text. Nothing if it is absent, not UTF-8, or unknown.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }

    /// Returns a field of text, bytes, or a message, the last one if there are several, as parsers
    /// do. Nothing if it is absent or unknown.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        let (number, _) = self.message.find(name)?;
        let mut found = None;
        self.each(|at, wire, bytes| {
            if at == number && wire == LENGTH_DELIMITED {
                found = Some(bytes);
            }
        });
        found
    }

    /// Returns a number, an enum or a boolean that is a varint, the last one if there are several.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let (number, _) = self.message.find(name)?;
        let mut found = None;
        self.each(|at, wire, bytes| {
            if at == number && wire == 0 {
                found = varint::read(bytes, 0).map(|(number, _)| number);
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

    /// Calls `visit` with number, wire type and bytes of each field, up to the first malformed one.
    fn each(&self, mut visit: impl FnMut(u32, u8, &'a [u8])) {
        // The scan says what is malformed; deep groups are the end here.
        const DEPTH: usize = 100;
        let mut reader = Reader::new(self.bytes, 0, self.bytes.len());
        while reader.at < reader.end {
            let Ok(tag) = reader.tag() else { return };
            let start = if tag.wire == LENGTH_DELIMITED {
                let mut ahead = reader.clone();
                if ahead.varint().is_err() {
                    return;
                }
                ahead.at
            } else {
                reader.at
            };
            if reader.skip(&tag, DEPTH).is_err() {
                return;
            }
            visit(tag.number, tag.wire, self.bytes.get(start..reader.at).unwrap_or_default());
        }
    }
}
