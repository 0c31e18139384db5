//! Message types and methods, in dense arrays that are built once.

use std::{collections::HashMap, fmt};

/// Message types and methods of a gRPC service.
pub struct Schema {
    pub(crate) messages: Vec<Layout>,
    pub(crate) fields: Vec<Field>,
    pub(crate) names: HashMap<&'static str, u16>,
    pub(crate) methods: HashMap<&'static str, (u16, u16)>,
}

/// Name of a message type, and the place of its fields in [`Schema::fields`].
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    pub(crate) first: usize,
    /// True if a payload can lie in it.
    pub(crate) holds_payloads: bool,
    /// True if a message of this type gets a span even without a payload: it holds the text of a
    /// failure, which can be replaced.
    pub(crate) holds_text: bool,
    /// Highest number of a field, plus one.
    pub(crate) count: usize,
}

/// One field of a message type, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: FieldKind,
    pub(crate) repeated: bool,
    /// Message type of the field, if its kind has one.
    pub(crate) target: u16,
    /// Counter of a repeated field that may hold payloads, from 1. Bit of a singular message.
    pub(crate) slot: u8,
}

/// The kind of a field, as far as a scan tells fields apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FieldKind {
    /// `google.protobuf.Any`.
    Any,
    /// Text, bytes, and messages of Google without payloads.
    Bytes,
    /// A chunk of a history that another workflow passed on. It may be signed.
    Chunk,
    /// A `DataBlob` that holds a serialised history.
    History,
    /// Bytes that may hold the JSON of a failure.
    Json,
    /// A payload that the server reads, or plain text that it wrote.
    Keep,
    /// A message.
    Message,
    /// A number of any width, an enum or a boolean, packed or not.
    Number,
    /// A payload.
    Payload,
    /// Text or bytes that are the payload themselves, without metadata.
    Text,
    /// No field of this number is known.
    Unknown,
}

/// Repeated fields of one message that may hold payloads.
pub(crate) const COUNTERS: usize = 4;

/// Singular messages in one message. `HistoryEvent` has 62.
pub(crate) const SINGULAR: usize = 128;

impl Field {
    pub(crate) const UNKNOWN: Self =
        Self { name: "", kind: FieldKind::Unknown, repeated: false, target: 0, slot: 0 };
}

impl Schema {
    /// Returns the method with this path, `/package.Service/Method`.
    #[must_use]
    pub fn method(&'static self, path: &str) -> Option<Method> {
        let &(request, response) = self.methods.get(path)?;
        Some(Method { request: self.type_of(request), response: self.type_of(response) })
    }

    /// Returns the paths of all methods, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.methods.keys().copied()
    }

    /// Returns the message type with this full name, for example `google.rpc.Status`.
    #[must_use]
    pub fn message(&'static self, name: &str) -> Option<MessageType> {
        self.names.get(name).map(|&id| self.type_of(id))
    }

    pub(crate) fn type_of(&'static self, id: u16) -> MessageType {
        MessageType { schema: self, id }
    }

    #[inline]
    pub(crate) fn field(&self, message: u16, number: u32) -> Field {
        let layout = self.messages.get(usize::from(message));
        let known = layout.filter(|layout| (number as usize) < layout.count);
        let field = known.and_then(|layout| self.fields.get(layout.first + number as usize));
        field.copied().unwrap_or(Field::UNKNOWN)
    }

    #[inline]
    pub(crate) fn holds_text(&self, message: u16) -> bool {
        self.messages.get(usize::from(message)).is_some_and(|layout| layout.holds_text)
    }

    pub(crate) fn name(&self, message: u16) -> &'static str {
        self.messages.get(usize::from(message)).map_or("", |layout| layout.name)
    }
}

/// Message types of one method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The request.
    pub request: MessageType,
    /// The response.
    pub response: MessageType,
}

/// One message type of a [`Schema`].
#[derive(Clone, Copy)]
pub struct MessageType {
    pub(crate) schema: &'static Schema,
    pub(crate) id: u16,
}

impl MessageType {
    /// Returns the full name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.schema.name(self.id)
    }

    /// Returns the name of a field, or nothing if the number is unknown.
    #[must_use]
    pub fn field_name(self, number: u32) -> Option<&'static str> {
        let field = self.schema.field(self.id, number);
        (field.kind != FieldKind::Unknown).then_some(field.name)
    }

    /// Returns whether a message of this type can hold payloads.
    #[must_use]
    pub fn holds_payloads(self) -> bool {
        let layout = self.schema.messages.get(usize::from(self.id));
        layout.is_some_and(|layout| layout.holds_payloads)
    }

    /// Returns the number and the definition of the field with this name.
    pub(crate) fn find(self, name: &str) -> Option<(u32, Field)> {
        let layout = self.schema.messages.get(usize::from(self.id))?;
        let fields = self.schema.fields.get(layout.first..layout.first + layout.count)?;
        let found = fields.iter().zip(0..).find(|(field, _)| field.name == name)?;
        Some((found.1, *found.0))
    }

    /// Returns the definition of the field that JSON calls `name`: parsers take `encodedAttributes`
    /// and `encoded_attributes`.
    pub(crate) fn find_json(self, name: &[u8]) -> Option<Field> {
        let layout = self.schema.messages.get(usize::from(self.id))?;
        let fields = self.schema.fields.get(layout.first..layout.first + layout.count)?;
        fields.iter().find(|field| is_json_name(field.name, name)).copied()
    }
}

fn is_json_name(proto: &str, json: &[u8]) -> bool {
    let mut after_underscore = false;
    let camel = proto.bytes().filter_map(|byte| {
        let upper = std::mem::replace(&mut after_underscore, byte == b'_');
        (byte != b'_').then_some(if upper { byte.to_ascii_uppercase() } else { byte })
    });
    !proto.is_empty() && (proto.as_bytes() == json || camel.eq(json.iter().copied()))
}

impl PartialEq for MessageType {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for MessageType {}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
