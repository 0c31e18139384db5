//! Tests of measuring and reading payload messages.

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
        assert!(text.contains("more than 8 entries"), "{text}");
    }
}

#[test]
fn counts_long_names_and_unknown_fields_by_their_length() {
    let long = Payload::default().with_metadata(&"n".repeat(3000), "v".repeat(3000));
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
