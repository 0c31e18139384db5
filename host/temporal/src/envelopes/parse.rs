//! A strict parser of protobuf messages that takes payloads out, and puts others in.
//!
//! The bytes come from a history or from whoever hands payloads to a worker. A message is refused
//! if it has a field that its schema does not: such a field could hold anything.

use bytes::Bytes;
use cloakroom_core::{Charge, ENTRIES, Error, Message, Payload};

use super::schema::{Fields, Shape};

/// The most payloads, and the most messages with payloads, that one envelope may have. Each costs
/// memory many times the two bytes that it may have.
const PARTS: usize = 4096;

/// A message without its payloads.
pub(super) struct Parsed {
    pub(super) parts: Vec<Part>,
    pub(super) payloads: Vec<Payload>,
}

/// A piece of a message.
pub(super) enum Part {
    /// Fields as they came.
    Raw(Bytes),
    /// A message that holds payloads.
    Holder(u32, Vec<Part>),
    /// The place of a payload.
    Payload(u32),
}

/// Why a message is not taken apart.
#[derive(Debug)]
pub(super) enum Refused {
    /// The reason, as the end of a sentence that begins with the message's name.
    Why(String),
    /// There is no memory for its payloads.
    NoMemory(Error),
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self::Why(why)
    }
}

/// Parses a message. Its payloads are counted by `charge` before they are made.
///
/// # Errors
/// If the schema has no such message, or there is no memory for it.
pub(super) fn parse(
    message: Bytes,
    fields: Fields,
    charge: &mut Charge,
) -> Result<Parsed, Refused> {
    let mut parser = Parser { payloads: Vec::new(), left: PARTS, charge };
    let parts = parser.message(message, fields)?;
    Ok(Parsed { parts, payloads: parser.payloads })
}

/// Returns a message of these parts with these payloads in their places; none if there are too few.
pub(super) fn write(parts: &[Part], payloads: Vec<Payload>) -> Option<Bytes> {
    let mut out = Vec::new();
    write_parts(parts, &mut payloads.into_iter(), &mut out)?;
    Some(out.into())
}

struct Parser<'a> {
    payloads: Vec<Payload>,
    left: usize,
    charge: &'a mut Charge,
}

impl Parser<'_> {
    fn message(&mut self, message: Bytes, fields: Fields) -> Result<Vec<Part>, Refused> {
        let (mut parts, mut input, mut raw) = (Vec::new(), message.clone(), message);
        while !input.is_empty() {
            // What was read since the last part stands at the start of `raw`.
            let before = raw.len() - input.len();
            let Field { number, shape, value } = field(&mut input, fields)?;
            let part = match shape {
                Shape::Payload => Part::Payload(number),
                Shape::Holder(fields) => {
                    self.count()?;
                    Part::Holder(number, self.message(value.clone(), fields)?)
                }
                Shape::Message(fields) => {
                    check(value, fields)?;
                    continue;
                }
                _ => continue,
            };
            if let Part::Payload(_) = part {
                self.count()?;
                let inner = Message::measure(value, ENTRIES).map_err(|_| unreadable(number))?;
                self.charge.grow(inner.cost()).map_err(Refused::NoMemory)?;
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
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("with more than {PARTS} payloads and messages around them"))?;
        Ok(())
    }
}

/// Checks a message without payloads. Schemas do not nest without end.
fn check(mut input: Bytes, fields: Fields) -> Result<(), String> {
    while !input.is_empty() {
        let Field { shape, value, .. } = field(&mut input, fields)?;
        if let Shape::Message(fields) | Shape::Holder(fields) = shape {
            check(value, fields)?;
        }
    }
    Ok(())
}

/// A field that a schema has. `value` is empty for numbers.
struct Field {
    number: u32,
    shape: Shape,
    value: Bytes,
}

fn field(input: &mut Bytes, fields: Fields) -> Result<Field, String> {
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
        (2, Shape::Text) => delimited(input).filter(|text| str::from_utf8(text).is_ok()),
        (2, Shape::Bytes | Shape::Holder(_) | Shape::Message(_) | Shape::Payload) => {
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
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            let _ = input.split_to(index + 1);
            return Some(value);
        }
    }
    None
}

fn take(input: &mut Bytes, len: usize) -> Option<Bytes> {
    (len <= input.len()).then(|| input.split_to(len))
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
            Part::Holder(number, parts) => {
                let mut message = Vec::new();
                write_parts(parts, payloads, &mut message)?;
                write_head(*number, message.len(), out);
                out.append(&mut message);
            }
        }
    }
    Some(())
}

/// Writes what stands before a field of `len` bytes.
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
