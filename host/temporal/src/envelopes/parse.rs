//! Strict protobuf parser that replaces the payloads in a message.
//!
//! The bytes come from a history, or from anybody who can send payloads to a worker. A message with
//! a field outside its schema is refused. An ordinary parser would skip such a field, and a user's
//! payload in it would pass unencrypted.
//!
//! Fields are kept as the bytes they came in, not decoded and encoded again, so that a message
//! without changed payloads is written back byte for byte.

use bytes::Bytes;
use cloakroom_core::{Charge, ENTRIES, Error, Message, Payload};

use super::schema::{Fields, Shape};

/// Most payloads, and most messages around them, of one envelope.
///
/// Each takes at least two bytes on the wire and several hundred in memory, so the size of an
/// envelope does not bound its memory.
const MAX_PARTS: usize = 4096;

/// Message, separated from its payloads.
pub(super) struct Parsed {
    pub(super) parts: Vec<Part>,
    pub(super) payloads: Vec<Payload>,
}

/// Part of a message.
pub(super) enum Part {
    /// Fields without payloads, unchanged.
    Raw(Bytes),
    /// Field with a message that contains payloads.
    Container(u32, Vec<Part>),
    /// Field with a payload.
    Payload(u32),
}

/// Reason why a message cannot be parsed.
#[derive(Debug)]
pub(super) enum ParseError {
    /// The message does not match its schema. The text completes a sentence that starts with its
    /// name.
    Unsupported(String),
    /// The memory budget has no room for its payloads.
    OutOfMemory(Error),
}

impl From<String> for ParseError {
    fn from(why: String) -> Self {
        Self::Unsupported(why)
    }
}

/// Parses a message. `charge` grows before a payload is allocated.
///
/// # Errors
/// If the message does not match its schema, or the memory budget has no room for it.
pub(super) fn parse(
    message: Bytes,
    fields: Fields,
    charge: &mut Charge,
) -> Result<Parsed, ParseError> {
    let mut parser = Parser { payloads: Vec::new(), remaining: MAX_PARTS, charge };
    let parts = parser.message(message, fields)?;
    Ok(Parsed { parts, payloads: parser.payloads })
}

/// Returns the message with these payloads in their places, or `None` if there are too few.
pub(super) fn write(parts: &[Part], payloads: Vec<Payload>) -> Option<Bytes> {
    let mut out = Vec::new();
    write_parts(parts, &mut payloads.into_iter(), &mut out)?;
    Some(out.into())
}

struct Parser<'a> {
    payloads: Vec<Payload>,
    remaining: usize,
    charge: &'a mut Charge,
}

impl Parser<'_> {
    fn message(&mut self, message: Bytes, fields: Fields) -> Result<Vec<Part>, ParseError> {
        let (mut parts, mut input, mut raw) = (Vec::new(), message.clone(), message);
        while !input.is_empty() {
            // The bytes between the last part and this field are at the start of `raw`.
            let before = raw.len() - input.len();
            let Field { number, shape, value } = read_field(&mut input, fields)?;
            let part = match shape {
                Shape::Payload => Part::Payload(number),
                Shape::Container(fields) => {
                    self.count()?;
                    Part::Container(number, self.message(value.clone(), fields)?)
                }
                Shape::Message(fields) => {
                    validate(value, fields)?;
                    continue;
                }
                _ => continue,
            };
            if let Part::Payload(_) = part {
                self.count()?;
                let inner = Message::measure(value, ENTRIES).map_err(|_| unreadable(number))?;
                self.charge.grow(inner.cost()).map_err(ParseError::OutOfMemory)?;
                self.payloads.push(inner.into_payload().map_err(|_| unreadable(number))?);
            }
            if before != 0 {
                parts.push(Part::Raw(raw.slice(..before)));
            }
            parts.push(part);
            raw = input.clone();
        }
        if !raw.is_empty() {
            parts.push(Part::Raw(raw));
        }
        Ok(parts)
    }

    fn count(&mut self) -> Result<(), String> {
        let Some(remaining) = self.remaining.checked_sub(1) else {
            return Err(format!("with more than {MAX_PARTS} payloads and messages around them"));
        };
        self.remaining = remaining;
        Ok(())
    }
}

/// Validates a message without payloads. The recursion is bounded, because schemas are finite.
fn validate(mut input: Bytes, fields: Fields) -> Result<(), String> {
    while !input.is_empty() {
        let Field { shape, value, .. } = read_field(&mut input, fields)?;
        if let Shape::Message(fields) | Shape::Container(fields) = shape {
            validate(value, fields)?;
        }
    }
    Ok(())
}

/// Field of a schema. `value` is empty for numbers.
struct Field {
    number: u32,
    shape: Shape,
    value: Bytes,
}

fn read_field(input: &mut Bytes, fields: Fields) -> Result<Field, String> {
    let tag = varint(input).and_then(|tag| u32::try_from(tag).ok());
    let tag = tag.ok_or_else(|| "whose bytes are not a message".to_owned())?;
    let (number, wire) = (tag >> 3, tag & 7);
    let known = fields.iter().find(|(known, _)| *known == number);
    let (_, shape) = known.ok_or_else(|| {
        format!("with a field {number} that this version of Cloakroom does not know")
    })?;
    let value = match (wire, shape) {
        (0, Shape::Varint) => varint(input).map(|_| Bytes::new()),
        (1, Shape::Fixed64) => take(input, 8).map(|_| Bytes::new()),
        (5, Shape::Fixed32) => take(input, 4).map(|_| Bytes::new()),
        // Official parsers refuse text that is not UTF-8. Comparing with them found that this one
        // let it pass.
        (2, Shape::Text) => delimited(input).filter(|text| str::from_utf8(text).is_ok()),
        (2, Shape::Bytes | Shape::Container(_) | Shape::Message(_) | Shape::Payload) => {
            delimited(input)
        }
        _ => None,
    };
    let value = value.ok_or_else(|| unreadable(number))?;
    Ok(Field { number, shape: *shape, value })
}

fn unreadable(number: u32) -> String {
    format!("whose field {number} cannot be read")
}

fn varint(input: &mut Bytes) -> Option<u64> {
    let mut value = 0u64;
    for (index, byte) in input.iter().take(10).enumerate() {
        // A tenth byte has room for one bit. The shift would drop the others in silence, so two
        // encodings would be read as one number.
        if index == 9 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            let _ = input.split_to(index + 1);
            return Some(value);
        }
    }
    None
}

fn take(input: &mut Bytes, len: usize) -> Option<Bytes> {
    (input.len() >= len).then(|| input.split_to(len))
}

fn delimited(input: &mut Bytes) -> Option<Bytes> {
    let len = usize::try_from(varint(input)?).ok()?;
    take(input, len)
}

fn write_parts(
    parts: &[Part],
    payloads: &mut impl Iterator<Item = Payload>,
    out: &mut Vec<u8>,
) -> Option<()> {
    for part in parts {
        match part {
            Part::Raw(fields) => out.extend_from_slice(fields),
            Part::Payload(number) => {
                let envelope = payloads.next()?.envelope();
                write_head(*number, envelope.len(), out);
                for part in [&envelope.head, &envelope.body, &envelope.tail] {
                    out.extend_from_slice(part);
                }
            }
            Part::Container(number, parts) => {
                let mut message = Vec::new();
                write_parts(parts, payloads, &mut message)?;
                write_head(*number, message.len(), out);
                out.append(&mut message);
            }
        }
    }
    Some(())
}

/// Writes the tag and length of a field of `len` bytes.
fn write_head(number: u32, len: usize, out: &mut Vec<u8>) {
    for mut value in [u64::from(number << 3 | 2), len as u64] {
        while value > 0x7f {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }
}

#[cfg(test)]
mod tests;
