//! A payload's protobuf message, read: it is measured before anything is allocated for it.

use bytes::{Bytes, BytesMut};

use crate::{
    Error, ErrorKind, Limit, Payload,
    fields::{Field, Fields, Kept},
    protobuf::NAME,
};

/// Memory of one entry besides its bytes: its place in the map, a name, a value, and what an
/// allocator adds to each. A map may be half empty.
const ENTRY: usize = 256;

/// Memory of a payload besides its entries.
const PAYLOAD: usize = 1024;

/// Names and unknown fields are copied. One that is longer counts as an entry for each so many
/// bytes, so that the number of entries bounds what is copied.
const COPIED: usize = 1024;

/// A payload's protobuf message, measured and not yet taken apart.
///
/// It may come from anybody. Two bytes of a message can cost hundreds of bytes of memory, so
/// whoever counts memory looks at [`Message::cost`] first.
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
    /// An entry is one of metadata, the size of something stored elsewhere, or a field that this
    /// version does not know. Fields that are repeated are counted as often as they are there, and
    /// a name or an unknown field of over 1 KiB once more for each KiB.
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
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// Returns how many bytes the payload will take, besides the message, which it shares.
    pub fn cost(&self) -> usize {
        cost(self.entries, self.names + self.unknown)
    }

    /// Takes the message apart. Body and metadata values share its memory.
    ///
    /// # Errors
    /// `Malformed` if a name is not text.
    pub fn into_payload(self) -> Result<Payload, Error> {
        let shared = |part: &[u8]| self.bytes.slice_ref(part);
        let mut payload = Payload::default();
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

/// Returns how many entries a payload has, as [`Message::measure`] counts them.
pub(crate) fn entries(payload: &Payload) -> usize {
    let (mut fields, mut unknown) = (Fields(&payload.unknown), 0);
    // What cannot be read is one: whoever reads the message says what is wrong with it.
    while !fields.is_empty() {
        let before = fields.0.len();
        if fields.skip_one().is_none() {
            unknown += 1 + before / COPIED;
            break;
        }
        unknown += 1 + (before - fields.0.len()) / COPIED;
    }
    let names = payload.metadata.keys().map(|name| 1 + name.len() / COPIED);
    names.sum::<usize>() + payload.external_sizes.len() + unknown
}

/// Returns how many bytes a payload takes.
pub(crate) fn footprint(payload: &Payload) -> usize {
    let text = payload.metadata.iter().map(|(name, value)| name.len() + value.len());
    let bytes = text.sum::<usize>() + payload.unknown.len() + payload.data.len();
    cost(entries(payload), bytes)
}

/// Returns what a payload of so many entries takes, which have `bytes` bytes with its body.
pub(crate) fn cost(entries: usize, bytes: usize) -> usize {
    entries.saturating_mul(ENTRY).saturating_add(bytes).saturating_add(PAYLOAD)
}

/// Says that something has more entries than it may.
pub(crate) fn too_many(most: usize) -> Error {
    let text = format!(
        "the payload has more than {most} entries, which are metadata, sizes and unknown fields \
         (`limits.entries`): raise it, or pass fewer"
    );
    Error::new(ErrorKind::LimitExceeded(Limit::Entries), text)
}

fn malformed() -> Error {
    Error::new(ErrorKind::Malformed, "not a payload message")
}

#[cfg(test)]
mod tests;
