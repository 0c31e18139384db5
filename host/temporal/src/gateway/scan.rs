//! Finds the payloads in a message, and puts others in their places.
//!
//! Only the bytes of what changes are written: unknown fields, their order, and numbers that are
//! written longer than needed stay as they are.

use std::ops::Range;

use bytes::Bytes;

use super::{
    proto::{LENGTH, Malformed, Reader, put_varint, varint_len},
    schema::{FieldType, MessageType, Schema},
};

/// Deepest nesting. The reference implementations of protobuf stop at 100 as well.
const DEPTH: usize = 100;

/// Fields of `google.protobuf.Any` and of `DataBlob`.
const TYPE_URL: u64 = 1;
const VALUE: u64 = 2;

/// `DataBlob.encoding_type` of protobuf.
const PROTO3: &[u8] = &[1];

/// A message and the payloads in it.
pub(super) struct Scan {
    bytes: Bytes,
    /// Messages around payloads and the payloads themselves, outermost first, in wire order.
    frames: Vec<Frame>,
    /// Frames that are payloads.
    sites: Vec<usize>,
}

/// Message inside a message.
struct Frame {
    parent: Option<usize>,
    /// Where the length begins.
    length_at: usize,
    content: Range<usize>,
}

/// Scans a message.
///
/// # Errors
/// If the bytes are not a protobuf message, or nested too deeply.
pub(super) fn scan(schema: &Schema, message: MessageType, bytes: Bytes) -> Result<Scan, Malformed> {
    let mut scanner = Scanner { schema, bytes: &bytes, frames: Vec::new(), sites: Vec::new() };
    scanner.message(message, 0..bytes.len(), None, 0)?;
    let Scanner { frames, sites, .. } = scanner;
    Ok(Scan { bytes, frames, sites })
}

struct Scanner<'a> {
    schema: &'a Schema,
    bytes: &'a [u8],
    frames: Vec<Frame>,
    sites: Vec<usize>,
}

impl Scanner<'_> {
    fn message(
        &mut self,
        message: MessageType,
        range: Range<usize>,
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), Malformed> {
        if depth > DEPTH {
            return Err(Malformed { offset: range.start });
        }
        let mut fields = Reader::new(self.bytes, range);
        while let Some(field) = fields.next()? {
            if field.wire_type != LENGTH {
                continue;
            }
            let Some(known) = self.schema.field(message, field.number) else {
                continue;
            };
            let frame = self.frames.len();
            let content = field.content.clone();
            self.frames.push(Frame { parent, length_at: field.behind_tag, content: field.content });
            match known {
                FieldType::Payload => self.sites.push(frame),
                FieldType::Message(inner) => {
                    self.message(inner, content, Some(frame), depth + 1)?;
                }
                FieldType::Any | FieldType::Blob => {
                    self.wrapped(known, content, frame, depth + 1)?;
                }
            }
            // Most messages inside hold no payload.
            if self.sites.last().is_none_or(|last| *last < frame) {
                self.frames.truncate(frame);
            }
        }
        Ok(())
    }

    /// Scans a message that is the value of another one, if its type is known.
    fn wrapped(
        &mut self,
        kind: FieldType,
        range: Range<usize>,
        parent: usize,
        depth: usize,
    ) -> Result<(), Malformed> {
        let mut fields = Reader::new(self.bytes, range);
        let (mut first, mut value) = (None, None);
        while let Some(field) = fields.next()? {
            match field.number {
                TYPE_URL => first = self.bytes.get(field.content),
                VALUE if field.wire_type == LENGTH => value = Some(field),
                _ => {}
            }
        }
        let name = match (kind, first) {
            (FieldType::Blob, Some(PROTO3)) => Some("temporal.api.history.v1.History"),
            (FieldType::Any, Some(url)) => {
                let url = std::str::from_utf8(url).ok();
                url.and_then(|url| url.rsplit('/').next())
            }
            _ => None,
        };
        let inner = name.and_then(|name| self.schema.message(name));
        let (Some(inner), Some(value)) = (inner, value) else {
            return Ok(());
        };
        let frame = self.frames.len();
        let content = value.content.clone();
        let length_at = value.behind_tag;
        self.frames.push(Frame { parent: Some(parent), length_at, content: value.content });
        self.message(inner, content, Some(frame), depth)
    }
}

impl Scan {
    /// Returns the payloads, in wire order. They share the memory of the message.
    pub(super) fn payloads(&self) -> impl ExactSizeIterator<Item = Bytes> + '_ {
        self.sites.iter().map(|site| match self.frames.get(*site) {
            Some(frame) => self.bytes.slice(frame.content.clone()),
            None => Bytes::new(),
        })
    }

    /// Returns for each payload the message that it is in: payloads of one list have the same.
    pub(super) fn parents(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        self.sites.iter().map(|site| self.frames.get(*site).and_then(|frame| frame.parent))
    }

    /// Returns the message.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the message with these payloads in the places of its own, of which there are as many.
    pub(super) fn splice(self, payloads: &[Bytes]) -> Bytes {
        let mut lengths: Vec<_> = self.frames.iter().map(|frame| frame.content.len()).collect();
        for (site, payload) in self.sites.iter().zip(payloads) {
            if let Some(length) = lengths.get_mut(*site) {
                *length = payload.len();
            }
        }
        // The inner messages come behind the outer ones, so from the end each length is final.
        let mut total = self.bytes.len();
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let new = lengths.get(index).copied().unwrap_or_default();
            let Some((grown, shrunk)) = frame.change(new) else {
                continue;
            };
            let outer = frame.parent.and_then(|parent| lengths.get_mut(parent));
            let outer = outer.unwrap_or(&mut total);
            *outer = (*outer + grown).saturating_sub(shrunk);
        }
        let mut spliced = Vec::with_capacity(total);
        let (mut copied, mut sites) = (0, self.sites.iter().zip(payloads).peekable());
        for (index, frame) in self.frames.iter().enumerate() {
            let new = lengths.get(index).copied().unwrap_or_default();
            let payload = sites.next_if(|(site, _)| **site == index).map(|(_, payload)| payload);
            if payload.is_none() && new == frame.content.len() {
                continue;
            }
            spliced.extend_from_slice(self.bytes.get(copied..frame.length_at).unwrap_or_default());
            copied = frame.length_at;
            if new != frame.content.len() {
                put_varint(&mut spliced, new as u64);
                copied = frame.content.start;
            }
            if let Some(payload) = payload {
                let length = self.bytes.get(copied..frame.content.start).unwrap_or_default();
                spliced.extend_from_slice(length);
                spliced.extend_from_slice(payload);
                copied = frame.content.end;
            }
        }
        spliced.extend_from_slice(self.bytes.get(copied..).unwrap_or_default());
        spliced.into()
    }
}

impl Frame {
    /// Returns by how much the frame grows and shrinks with a new length, if it changes.
    fn change(&self, new: usize) -> Option<(usize, usize)> {
        let old = self.content.len();
        let written = self.content.start - self.length_at;
        (new != old).then(|| (varint_len(new) + new, written + old))
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::put_bytes;
    use super::*;

    fn field(number: u64, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, number, value);
        bytes
    }

    fn start() -> MessageType {
        let method = Schema::temporal().method("StartWorkflowExecution");
        method.unwrap().request.unwrap()
    }

    /// A start with two arguments, a header and an unknown field.
    fn request(one: &[u8], other: &[u8], header: &[u8]) -> Vec<u8> {
        let entry = [field(1, b"key"), field(2, header)].concat();
        let input = [field(1, one), field(1, other)].concat();
        let parts = [
            field(1, b"namespace"),
            field(2, b"id"),
            field(5, &input),
            field(9999, b"unknown"),
            field(17, &field(1, &entry)),
        ];
        parts.concat()
    }

    #[test]
    fn replaces_payloads_of_any_size() {
        for (old, new) in [(0, 300), (300, 0), (127, 128), (16_384, 16_383), (5, 5), (1, 3_000_000)]
        {
            let (before, after) = (vec![8; old], vec![9; new]);
            let bytes = Bytes::from(request(b"a", &before, &before));
            let found = scan(Schema::temporal(), start(), bytes).unwrap();
            let payloads: Vec<_> = found.payloads().collect();
            assert_eq!(payloads, [&b"a"[..], &before, &before]);
            let after = Bytes::from(after);
            let spliced = found.splice(&[after.clone(), "b".into(), after.clone()]);
            assert_eq!(spliced, request(&after, b"b", &after), "{old} {new}");
        }
    }

    #[test]
    fn identity_is_the_same_bytes() {
        // The length of the namespace is written in two bytes where one would do.
        let mut bytes = vec![0x0a, 0x83, 0x00, b'a', b'b', b'c'];
        bytes.extend(field(5, &field(1, b"payload")));
        let bytes = Bytes::from(bytes);
        let found = scan(Schema::temporal(), start(), bytes.clone()).unwrap();
        let payloads: Vec<_> = found.payloads().collect();
        assert_eq!(payloads.len(), 1);
        assert_eq!(found.splice(&payloads), bytes);
    }

    #[test]
    fn malformed_bytes_are_an_error() {
        let failure = Schema::temporal().message("temporal.api.failure.v1.Failure").unwrap();
        let mut nested = Vec::new();
        for _ in 0..200 {
            nested = field(4, &nested);
        }
        assert!(scan(Schema::temporal(), failure, nested.into()).is_err());
        for wrong in [
            &[0x0a, 0xff][..],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[0x0f],
            &[0],
            &[0x0c],
        ] {
            assert!(scan(Schema::temporal(), start(), wrong.to_vec().into()).is_err(), "{wrong:?}");
        }
        // Every cut of a message either is one or is refused, and never panics.
        let whole = request(b"one", b"other", b"header");
        for end in 0..whole.len() {
            let _ = scan(Schema::temporal(), start(), whole[..end].to_vec().into());
        }
    }
}
