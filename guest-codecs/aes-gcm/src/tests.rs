//! Tests of the codec as the host calls it.

use cloakroom_guest::{Buffer, Context, Error, Payload, PayloadCodec, Settings, Target, testing};

use super::AesGcm;

fn load(settings: &[(&str, &str)]) -> AesGcm {
    let settings = settings.iter().copied().chain([("ring", "main")]);
    AesGcm::load(&settings.collect()).unwrap()
}

fn ctx(namespace: &str) -> Context {
    testing::context(Target { namespace: Some(namespace.to_owned()), ..Target::default() })
}

fn nowhere() -> Context {
    testing::context(Target::default())
}

fn seal(codec: &AesGcm, ctx: &Context) -> Payload {
    codec.encode(ctx, &testing::payload(b"body")).unwrap().unwrap()
}

#[test]
fn both_formats_come_back() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    for (format, encoding, key) in [
        ("sealed", &b"binary/sealed"[..], "sealed-key"),
        ("temporal", b"binary/encrypted", "encryption-key-id"),
    ] {
        let codec = load(&[("format", format)]);
        let sealed = seal(&codec, &ctx("payments"));
        assert_eq!(sealed.get("encoding").as_deref(), Some(encoding));
        assert_eq!(sealed.get(key).as_deref(), Some(&b"key-1"[..]));
        let opened = codec.decode(&ctx("payments"), &sealed).unwrap();
        assert_eq!(opened.data().to_vec(), b"body");
        assert_eq!(opened.metadata(), testing::payload(b"body").metadata());
    }
}

#[test]
fn a_wrapped_key_stands_beside_the_payload_as_temporal_proxy_has_it() {
    let _host = testing::Host::new().with_ring("main", &["temporal-proxy:awskms:///k#AAAA"]);
    let sealed = seal(&load(&[("format", "temporal-proxy")]), &nowhere());
    let metadata = [
        ("encoding", "binary/encrypted"),
        ("encryption-dek", "AAAA"),
        ("encryption-key-id", "awskms:///k"),
    ];
    let mut found = sealed.metadata();
    found.sort();
    let expect = metadata.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    assert_eq!(found, expect);
    let reader = load(&[("accept", "sealed, temporal-proxy")]);
    assert_eq!(reader.describe().encodings, ["binary/sealed", "binary/encrypted;encryption-dek"]);
    assert_eq!(reader.decode(&nowhere(), &sealed).unwrap().data().to_vec(), b"body");
    let other = load(&[]).decode(&nowhere(), &sealed);
    assert!(matches!(other, Err(Error::Malformed(_))), "{other:?}");
}

#[test]
fn a_ring_without_wrapped_keys_writes_no_such_format() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    let codec = load(&[("format", "temporal-proxy")]);
    let sealed = codec.encode(&nowhere(), &testing::payload(b"body"));
    assert!(matches!(sealed, Err(Error::Misconfigured(_))), "{sealed:?}");
}

#[test]
fn the_host_is_told_the_accepted_encodings() {
    let encodings = |settings: &[(&str, &str)]| load(settings).describe().encodings;
    assert_eq!(encodings(&[]), ["binary/sealed", "binary/encrypted"]);
    assert_eq!(encodings(&[("accept", "sealed")]), ["binary/sealed"]);
    assert_eq!(encodings(&[("namespace", "require")]), ["binary/sealed"]);
}

#[test]
fn a_payload_opens_in_its_namespace() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    let codec = load(&[]);
    let sealed = seal(&codec, &ctx("payments"));
    assert!(codec.decode(&nowhere(), &sealed).is_ok());
    let elsewhere = codec.decode(&ctx("orders"), &sealed).unwrap_err();
    assert_eq!(elsewhere, Error::malformed("sealed for another namespace"));
    assert!(load(&[("namespace", "record")]).decode(&ctx("orders"), &sealed).is_ok());
    let require = load(&[("namespace", "require")]);
    assert!(require.encode(&nowhere(), &testing::payload(b"body")).is_err());
    assert!(require.decode(&nowhere(), &sealed).is_err());
    assert!(require.decode(&ctx("payments"), &sealed).is_ok());
}

/// The namespace in the clear is bound to the body.
#[test]
fn a_forged_label_is_malformed() {
    let _host = testing::Host::new().with_ring("main", &["key-1", "key-2"]);
    let codec = load(&[]);
    let sealed = seal(&codec, &ctx("payments"));
    for (name, value) in [("sealed-namespace", "orders"), ("sealed-key", "key-2")] {
        let mut metadata = sealed.metadata();
        metadata.retain(|(entry, _)| entry != name);
        metadata.push((name.to_owned(), value.into()));
        let forged = Payload::new(&metadata, &sealed.data());
        let opened = codec.decode(&ctx("orders"), &forged);
        assert!(matches!(opened, Err(Error::Malformed(_))), "{name}: {opened:?}");
    }
    let cut = Payload::new(&sealed.metadata(), &sealed.data().slice(0, 60));
    assert!(matches!(codec.decode(&nowhere(), &cut), Err(Error::Malformed(_))));
    let other = Payload::new(&testing::payload(b"").metadata(), &Buffer::new(b""));
    assert!(matches!(codec.decode(&nowhere(), &other), Err(Error::Malformed(_))));
}

#[test]
fn only_a_repeatable_codec_repeats_itself() {
    let _host = testing::Host::new().with_ring("main", &["key-1"]);
    let twice = |codec: &AesGcm| {
        [seal(codec, &nowhere()), seal(codec, &nowhere())].map(|sealed| sealed.data().to_vec())
    };
    let [one, two] = twice(&load(&[("repeatable", "true")]));
    assert_eq!(one, two);
    let [one, two] = twice(&load(&[]));
    assert_ne!(one, two);
}

#[test]
fn keys_are_rotated_and_removed() {
    let host = testing::Host::new().with_ring("main", &["old"]);
    let codec = load(&[]);
    let sealed = seal(&codec, &nowhere());
    let host = host.with_ring("main", &["new", "old"]);
    assert_eq!(seal(&codec, &nowhere()).get("sealed-key").as_deref(), Some(&b"new"[..]));
    assert!(codec.decode(&nowhere(), &sealed).is_ok());
    let _host = host.with_ring("main", &["new"]);
    assert!(matches!(codec.decode(&nowhere(), &sealed), Err(Error::NotFound(_))));
}

#[test]
fn misspelt_settings_are_refused() {
    let settings = Settings::from([("ring", "main"), ("fromat", "sealed")]);
    let text = "unknown setting `fromat`: did you mean `format`?";
    assert_eq!(AesGcm::load(&settings).err(), Some(Error::misconfigured(text)));
    let error = AesGcm::load(&Settings::default()).err();
    assert_eq!(error, Some(Error::misconfigured("setting `ring` is needed")));
}

/// A fresh instance pays for each call to the host. Four of those that decode read one entry each: a list of
/// all is copied into the plugin name by name and value by value, which takes longer.
#[test]
fn a_small_payload_takes_few_calls() {
    let host = testing::Host::new().with_ring("main", &["key-1"]);
    let (codec, ctx, payload) = (load(&[]), ctx("payments"), testing::payload(b"body"));
    let start = host.calls();
    let sealed = codec.encode(&ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    codec.decode(&ctx, &sealed).unwrap();
    assert_eq!([between - start, host.calls() - between], [4, 8]);
}
