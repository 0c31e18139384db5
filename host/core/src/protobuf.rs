//! The protobuf form of a payload, written by hand so that bodies are shared and never copied.
//!
//! `metadata = 1 (map<string, bytes>)`, `data = 2 (bytes)`, `external_payloads = 3
//! (repeated { size_bytes = 1 (int64) })`.

use bytes::{Bytes, BytesMut};

use crate::{Error, ErrorKind, Payload};

const METADATA: u8 = field(1, 2);
const DATA: u8 = field(2, 2);
const EXTERNAL: u8 = field(3, 2);
const NAME: u8 = field(1, 2);
const VALUE: u8 = field(2, 2);
const SIZE: u8 = field(1, 0);

const fn field(number: u8, wire_type: u8) -> u8 {
    number << 3 | wire_type
}

/// A payload's protobuf message in three parts that are read one after the other; the middle one,
/// the body, shares the payload's memory.
#[derive(Clone)]
pub struct Envelope {
    /// Metadata, and what announces the body.
    pub head: Bytes,
    /// The body.
    pub body: Bytes,
    /// What follows the body.
    pub tail: Bytes,
}

impl Envelope {
    pub(crate) fn of(payload: &Payload) -> Self {
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
        let mut tail = Vec::new();
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

    /// The number of bytes in all parts.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len() + self.tail.len()
    }

    /// Whether there is nothing in any part.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message in one piece: a copy.
    pub fn to_bytes(&self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.head);
        whole.extend_from_slice(&self.body);
        whole.extend_from_slice(&self.tail);
        whole.freeze()
    }
}

pub(crate) fn encoded_len(payload: &Payload) -> usize {
    let external: usize =
        payload.external_sizes.iter().map(|size| 1 + delimited_len(external_len(*size))).sum();
    head_len(payload) + payload.data.len() + external + payload.unknown.len()
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

pub(crate) fn decode(bytes: Bytes) -> Result<Payload, Error> {
    read_payload(bytes).ok_or_else(|| Error::new(ErrorKind::Malformed, "not a payload message"))
}

fn read_payload(bytes: Bytes) -> Option<Payload> {
    let mut input = Reader(bytes);
    let mut payload = Payload::default();
    let mut unknown = BytesMut::new();
    while !input.0.is_empty() {
        let start = input.0.clone();
        match input.varint()? {
            tag if tag == u64::from(METADATA) => {
                let (name, value) = read_entry(input.delimited()?)?;
                payload.metadata.insert(name, value);
            }
            tag if tag == u64::from(DATA) => payload.data = input.delimited()?,
            tag if tag == u64::from(EXTERNAL) => {
                payload.external_sizes.push(read_external(input.delimited()?)?);
            }
            tag => {
                input.skip(tag)?;
                unknown.extend_from_slice(start.get(..start.len() - input.0.len())?);
            }
        }
    }
    payload.unknown = unknown.freeze();
    Some(payload)
}

fn read_entry(bytes: Bytes) -> Option<(String, Bytes)> {
    let mut input = Reader(bytes);
    let (mut name, mut value) = (Bytes::new(), Bytes::new());
    while !input.0.is_empty() {
        match input.varint()? {
            tag if tag == u64::from(NAME) => name = input.delimited()?,
            tag if tag == u64::from(VALUE) => value = input.delimited()?,
            tag => input.skip(tag)?,
        }
    }
    Some((String::from_utf8(name.to_vec()).ok()?, value))
}

fn read_external(bytes: Bytes) -> Option<i64> {
    let mut input = Reader(bytes);
    let mut size = 0;
    while !input.0.is_empty() {
        match input.varint()? {
            tag if tag == u64::from(SIZE) => size = input.varint()?.cast_signed(),
            tag => input.skip(tag)?,
        }
    }
    Some(size)
}

/// What is left to read. The bytes come from anywhere: every length is checked.
struct Reader(Bytes);

impl Reader {
    /// Reads a number of at most 64 bits.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            // The tenth byte has room for one bit.
            if index == 9 && *byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let _ = self.0.split_to(index + 1);
                return Some(value);
            }
        }
        None
    }

    fn delimited(&mut self) -> Option<Bytes> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    fn take(&mut self, len: usize) -> Option<Bytes> {
        (len <= self.0.len()).then(|| self.0.split_to(len))
    }

    fn skip(&mut self, tag: u64) -> Option<()> {
        // A tag has 32 bits.
        if tag >> 3 == 0 || tag > u64::from(u32::MAX) {
            return None;
        }
        match tag & 7 {
            0 => self.varint().map(drop),
            1 => self.take(8).map(drop),
            2 => self.delimited().map(drop),
            5 => self.take(4).map(drop),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn shares_the_body_it_reads() {
        let bytes = Bytes::from_static(OFFICIAL);
        let payload = decode(bytes.clone()).unwrap();
        assert_eq!(payload.data.as_ptr(), bytes[26..].as_ptr());
    }

    #[test]
    fn keeps_fields_of_a_later_version() {
        let bytes = Bytes::from_static(b"\x22\x01x\x12\x01y\x28\x05");
        let payload = decode(bytes).unwrap();
        assert_eq!(payload.data, "y");
        assert_eq!(payload.envelope().to_bytes(), b"\x12\x01y\x22\x01x\x28\x05"[..]);
    }

    #[test]
    fn refuses_what_is_not_a_message() {
        for bytes in [
            &b"\x0a"[..],
            b"\x12\x05hi",
            b"\x07",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x0a\x03\x0a\x01\xff",
            b"\x1a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            b"\x88\x80\x80\x80\x10\x01",
        ] {
            assert!(decode(Bytes::from_static(bytes)).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(entries: std::collections::BTreeMap<String, Vec<u8>>, data: Vec<u8>, external_sizes: Vec<i64>) {
            let metadata = entries.into_iter().map(|(name, value)| (name, value.into())).collect();
            let payload = Payload { metadata, data: data.into(), external_sizes, unknown: Bytes::new() };
            let bytes = payload.envelope().to_bytes();
            prop_assert_eq!(bytes.len(), payload.encoded_len());
            prop_assert!(decode(bytes).unwrap() == payload);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = decode(bytes.into());
        }
    }
}
