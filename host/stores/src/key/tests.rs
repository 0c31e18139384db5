//! Tests of boxes, plain AES-256-GCM, derived keys and claim signatures.

use super::*;
use crate::KeyUsage;

fn key(byte: u8) -> RingKey {
    named("k", byte)
}

fn named(id: &str, byte: u8) -> RingKey {
    let material = KeyMaterial::new([byte; 32]);
    let messages = MessageCounter::new(KeyUsage::default().counter(&material), 2);
    RingKey::new(id, &material, messages).unwrap()
}

fn parts() -> Vec<Bytes> {
    vec![Bytes::from_static(b"cloak"), Bytes::new(), Bytes::from_static(b"room")]
}

type Seal = fn(&RingKey, &[Bytes], &[u8]) -> Result<Bytes, KeyError>;
type Open = fn(&RingKey, Bytes, &[u8]) -> Result<Bytes, KeyError>;

const FORMATS: [(Seal, Open); 2] = [
    (|key, parts, aad| key.seal(parts, aad), |key, sealed, aad| key.open(sealed, aad)),
    (
        |key, parts, aad| key.seal_aes_gcm(parts, aad),
        |key, sealed, aad| key.open_aes_gcm(sealed, aad),
    ),
];

#[test]
fn opens_what_it_sealed() {
    for (seal, open) in FORMATS {
        let sealed = seal(&key(1), &parts(), b"for").unwrap();
        assert_eq!(open(&key(1), sealed.clone(), b"for").unwrap(), "cloakroom");
        assert_eq!(open(&key(1), sealed, b"for").unwrap(), "cloakroom");
    }
}

#[test]
fn opens_nothing_else() {
    for (seal, open) in FORMATS {
        let sealed = seal(&key(1), &parts(), b"for").unwrap();
        let check = |key: RingKey, sealed: &[u8], associated: &[u8]| {
            let shared = Bytes::copy_from_slice(sealed);
            assert_eq!(open(&key, shared.clone(), associated), Err(KeyError::Mismatch));
            assert_eq!(open(&key, shared, associated), Err(KeyError::Mismatch));
        };
        check(key(2), &sealed, b"for");
        check(key(1), &sealed, b"other");
        for length in 0..sealed.len() {
            check(key(1), &sealed[..length], b"for");
            let mut changed = sealed.to_vec();
            changed[length] ^= 1;
            check(key(1), &changed, b"for");
        }
    }
}

#[test]
fn a_box_is_bound_to_the_keys_id() {
    let sealed = key(1).seal(&parts(), b"").unwrap();
    assert_eq!(named("other", 1).open(sealed, b""), Err(KeyError::Mismatch));
}

#[test]
fn seals_deterministically_on_request() {
    let key = key(7);
    let seal = |text: &'static str, bound: &[u8]| {
        // The split into parts makes no difference.
        let (start, end) = text.split_at(1);
        key.seal_repeatably(&[start.into(), end.into()], bound).unwrap()
    };
    let sealed = seal("plain", b"a");
    assert_eq!(sealed, key.seal_repeatably(&["plain".into()], b"a").unwrap());
    assert_eq!(key.open(sealed.clone(), b"a").unwrap(), "plain");
    for other in [seal("plaim", b"a"), seal("plain", b"b")] {
        assert_ne!(sealed.get(..SALT), other.get(..SALT));
    }
}

#[test]
fn never_seals_twice_alike() {
    for (seal, _) in FORMATS {
        assert_ne!(seal(&key(1), &parts(), b""), seal(&key(1), &parts(), b""));
    }
}

#[test]
fn a_box_is_larger_by_its_overhead() {
    assert_eq!(key(1).seal(&parts(), b"").unwrap().len(), 9 + BOX_OVERHEAD);
}

#[test]
fn derives_by_purpose_and_salt() {
    let derive = |purpose: &str, salt: &[u8]| {
        let mut out = [0; 64];
        key(1).derive(purpose, salt, &mut out).unwrap();
        out
    };
    assert_eq!(derive("a", b"b"), derive("a", b"b"));
    assert_ne!(derive("a", b"b"), derive("ab", b""));
    assert_ne!(derive("a", b"b"), derive("a", b"c"));
}

/// Computed by Python's `hmac` for the key of 32 bytes 1.
#[test]
fn signs_claims_under_keys_that_it_does_not_derive() {
    let mut out = [0; 32];
    assert_eq!(key(1).derive(CLAIM_PURPOSE, b"", &mut out), Err(KeyError::Refused));
    assert_eq!(
        hex::encode(key(1).sign_claim(b"claim").unwrap()),
        "e21cba443ac26f11dd4469053ed4e14b0800ef7814efd45e3e8b1d18e9456cc8"
    );
    assert_eq!(
        hex::encode(key(1).sign_claim_v1(b"claim").unwrap()),
        "4717996ad0be56d02ca806c7f38763421e96584e85f6d0d0531d03464616b54d"
    );
    key(1).derive("cloakroom claim ", b"", &mut out).unwrap();
    assert_eq!(
        hex::encode(out),
        "f5eea1498af76f8545a47f4569d002af4b7610b11ad2a14630628090986af531"
    );
}

#[test]
fn plain_aes_gcm_ends_before_boxes_and_opening_do() {
    let key = key(1);
    let sealed = key.seal_aes_gcm(&parts(), b"").unwrap();
    key.seal_aes_gcm(&parts(), b"").unwrap();
    let refused = key.seal_aes_gcm(&parts(), b"").unwrap_err();
    assert_eq!(refused, KeyError::Exhausted { messages: 2 });
    assert!(refused.to_string().contains("make another key current"), "{refused}");
    assert_eq!(key.open_aes_gcm(sealed, b"").unwrap(), "cloakroom");
    assert!(key.seal(&parts(), b"").is_ok());
}

#[test]
fn prints_only_its_id() {
    assert_eq!(format!("{:?}", key(b'k')), "RingKey { id: \"k\", .. }");
}
