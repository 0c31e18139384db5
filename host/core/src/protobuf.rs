//! Protobuf message of a payload, written by hand so that bodies are shared and never copied.
//! `message` reads it.
//!
//! `metadata = 1 (map<string, bytes>)`, `data = 2 (bytes)`, `external_payloads = 3
//! (repeated { size_bytes = 1 (int64) })`.

use bytes::{Bytes, BytesMut};

use crate::Payload;

pub(crate) const METADATA: u8 = field(1, 2);
pub(crate) const DATA: u8 = field(2, 2);
pub(crate) const EXTERNAL: u8 = field(3, 2);
pub(crate) const NAME: u8 = field(1, 2);
pub(crate) const VALUE: u8 = field(2, 2);
pub(crate) const SIZE: u8 = field(1, 0);

const fn field(number: u8, wire_type: u8) -> u8 {
    number << 3 | wire_type
}

/// Protobuf message of a payload, in three parts that follow each other. The body shares the memory of
/// the payload.
#[derive(Clone)]
pub struct Envelope {
    /// Metadata, and the tag and length of the body.
    pub head: Bytes,
    /// The body.
    pub body: Bytes,
    /// Fields after the body.
    pub tail: Bytes,
}

impl Payload {
    /// Returns the payload as its protobuf message.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        Envelope::from_payload(self)
    }

    /// Returns how many bytes the protobuf message has.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        head_len(self) + self.data.len() + tail_len(self)
    }
}

impl Envelope {
    fn from_payload(payload: &Payload) -> Self {
        let mut head = Vec::with_capacity(head_len(payload));
        for (name, value) in &payload.metadata {
            head.push(METADATA);
            put_varint(&mut head, entry_len(name, value) as u64);
            head.push(NAME);
            put_bytes(&mut head, name.as_bytes());
            head.push(VALUE);
            put_bytes(&mut head, value);
        }
        if !payload.data.is_empty() {
            head.push(DATA);
            put_varint(&mut head, payload.data.len() as u64);
        }
        let mut tail = Vec::with_capacity(tail_len(payload));
        for size in &payload.external_sizes {
            tail.push(EXTERNAL);
            put_varint(&mut tail, external_len(*size) as u64);
            if *size != 0 {
                tail.push(SIZE);
                put_varint(&mut tail, size.cast_unsigned());
            }
        }
        tail.extend_from_slice(&payload.unknown);
        Self { head: head.into(), body: payload.data.clone(), tail: tail.into() }
    }

    /// Returns the number of bytes in all parts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len() + self.tail.len()
    }

    /// Returns whether all parts are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a copy of the message in one piece.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.head);
        whole.extend_from_slice(&self.body);
        whole.extend_from_slice(&self.tail);
        whole.freeze()
    }
}

fn head_len(payload: &Payload) -> usize {
    let metadata: usize = payload
        .metadata
        .iter()
        .map(|(name, value)| 1 + delimited_len(entry_len(name, value)))
        .sum();
    match payload.data.len() {
        0 => metadata,
        body => metadata + 1 + varint_len(body as u64),
    }
}

fn tail_len(payload: &Payload) -> usize {
    let external: usize =
        payload.external_sizes.iter().map(|size| 1 + delimited_len(external_len(*size))).sum();
    external + payload.unknown.len()
}

fn entry_len(name: &str, value: &[u8]) -> usize {
    2 + delimited_len(name.len()) + delimited_len(value.len())
}

fn external_len(size: i64) -> usize {
    if size == 0 { 0 } else { 1 + varint_len(size.cast_unsigned()) }
}

fn delimited_len(len: usize) -> usize {
    varint_len(len as u64) + len
}

fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the official Python SDK: encoding `json/plain`, data `"hi"`.
    const OFFICIAL: &[u8] = b"\x0a\x16\x0a\x08encoding\x12\x0ajson/plain\x12\x04\"hi\"";

    #[test]
    fn writes_what_the_official_sdk_writes() {
        let payload = Payload::new("json/plain", "\"hi\"");
        assert_eq!(payload.envelope().to_bytes(), OFFICIAL);
        assert_eq!(payload.encoded_len(), OFFICIAL.len());
    }

    #[test]
    fn writes_the_size_of_what_is_stored_elsewhere() {
        let payload = Payload { external_sizes: vec![30], ..Payload::default() };
        assert_eq!(payload.envelope().to_bytes(), b"\x1a\x02\x08\x1e"[..]);
    }
}
