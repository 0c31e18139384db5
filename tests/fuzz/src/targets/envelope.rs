//! The envelope parser against prost's, generated from Temporal's own `.proto` files.
//!
//! Two differences are known. A field of ours with another wire type is an unknown field to us, as
//! to Go and C++, and to prost an error or a field of ours. A group, which proto3 does not have, is
//! an error to us.

use bytes::{Buf, Bytes};
use cloakroom::{ErrorKind, Limit, Payload};
use cloakroom_core::Message;
use prost::{
    DecodeError, Message as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use temporalio_common::protos::temporal::api::common::v1::Payload as Official;

use crate::promise;

/// Reads `data` with both parsers and compares.
pub(crate) fn envelope(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let ours = Payload::from_envelope(bytes.clone());
    let official = Official::decode(data);
    match (&ours, &official) {
        (Ok(ours), Ok(official)) if !differs(bytes.clone()) => same(ours, official),
        (Ok(_), Ok(_)) => {}
        (Err(error), Err(_)) => promise::check(error),
        (Ok(_), Err(error)) => assert!(differs(bytes.clone()), "prost refuses it: {error}"),
        (Err(error), Ok(_)) if error.kind() == ErrorKind::LimitExceeded(Limit::Entries) => {}
        (Err(error), Ok(_)) => assert!(differs(bytes.clone()), "we refuse it: {error}"),
    }
    if let Ok(payload) = ours {
        written(&payload);
        measured(bytes, &payload);
    }
}

/// Checks that the cost of a message covers its payload, and that it has as
/// many entries as are allowed, and no fewer.
fn measured(bytes: Bytes, payload: &Payload) {
    let length = bytes.len();
    let message = Message::measure(bytes.clone(), usize::MAX).expect("has been read");
    assert!(payload.entries() <= message.entries(), "{} entries", payload.entries());
    assert!(payload.footprint() <= message.cost() + length, "takes {}", payload.footprint());
    assert!(Message::measure(bytes.clone(), message.entries()).is_ok());
    if let Some(fewer) = message.entries().checked_sub(1) {
        assert!(Message::measure(bytes, fewer).is_err());
    }
}

fn same(ours: &Payload, official: &Official) {
    assert_eq!(ours.metadata.len(), official.metadata.len());
    for (name, value) in &ours.metadata {
        assert_eq!(official.metadata.get(name).map(Vec::as_slice), Some(&**value));
    }
    assert_eq!(*ours.data, *official.data);
    let sizes: Vec<_> = official.external_payloads.iter().map(|one| one.size_bytes).collect();
    assert_eq!(ours.external_sizes, sizes);
}

/// Checks that both parsers read the same from what ours writes.
fn written(payload: &Payload) {
    let bytes = payload.envelope().to_bytes();
    assert_eq!(bytes.len(), payload.encoded_len());
    let again = Payload::from_envelope(bytes.clone()).expect("reads what it wrote");
    assert!(again == *payload, "changed on its way");
    match Official::decode(bytes.clone()) {
        Ok(official) if !differs(bytes) => same(payload, &official),
        _ => {}
    }
}

/// Returns whether a message has something that is known to be read differently.
fn differs(mut bytes: Bytes) -> bool {
    while bytes.has_remaining() {
        let Ok((tag, wire)) = decode_key(&mut bytes) else {
            return false;
        };
        let differs = match (tag, wire) {
            (_, WireType::StartGroup | WireType::EndGroup) => true,
            (1, WireType::LengthDelimited) => {
                nested(&mut bytes, &[1, 2], WireType::LengthDelimited)
            }
            (3, WireType::LengthDelimited) => nested(&mut bytes, &[1], WireType::Varint),
            (1..=3, wire) => wire != WireType::LengthDelimited || skip(tag, wire, &mut bytes),
            _ => skip(tag, wire, &mut bytes),
        };
        if differs {
            return true;
        }
    }
    false
}

/// The same of a message within: its `known` fields have one wire type.
fn nested(bytes: &mut Bytes, known: &[u32], expected: WireType) -> bool {
    let length = decode_varint(bytes).map_or(0, |length| length as usize);
    let mut inner = bytes.split_to(length.min(bytes.len()));
    while inner.has_remaining() {
        let Ok((tag, wire)) = decode_key(&mut inner) else {
            return false;
        };
        let is_group = matches!(wire, WireType::StartGroup | WireType::EndGroup);
        if is_group || (known.contains(&tag) && wire != expected) {
            return true;
        }
        if skip(tag, wire, &mut inner) {
            return false;
        }
    }
    false
}

/// Skips a field. Returns false, since a skipped field is no difference. A field that cannot be
/// skipped ends the message.
fn skip(tag: u32, wire: WireType, bytes: &mut Bytes) -> bool {
    let skipped: Result<(), DecodeError> = skip_field(wire, tag, bytes, DecodeContext::default());
    if skipped.is_err() {
        bytes.clear();
    }
    false
}
