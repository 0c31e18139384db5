//! The protobuf message of a payload: `metadata = 1 (map<string, bytes>)`, `data = 2 (bytes)`.
//!
//! Other fields are kept as they are and written after the body.

use std::{collections::BTreeMap, ops::Range};

const METADATA: u64 = 1 << 3 | 2;
const DATA: u64 = 2 << 3 | 2;
const NAME: u64 = 1 << 3 | 2;
const VALUE: u64 = 2 << 3 | 2;

/// A message that was read.
#[derive(Default)]
pub(crate) struct Message {
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
    /// The place of the body in the message.
    pub(crate) data: Range<usize>,
    pub(crate) rest: Vec<u8>,
}

impl Message {
    /// Reads a message, or returns `None` if it is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut message = Self::default();
        let mut fields = Fields { bytes, offset: 0 };
        while fields.offset < bytes.len() {
            let start = fields.offset;
            match fields.varint()? {
                METADATA => {
                    let (name, value) = entry(bytes.get(fields.delimited()?)?)?;
                    message.metadata.insert(name, value);
                }
                DATA => message.data = fields.delimited()?,
                tag => {
                    fields.skip(tag)?;
                    message.rest.extend_from_slice(bytes.get(start..fields.offset)?);
                }
            }
        }
        Some(message)
    }
}

fn entry(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let (mut name, mut value) = (String::new(), Vec::new());
    let mut fields = Fields { bytes, offset: 0 };
    while fields.offset < bytes.len() {
        match fields.varint()? {
            NAME => name = String::from_utf8(bytes.get(fields.delimited()?)?.to_vec()).ok()?,
            VALUE => value = bytes.get(fields.delimited()?)?.to_vec(),
            tag => fields.skip(tag)?,
        }
    }
    Some((name, value))
}

/// Fields from an offset on.
struct Fields<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.offset)?;
            self.offset += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.offset.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let taken = self.offset..end;
        self.offset = end;
        Some(taken)
    }

    fn delimited(&mut self) -> Option<Range<usize>> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    fn skip(&mut self, tag: u64) -> Option<()> {
        if tag >> 3 == 0 {
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

/// Writes a message as the host does: metadata in the order of its names, an empty body left out.
pub(crate) fn write_message(
    metadata: &BTreeMap<String, Vec<u8>>,
    data: &[u8],
    rest: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in metadata {
        let mut entry = Vec::new();
        put(&mut entry, NAME, name.as_bytes());
        put(&mut entry, VALUE, value);
        put(&mut out, METADATA, &entry);
    }
    if !data.is_empty() {
        put(&mut out, DATA, data);
    }
    out.extend_from_slice(rest);
    out
}

fn put(out: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    put_varint(out, tag);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the official Python SDK: encoding `json/plain`, data `"hi"`.
    const OFFICIAL: &[u8] = b"\x0a\x16\x0a\x08encoding\x12\x0ajson/plain\x12\x04\"hi\"";

    #[test]
    fn reads_and_writes_as_the_official_sdk() {
        let message = Message::read(OFFICIAL).unwrap();
        assert_eq!(message.metadata["encoding"], b"json/plain");
        let data = &OFFICIAL[message.data.clone()];
        assert_eq!(data, b"\"hi\"");
        assert_eq!(write_message(&message.metadata, data, &message.rest), OFFICIAL);
    }

    #[test]
    fn keeps_other_fields() {
        let message = Message::read(b"\x1a\x02\x08\x05\x12\x01x").unwrap();
        assert_eq!(
            write_message(&message.metadata, b"x", &message.rest),
            b"\x12\x01x\x1a\x02\x08\x05"
        );
    }

    #[test]
    fn refuses_every_truncation() {
        for end in (1..OFFICIAL.len()).filter(|end| *end != 24) {
            assert!(Message::read(&OFFICIAL[..end]).is_none(), "cut at {end}");
        }
        assert!(Message::read(b"\xff\xff").is_none());
        assert!(Message::read(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").is_none());
    }
}
