//! Reads fields of one message, one after the other, without a schema.

use crate::{WireErrorKind, varint};

/// Highest field number of protobuf.
const HIGHEST: u64 = (1 << 29) - 1;

/// A position in bytes that hold fields.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) end: usize,
}

/// The start of one field.
pub(crate) struct Tag {
    pub(crate) number: u32,
    pub(crate) wire: u8,
}

pub(crate) const LENGTH_DELIMITED: u8 = 2;
const START_GROUP: u8 = 3;
const END_GROUP: u8 = 4;

impl<'a> Reader<'a> {
    /// Reads `at..end`, which must lie within `bytes`.
    pub(crate) fn new(bytes: &'a [u8], at: usize, end: usize) -> Self {
        Self { bytes, at, end: end.min(bytes.len()) }
    }

    /// Reads the number and the wire type of the next field.
    #[inline]
    pub(crate) fn tag(&mut self) -> Result<Tag, WireErrorKind> {
        let key = self.varint()?;
        let number = key >> 3;
        if number == 0 || number > HIGHEST {
            return Err(WireErrorKind::FieldNumber);
        }
        Ok(Tag { number: number as u32, wire: (key & 7) as u8 })
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, WireErrorKind> {
        let read = varint::read(self.bytes, self.at).filter(|&(_, after)| after <= self.end);
        let (number, after) = read.ok_or(WireErrorKind::Varint)?;
        self.at = after;
        Ok(number)
    }

    /// Reads the length of a field, and returns the offset at which the field ends.
    #[inline]
    pub(crate) fn length(&mut self) -> Result<usize, WireErrorKind> {
        let start = self.at;
        let length = self.varint()?;
        let left = self.end - self.at;
        if length > left as u64 {
            self.at = start;
            return Err(WireErrorKind::Length { length, left });
        }
        Ok(self.at + length as usize)
    }

    /// Skips the field after its tag. Groups are skipped up to a nesting of `depth`.
    pub(crate) fn skip(&mut self, tag: &Tag, depth: usize) -> Result<(), WireErrorKind> {
        match tag.wire {
            START_GROUP => self.group(tag.number, depth),
            END_GROUP => Err(WireErrorKind::Group),
            _ => self.plain(tag.wire),
        }
    }

    fn plain(&mut self, wire: u8) -> Result<(), WireErrorKind> {
        match wire {
            0 => self.varint().map(drop),
            1 => self.fixed(8),
            LENGTH_DELIMITED => self.length().map(|end| self.at = end),
            5 => self.fixed(4),
            wire => Err(WireErrorKind::WireType(wire)),
        }
    }

    fn fixed(&mut self, width: usize) -> Result<(), WireErrorKind> {
        let left = self.end - self.at;
        if width > left {
            return Err(WireErrorKind::Length { length: width as u64, left });
        }
        self.at += width;
        Ok(())
    }

    /// A stack and no recursion: a stranger decides how deep groups are nested.
    fn group(&mut self, number: u32, depth: usize) -> Result<(), WireErrorKind> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            if self.at >= self.end {
                return Err(WireErrorKind::Group);
            }
            let tag = self.tag()?;
            match tag.wire {
                START_GROUP if open.len() >= depth => return Err(WireErrorKind::Nesting(depth)),
                START_GROUP => open.push(tag.number),
                END_GROUP if tag.number == innermost => drop(open.pop()),
                END_GROUP => return Err(WireErrorKind::Group),
                wire => self.plain(wire)?,
            }
        }
        Ok(())
    }
}
