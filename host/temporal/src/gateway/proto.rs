//! Protobuf wire format: fields as they lie in a message, and a writer of small messages.

use std::ops::Range;

/// Wire types with a length, and with a varint.
pub(super) const LENGTH: u8 = 2;
const VARINT: u8 = 0;

/// Deepest nesting of groups, which are skipped. Temporal has none.
const GROUPS: usize = 16;

/// Field of a message. Ranges are offsets in the bytes that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) wire_type: u8,
    /// Whole field, with its tag.
    pub(super) whole: Range<usize>,
    /// Offset behind the tag, where a length begins.
    pub(super) behind_tag: usize,
    /// Contents, behind the length if there is one.
    pub(super) content: Range<usize>,
}

/// Reads the fields of `bytes[at..end]`, one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

/// The bytes are not a protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self { bytes, at: range.start, end: range.end.min(bytes.len()) }
    }

    /// Returns the next field, or none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Field>, Malformed> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        let field = self.field(start, 0).ok_or(Malformed { offset: start })?;
        Ok(Some(field))
    }

    fn field(&mut self, start: usize, depth: usize) -> Option<Field> {
        let tag = self.varint()?;
        let (number, wire_type) = (tag >> 3, (tag & 7) as u8);
        let behind_tag = self.at;
        let content = match wire_type {
            VARINT => {
                self.varint()?;
                behind_tag..self.at
            }
            1 => self.skip(8)?,
            LENGTH => {
                let length = self.varint()?;
                self.skip(usize::try_from(length).ok()?)?
            }
            3 if depth < GROUPS => loop {
                let inner = self.field(self.at, depth + 1)?;
                if inner.wire_type == 4 {
                    break behind_tag..inner.whole.start;
                }
            },
            4 if depth > 0 => behind_tag..behind_tag,
            5 => self.skip(4)?,
            _ => return None,
        };
        (number != 0).then_some(Field {
            number,
            wire_type,
            whole: start..self.at,
            behind_tag,
            content,
        })
    }

    fn skip(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end)?;
        let range = self.at..end;
        self.at = end;
        Some(range)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).filter(|_| self.at < self.end)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

/// Returns the value of a varint.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    reader.varint().unwrap_or_default()
}

/// Returns the contents of the field at a path of numbers: the last one where there are several, as
/// protobuf has it.
pub(super) fn at_path<'a>(bytes: &'a [u8], path: &[u64]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_first()?;
    let mut reader = Reader::new(bytes, 0..bytes.len());
    let mut found = None;
    while let Ok(Some(field)) = reader.next() {
        if field.number == *first {
            found = bytes.get(field.content);
        }
    }
    if rest.is_empty() { found } else { at_path(found?, rest) }
}

/// Returns the text at a path, if it is there and not empty.
pub(super) fn text_at<'a>(bytes: &'a [u8], path: &[u64]) -> Option<&'a str> {
    std::str::from_utf8(at_path(bytes, path)?).ok().filter(|text| !text.is_empty())
}

/// Appends a varint.
pub(super) fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Returns how many bytes a varint takes.
pub(super) fn varint_len(value: usize) -> usize {
    ((64 - (value as u64 | 1).leading_zeros()) as usize).div_ceil(7)
}

/// Appends a field with a length: bytes, text or a message.
pub(super) fn put_bytes(into: &mut Vec<u8>, number: u64, value: &[u8]) {
    put_varint(into, number << 3 | u64::from(LENGTH));
    put_varint(into, value.len() as u64);
    into.extend_from_slice(value);
}

/// Appends a field with a number.
pub(super) fn put_number(into: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(into, number << 3);
    put_varint(into, value);
}
