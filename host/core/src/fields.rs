//! Parser of the protobuf fields of a payload message. The bytes are untrusted: every length is checked.

use crate::protobuf::{DATA, EXTERNAL, METADATA, NAME, SIZE, VALUE};

/// Protobuf fields that were not read yet.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

/// One field of a payload message.
pub(crate) enum Field<'a> {
    Metadata(&'a [u8]),
    Data(&'a [u8]),
    External(&'a [u8]),
    /// The whole field, including its tag.
    Unknown(&'a [u8]),
}

/// Fields of a metadata entry; of repeated fields the last. Each name must be text, as in official
/// parsers, also if a later one replaces it.
pub(crate) struct Kept<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next field of a payload message.
    pub(crate) fn next(&mut self) -> Option<Field<'a>> {
        let start = self.0;
        match self.varint()? {
            tag if tag == u64::from(METADATA) => self.delimited().map(Field::Metadata),
            tag if tag == u64::from(DATA) => self.delimited().map(Field::Data),
            tag if tag == u64::from(EXTERNAL) => self.delimited().map(Field::External),
            tag => {
                self.skip(tag)?;
                start.get(..start.len() - self.0.len()).map(Field::Unknown)
            }
        }
    }

    /// Skips any field. Returns its tag, and the length of its contents if it has one.
    pub(crate) fn skip_one(&mut self) -> Option<(u64, usize)> {
        let tag = self.varint()?;
        Some((tag, self.skip(tag)?))
    }

    /// Reads all fields as a metadata entry.
    pub(crate) fn entry(mut self) -> Option<Kept<'a>> {
        let mut kept = Kept { name: "", value: &[] };
        while !self.is_empty() {
            match self.varint()? {
                tag if tag == u64::from(NAME) => {
                    kept.name = std::str::from_utf8(self.delimited()?).ok()?;
                }
                tag if tag == u64::from(VALUE) => kept.value = self.delimited()?,
                tag => {
                    self.skip(tag)?;
                }
            }
        }
        Some(kept)
    }

    /// Reads all fields as the size of a stored object.
    pub(crate) fn size(mut self) -> Option<i64> {
        let mut size = 0;
        while !self.is_empty() {
            match self.varint()? {
                tag if tag == u64::from(SIZE) => size = self.varint()?.cast_signed(),
                tag => {
                    self.skip(tag)?;
                }
            }
        }
        Some(size)
    }

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
                self.0 = self.0.get(index + 1..)?;
                return Some(value);
            }
        }
        None
    }

    fn delimited(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, tag: u64) -> Option<usize> {
        // A tag has 32 bits.
        if tag >> 3 == 0 || tag > u64::from(u32::MAX) {
            return None;
        }
        match tag & 7 {
            0 => self.varint().map(|_| 0),
            1 => self.take(8).map(<[u8]>::len),
            2 => self.delimited().map(<[u8]>::len),
            5 => self.take(4).map(<[u8]>::len),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As official parsers do.
    #[test]
    fn refuses_numbers_tags_and_names_that_are_none() {
        let more_than_64_bits = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
        assert!(Fields(more_than_64_bits).size().is_none());
        let all_64_bits = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(Fields(all_64_bits).size(), Some(-1));
        let tag_of_33_bits = b"\x88\x80\x80\x80\x10\x01";
        assert!(Fields(tag_of_33_bits).next().is_none());
        let replaced_name = b"\x0a\x01\xff\x0a\x01a";
        assert!(Fields(replaced_name).entry().is_none());
    }
}
