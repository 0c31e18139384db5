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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ENTRIES;

    fn decode(bytes: impl Into<Bytes>) -> Result<Payload, Error> {
        Payload::from_envelope(bytes.into())
    }

    #[test]
    fn shares_the_body_it_reads() {
        let bytes = Payload::new("json/plain", "\"hi\"").envelope().to_bytes();
        let payload = decode(bytes.clone()).unwrap();
        assert_eq!(payload.data.as_ptr(), bytes[26..].as_ptr());
    }

    #[test]
    fn keeps_fields_of_a_later_version() {
        let payload = decode(&b"\x22\x01x\x12\x01y\x28\x05"[..]).unwrap();
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
        ] {
            let error = decode(Bytes::from_static(bytes)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{bytes:?}");
        }
    }

    /// Two bytes each: sizes, entries without a name, bodies, unknown fields, and fields within
    /// one.
    #[test]
    fn refuses_too_many_entries_of_every_kind() {
        let inner = |field: &[u8], times: usize| {
            let body = field.repeat(times);
            let mut bytes = vec![METADATA_TAG];
            bytes.extend(varint(body.len()));
            bytes.extend(body);
            bytes
        };
        for (bytes, most) in [
            (b"\x1a\x00".repeat(9), 9),
            (b"\x0a\x00".repeat(9), 9),
            (b"\x12\x00".repeat(10), 9),
            (b"\x2a\x00".repeat(9), 9),
            (inner(b"\x0a\x00", 10), 9),
        ] {
            assert_eq!(Message::measure(bytes.clone().into(), most).unwrap().entries(), most);
            let error = Message::measure(bytes.into(), most - 1).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Entries));
            let text = error.to_string();
            assert!(text.contains("more than 8 entries") && text.contains("`limits.entries`"));
        }
    }

    #[test]
    fn counts_long_names_and_unknown_fields_by_their_length() {
        let long = Payload::default().with(&"n".repeat(3000), "v".repeat(3000));
        let unknown = [&b"\x2a\x80\x10"[..], &[7; 2048]].concat();
        let payload = Payload { unknown: unknown.into(), ..long };
        assert_eq!(payload.entries(), (1 + 2) + (1 + 2));
        let message = Message::measure(payload.envelope().to_bytes(), 6).unwrap();
        assert_eq!(message.entries(), 6);
        assert!(Message::measure(payload.envelope().to_bytes(), 5).is_err());
    }

    const METADATA_TAG: u8 = crate::protobuf::METADATA;

    fn varint(len: usize) -> Vec<u8> {
        assert!(len < 128);
        vec![len as u8]
    }

    /// A million entries of two bytes each: the first too many ends it.
    #[test]
    fn a_hostile_message_is_refused_before_anything_is_made_of_it() {
        let bytes = Bytes::from(b"\x1a\x00".repeat(1 << 20));
        assert!(Message::measure(bytes.clone(), ENTRIES).is_err());
        assert!(decode(bytes).is_err());
    }

    proptest! {
        #[test]
        fn round_trips(entries: std::collections::BTreeMap<String, Vec<u8>>, data: Vec<u8>, external_sizes: Vec<i64>) {
            let metadata = entries.into_iter().map(|(name, value)| (name, value.into())).collect();
            let payload = Payload { metadata, data: data.into(), external_sizes, unknown: Bytes::new() };
            let bytes = payload.envelope().to_bytes();
            prop_assert_eq!(bytes.len(), payload.encoded_len());
            let message = Message::measure(bytes.clone(), payload.entries()).unwrap();
            prop_assert_eq!(message.entries(), payload.entries());
            prop_assert!(message.cost() <= payload.footprint());
            prop_assert!(payload.footprint() <= message.cost() + bytes.len());
            prop_assert!(message.into_payload().unwrap() == payload);
        }

        /// A message that can be read has as many entries as were counted, or fewer if some are
        /// repeated.
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            if let Ok(message) = Message::measure(bytes.into(), ENTRIES) {
                let entries = message.entries();
                if let Ok(payload) = message.into_payload() {
                    prop_assert!(payload.entries() <= entries);
                    prop_assert!(decode(payload.envelope().to_bytes()).unwrap() == payload);
                }
            }
        }
    }
}
