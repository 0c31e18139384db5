//! Reader of a payload's protobuf message, which is measured before anything is allocated for it.

use bytes::{Bytes, BytesMut};

use crate::{
    ENTRIES, Error, ErrorKind, Limit, Payload, Remedy,
    fields::{Field, Fields, Kept},
    protobuf::NAME,
};

/// Memory of one entry besides its bytes: its place in the map, a name, a value, and the overhead of
/// the allocator for each. A map may be half empty.
const ENTRY: usize = 256;

/// Memory of a payload besides its entries.
const PAYLOAD: usize = 1024;

/// Names and unknown fields are copied. A longer one counts as one more entry for each 1,024 bytes, so
/// that the limit of entries also bounds the copied bytes.
const COPIED: usize = 1024;

/// Protobuf message of a payload, measured and not yet parsed.
///
/// It may come from anybody. Two bytes of a message can cost hundreds of bytes of memory, so the caller
/// counts [`Message::cost`] before it parses.
pub struct Message {
    bytes: Bytes,
    entries: usize,
    sizes: usize,
    unknown: usize,
    names: usize,
}

impl Message {
    /// Measures a message of at most `entries` entries. Allocates nothing, and stops at the first
    /// entry too many.
    ///
    /// An entry is one of metadata, the size of a stored object, or a field that this version does not
    /// know. Repeated fields count each time, and a name or an unknown field of over 1 KiB counts once
    /// more for each KiB.
    ///
    /// # Errors
    /// `Malformed` if `bytes` is not a payload message, `LimitExceeded(Entries)` if it has more
    /// entries.
    pub fn measure(bytes: Bytes, entries: usize) -> Result<Self, Error> {
        let mut measured = Self { bytes, entries: 0, sizes: 0, unknown: 0, names: 0 };
        let whole = measured.bytes.clone();
        let mut count = Count { entries: 0, most: entries };
        let (mut fields, mut bodies) = (Fields(&whole), 0);
        while !fields.is_empty() {
            match fields.next().ok_or_else(malformed)? {
                Field::Data(_) if bodies == 0 => bodies = 1,
                // A parser keeps the last of several bodies, and no SDK writes two: whoever sends more
                // has each counted.
                Field::Data(_) => count.add(1)?,
                Field::Metadata(entry) => {
                    count.add(1)?;
                    measured.names += count.inner(entry, 2)?;
                }
                Field::External(size) => {
                    count.add(1)?;
                    count.inner(size, 1)?;
                    measured.sizes += 1;
                }
                Field::Unknown(field) => {
                    count.add(1 + field.len() / COPIED)?;
                    measured.unknown += field.len();
                }
            }
        }
        measured.entries = count.entries;
        Ok(measured)
    }

    /// Returns how many entries it has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// Returns how many bytes the payload will take besides the message, which it shares.
    #[must_use]
    pub fn cost(&self) -> usize {
        Payload::cost_of(self.entries, self.names + self.unknown)
    }

    /// Parses the message. Body and metadata values share its memory.
    ///
    /// # Errors
    /// `Malformed` if a name is not text.
    pub fn into_payload(self) -> Result<Payload, Error> {
        let shared = |part: &[u8]| self.bytes.slice_ref(part);
        let mut payload = Payload::default();
        // Exact: a list that doubles as it grows would take more memory than was charged for it.
        payload.external_sizes.reserve_exact(self.sizes);
        let mut unknown = BytesMut::with_capacity(self.unknown);
        let mut fields = Fields(&self.bytes);
        while !fields.is_empty() {
            match fields.next().ok_or_else(malformed)? {
                Field::Metadata(entry) => {
                    let Kept { name, value } = Fields(entry).entry().ok_or_else(malformed)?;
                    payload.metadata.insert(name.to_owned(), shared(value));
                }
                Field::Data(data) => payload.data = shared(data),
                Field::External(size) => {
                    payload.external_sizes.push(Fields(size).size().ok_or_else(malformed)?);
                }
                Field::Unknown(field) => unknown.extend_from_slice(field),
            }
        }
        payload.unknown = unknown.freeze();
        Ok(payload)
    }
}

impl Payload {
    /// Reads a protobuf message of at most [`ENTRIES`] entries; the body shares `bytes`.
    ///
    /// # Errors
    /// `Malformed` if `bytes` is not a payload message, `LimitExceeded(Entries)` if it has more
    /// entries.
    pub fn from_envelope(bytes: Bytes) -> Result<Self, Error> {
        Self::from_envelope_within(bytes, ENTRIES)
    }

    /// Reads a protobuf message of at most `entries` entries; the body shares `bytes`.
    ///
    /// # Errors
    /// As [`Payload::from_envelope`].
    pub fn from_envelope_within(bytes: Bytes, entries: usize) -> Result<Self, Error> {
        Message::measure(bytes, entries)?.into_payload()
    }

    /// Returns how many entries it has: metadata, external sizes, and fields of a later version. They
    /// count as [`Message::measure`] counts them.
    #[must_use]
    pub fn entries(&self) -> usize {
        let (mut fields, mut unknown) = (Fields(&self.unknown), 0);
        // A field that cannot be read counts as one: the reader of the message reports it.
        while !fields.is_empty() {
            let before = fields.0.len();
            if fields.skip_one().is_none() {
                unknown += 1 + before / COPIED;
                break;
            }
            unknown += 1 + (before - fields.0.len()) / COPIED;
        }
        let names = self.metadata.keys().map(|name| 1 + name.len() / COPIED);
        names.sum::<usize>() + self.external_sizes.len() + unknown
    }

    /// Refuses a payload of more than `most` entries.
    ///
    /// # Errors
    /// `LimitExceeded(Entries)`.
    pub fn check_entries(&self, most: usize) -> Result<(), Error> {
        if self.entries() <= most { Ok(()) } else { Err(too_many(most)) }
    }

    /// Returns how many bytes of memory a payload of `entries` entries takes at most, whose names,
    /// values, body and unknown fields have `bytes` bytes.
    #[must_use]
    pub fn cost_of(entries: usize, bytes: usize) -> usize {
        entries.saturating_mul(ENTRY).saturating_add(bytes).saturating_add(PAYLOAD)
    }

    /// Returns how many bytes of memory it takes at most: its parts, and the overhead of the map and
    /// the allocator.
    #[must_use]
    pub fn footprint(&self) -> usize {
        let text = self.metadata.iter().map(|(name, value)| name.len() + value.len());
        let bytes = text.sum::<usize>() + self.unknown.len() + self.data.len();
        Self::cost_of(self.entries(), bytes)
    }

    /// Returns how many bytes of memory a clone takes, which shares the body.
    #[must_use]
    pub fn footprint_around(&self) -> usize {
        self.footprint() - self.data.len()
    }
}

/// Entries counted so far.
struct Count {
    entries: usize,
    most: usize,
}

impl Count {
    fn add(&mut self, entries: usize) -> Result<(), Error> {
        self.entries += entries;
        if self.entries <= self.most { Ok(()) } else { Err(too_many(self.most)) }
    }

    /// Counts the fields within a field, of which `usual` are part of it. Returns the length of the
    /// longest name.
    fn inner(&mut self, bytes: &[u8], usual: usize) -> Result<usize, Error> {
        let (mut fields, mut seen, mut name) = (Fields(bytes), 0, 0);
        while !fields.is_empty() {
            let (tag, length) = fields.skip_one().ok_or_else(malformed)?;
            if tag == u64::from(NAME) && usual > 1 {
                self.add(length / COPIED)?;
                name = name.max(length);
            }
            seen += 1;
            if seen > usual {
                self.add(1)?;
            }
        }
        Ok(name)
    }
}

fn too_many(most: usize) -> Error {
    let text = format!(
        "the payload has more than {most} entries, which are metadata, sizes and unknown fields: \
         pass fewer, or raise the limit"
    );
    let error = Error::new(ErrorKind::LimitExceeded(Limit::Entries), text);
    error.with_remedies(&[Remedy::Entries])
}

fn malformed() -> Error {
    Error::new(ErrorKind::Malformed, "not a payload message")
}

#[cfg(test)]
mod tests;
