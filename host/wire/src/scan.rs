//! The payloads of a message, and the messages around them.

use std::{fmt, ops::Range};

use bytes::Bytes;

use crate::{MessageType, View};

/// The result of [`scan`](crate::scan): payloads in the order of the wire.
pub struct Scan {
    pub(crate) bytes: Bytes,
    pub(crate) message: MessageType,
    pub(crate) sites: Vec<Site>,
    pub(crate) spans: Vec<Span>,
    pub(crate) texts: Vec<Text>,
    pub(crate) unknown: Vec<UnknownField>,
}

/// The place of one payload.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Offset of the length before the payload, or before the text that it is a part of.
    pub(crate) length_at: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) field: u32,
    pub(crate) span: u32,
    pub(crate) form: Form,
}

/// The form in which a payload lies in its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// All bytes of a field: a protobuf message or a text.
    Whole,
    /// Part of [`Scan::texts`] with this number.
    Json(u32),
}

/// A text of JSON that holds payloads.
pub(crate) struct Text {
    /// Offset of the length before the text.
    pub(crate) length_at: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Number of the first site in the text. The others follow.
    pub(crate) first: usize,
    /// The payloads of these sites as protobuf messages.
    pub(crate) payloads: Vec<Bytes>,
}

/// Number of a [`Span`] in its [`Scan`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SpanId(pub(crate) u32);

/// A message around payloads, or one with the text of a failure. The first span is the whole message.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub(crate) message: u16,
    pub(crate) field: u32,
    pub(crate) index: u32,
    /// The span itself for the outermost message.
    pub(crate) parent: u32,
    pub(crate) length_at: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A field that the schema lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownField {
    /// Message type that holds the field.
    pub message: MessageType,
    /// Number of the field. Field 2 of `google.protobuf.Any` or `DataBlob` stands for contents of
    /// an unknown type, field 3 of `temporal.api.nexus.v1.Failure` for details that are no failure
    /// of Temporal; number 0 for all further fields, if there are very many.
    pub number: u32,
    /// Number of occurrences.
    pub count: u64,
}

impl Site {
    /// Returns the number of the field that holds the payload.
    #[must_use]
    pub fn field(&self) -> u32 {
        self.field
    }

    /// Returns the offsets of the payload, which is a protobuf message, a text, or an object of JSON.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the innermost message around the payload.
    #[must_use]
    pub fn span(&self) -> SpanId {
        SpanId(self.span)
    }
}

impl Span {
    /// Returns the number of the field that holds this message, or 0 for the outermost message.
    #[must_use]
    pub fn field(&self) -> u32 {
        self.field
    }

    /// Returns the position among the messages of the same field, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// Returns the offsets of the message.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the length of the message after it grew by `by` bytes.
    pub(crate) fn grown(&self, by: i64) -> u64 {
        (i64::from(self.end - self.start) + by) as u64
    }
}

impl Scan {
    /// Returns the places of all payloads.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// Returns a payload as a protobuf message, or as the text that it is, without copying it. No bytes
    /// if there is no such site.
    #[must_use]
    pub fn payload(&self, site: usize) -> Bytes {
        let Some(at) = self.sites.get(site) else { return Bytes::new() };
        let Form::Json(text) = at.form else { return self.bytes.slice(at.range()) };
        let text = self.texts.get(text as usize);
        let payload = text.and_then(|text| text.payloads.get(site.checked_sub(text.first)?));
        payload.cloned().unwrap_or_default()
    }

    /// Returns the whole message as it was scanned.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns a view of the outermost message.
    #[must_use]
    pub fn root(&self) -> View<'_> {
        View::new(self.message, &self.bytes)
    }

    /// Returns the spans around a site, the innermost first and the whole message last.
    pub fn around(&self, site: usize) -> impl Iterator<Item = SpanId> {
        let first = self.sites.get(site).map(Site::span);
        std::iter::successors(first, |&id| {
            let parent = SpanId(self.spans.get(id.0 as usize)?.parent);
            (parent != id).then_some(parent)
        })
    }

    /// Returns a span, or nothing if the number belongs to another scan.
    #[must_use]
    pub fn span(&self, id: SpanId) -> Option<&Span> {
        self.spans.get(id.0 as usize)
    }

    /// Returns a view of a span, for the fields beside a payload.
    #[must_use]
    pub fn view(&self, id: SpanId) -> Option<View<'_>> {
        let span = self.span(id)?;
        let message = self.message.schema.type_of(span.message);
        Some(View::new(message, self.bytes.get(span.range())?))
    }

    /// Returns all spans with their message types, in the order of the wire. Failures, those of Nexus,
    /// and results of queries are among them even if they hold no payload.
    pub fn spans(&self) -> impl Iterator<Item = (SpanId, MessageType)> {
        let types = self.spans.iter().map(|span| self.message.schema.type_of(span.message));
        (0..).map(SpanId).zip(types)
    }

    /// Returns the fields that the schema lacks.
    #[must_use]
    pub fn unknown(&self) -> &[UnknownField] {
        &self.unknown
    }

    /// Returns the path of a site for logs, for example
    /// `RespondWorkflowTaskCompletedRequest.commands[0].complete_workflow_execution_command_attributes.result.payloads`.
    #[must_use]
    pub fn path(&self, site: usize) -> String {
        let ids: Vec<SpanId> = self.around(site).collect();
        let mut path = self.message.name().rsplit('.').next().unwrap_or_default().to_owned();
        let mut outer = self.message;
        for span in ids.iter().rev().skip(1).filter_map(|&id| self.span(id)) {
            path = path + "." + outer.field_name(span.field).unwrap_or("?");
            if outer.schema.field(outer.id, span.field).repeated {
                path += &format!("[{}]", span.index);
            }
            outer = outer.schema.type_of(span.message);
        }
        let field = self.sites.get(site).and_then(|site| outer.field_name(site.field));
        path + "." + field.unwrap_or("?")
    }
}

/// Sizes only: the bytes are payloads.
impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("message", &self.message)
            .field("bytes", &self.bytes.len())
            .field("payloads", &self.sites.len())
            .field("unknown", &self.unknown)
            .finish()
    }
}
