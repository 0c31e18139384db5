//! Tests of the codec as the host calls it.

use cloakroom_guest::{Buffer, Context, Error, Payload, PayloadCodec, Settings, Target, testing};

use super::ChaCha20Poly1305;

fn load() -> ChaCha20Poly1305 {
    ChaCha20Poly1305::load(&Settings::from([("ring", "main")])).unwrap()
}

fn ctx() -> Context {
    testing::context(Target::default())
}

fn sealed(body: &[u8]) -> Payload {
    load().encode(&ctx(), &testing::payload(body)).unwrap().unwrap()
}

#[test]
fn what_is_encoded_is_decoded() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    for length in [0, 1, 1000, 200_000] {
        let body: Vec<u8> = (0..length).map(|index| index as u8).collect();
        let sealed = sealed(&body);
        assert_eq!(sealed.get("sealed-key").as_deref(), Some(&b"key-1"[..]));
        let opened = load().decode(&ctx(), &sealed).unwrap();
        assert!(opened.data().to_vec() == body, "{length}");
        assert_eq!(opened.metadata(), testing::payload(&body).metadata());
    }
}

#[test]
fn each_payload_has_a_key_of_its_own() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    let [one, two] = [sealed(b"same"), sealed(b"same")];
    assert_ne!(one.data().to_vec(), two.data().to_vec());
    assert_ne!(one.get("sealed-salt"), two.get("sealed-salt"));
}

#[test]
fn a_rotated_key_is_found_and_a_removed_one_is_not() {
    let host = testing::Host::new().with_ring("main", &["old"]);
    let sealed = sealed(b"body");
    let host = host.with_ring("main", &["new", "old"]);
    assert!(load().decode(&ctx(), &sealed).is_ok());
    let _host = host.with_ring("main", &["new"]);
    assert!(matches!(load().decode(&ctx(), &sealed), Err(Error::NotFound(_))));
}

#[test]
fn changed_payloads_are_malformed() {
    let _host = testing::Host::new().with_ring("main", &["key-1", "key-2"]);
    let sealed = sealed(b"body");
    let with = |name: &str, value: &[u8]| {
        let mut metadata = sealed.metadata();
        metadata.retain(|(entry, _)| entry != name);
        metadata.push((name.to_owned(), value.to_vec()));
        Payload::new(&metadata, &sealed.data())
    };
    let mut changed = sealed.data().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    for payload in [
        with("sealed-key", b"key-2"),
        with("sealed-key", b"\xff"),
        with("sealed-salt", &[0; 24]),
        with("sealed-salt", b"short"),
        Payload::new(&sealed.metadata(), &Buffer::new(&changed)),
        Payload::new(&sealed.metadata(), &Buffer::new(b"")),
    ] {
        let opened = load().decode(&ctx(), &payload);
        assert!(matches!(opened, Err(Error::Malformed(_))), "{opened:?}");
    }
}

#[test]
fn a_ring_is_needed() {
    let error = ChaCha20Poly1305::load(&Settings::default()).err();
    assert_eq!(error, Some(Error::misconfigured("setting `ring` is needed")));
}

/// A fresh instance pays for each call to the host.
#[test]
fn a_small_payload_takes_few_calls() {
    let host = testing::Host::new().with_ring("main", &["key-1"]);
    let (codec, ctx, payload) = (load(), ctx(), testing::payload(b"body"));
    let start = host.calls();
    let sealed = codec.encode(&ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    codec.decode(&ctx, &sealed).unwrap();
    assert_eq!([between - start, host.calls() - between], [6, 9]);
}
