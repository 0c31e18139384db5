//! The JSON of a Nexus failure against `serde_json`.

use bytes::Bytes;
use cloakroom_wire::{Scan, Schema, scan, splice};
use serde::de::IgnoredAny;
use serde_json::Value;

/// `Failure.metadata` that says which JSON follows, and the tag of `details`.
const HEAD: &[u8] = b"\x12\x27\x0a\x04type\x12\x1ftemporal.api.failure.v1.Failure\x1a";

/// Scans and rewrites a text.
pub(super) fn json(text: &[u8]) {
    let found = nexus(text);
    let count = found.sites().len();
    let is_read = found.unknown().is_empty();
    let value = serde_json::from_slice::<Value>(text);
    assert!(!is_read || serde_json::from_slice::<IgnoredAny>(text).is_ok(), "is no JSON");
    assert!(is_read || count == 0);
    let own: Vec<_> = (0..count).map(|site| Some(found.payload(site))).collect();
    assert_eq!(&splice(&found, own.clone()).expect("fits"), found.bytes(), "the same payloads");
    // metadata = {"a": "b"}, data = 100 bytes
    let other = Bytes::from([&b"\x0a\x06\x0a\x01a\x12\x01b\x12\x64"[..], &[7; 100]].concat());
    let written = splice(&found, vec![Some(other.clone()); count]).expect("fits");
    let again = rescan(&written);
    assert!(again.sites().len() == count, "payloads come or go");
    assert!((0..count).all(|site| again.payload(site) == other), "other payloads");
    // A payload may repeat an entry of its metadata, which JSON cannot.
    let back = rescan(&splice(&again, own).expect("fits"));
    assert!(back.sites().len() == count);
    if let (Ok(before), Some(text)) = (value, back.root().bytes("details")) {
        let after = serde_json::from_slice::<Value>(text).expect("is JSON");
        assert!(count > 0 || before == after, "something beside the payloads changed");
    }
}

fn nexus(text: &[u8]) -> Scan {
    let mut bytes = HEAD.to_vec();
    prost::encoding::encode_varint(text.len() as u64, &mut bytes);
    rescan(&Bytes::from([&bytes, text].concat()))
}

fn rescan(bytes: &Bytes) -> Scan {
    let message = Schema::temporal().message("temporal.api.nexus.v1.Failure");
    scan(message.expect("is in the table"), bytes).expect("reads any text")
}
