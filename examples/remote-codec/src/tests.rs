//! Tests of references, answers and settings.

use cloakroom_guest::{Buffer, Target, testing};

use super::*;

const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn read(json: &str) -> Result<Reference, Error> {
    Reference::read(Version::V1, &Buffer::new(json.as_bytes()))
}

#[test]
fn a_reference_comes_back() {
    let metadata = vec![
        ("encoding".to_owned(), b"json/plain".to_vec()),
        ("odd \"<name>\" \u{2028}".to_owned(), vec![0, 0xff]),
    ];
    let (digest, key) = (DIGEST.to_owned(), "/blobs/a b/common/x\"y".to_owned());
    let reference = Reference { metadata, size: 5, digest, key };
    assert_eq!(Reference::read(Version::V2, &reference.write()).unwrap(), reference);
    let bare = Reference { metadata: Vec::new(), ..reference };
    assert!(bare.write().to_vec().starts_with(br#"{"metadata":null,"size":5,"#));
    assert_eq!(Reference::read(Version::V2, &bare.write()).unwrap(), bare);
}

#[test]
fn a_reference_of_a_stranger_is_malformed() {
    let whole = format!(r#"{{"metadata":null,"size":5,"digest":"{DIGEST}","more":[1]}}"#);
    assert_eq!(read(&whole).unwrap().key, "");
    let without_key = Reference::read(Version::V2, &Buffer::new(whole.as_bytes()));
    assert!(matches!(without_key, Err(Error::Malformed(_))));
    for (part, other) in [
        ("null", r#""text""#),
        ("null", r#"{"a":1}"#),
        ("null", r#"{"a":"%"}"#),
        ("5", "-5"),
        ("5", "5.5"),
        ("5", "99999999999999999999"),
        ("sha256:", "sha512:"),
        ("2cf2", "2CF2"),
        ("2cf2", ""),
        ("{", "["),
    ] {
        let error = read(&whole.replacen(part, other, 1)).unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{part} -> {other}: {error:?}");
    }
    let long = format!("{whole}{}", " ".repeat(1 << 20));
    assert!(matches!(read(&long), Err(Error::Malformed(_))));
}

/// The tests of the repository ask the real service, which never answers so.
#[test]
fn an_answer_of_a_stranger_is_an_error() {
    let ctx = testing::context(Target { namespace: Some("shop".into()), ..Target::default() });
    for (status, body, kind) in [
        (201, &b"no json"[..], "Other"),
        (201, br#"{"Key":""}"#, "Other"),
        (201, br#"{"Key":7}"#, "Other"),
        (307, b"", "Other"),
        (404, b"", "NotFound"),
        (413, b"", "TooLarge"),
        (401, b"", "Denied"),
        (502, b"", "Unavailable"),
    ] {
        let body = body.to_vec();
        let answer = move |_: &testing::Request| testing::Response::new(status, &body);
        let _host = testing::Host::new().with_service("lps", answer);
        let settings = Settings::from([("service", "lps"), ("min_bytes", "0")]);
        let codec = Remote::load(&settings).unwrap();
        let error = codec.encode(&ctx, &testing::payload(b"hello")).unwrap_err();
        assert!(format!("{error:?}").contains(kind), "{status}: {error:?}");
    }
}

#[test]
fn settings_decide_what_is_stored() {
    let _host = testing::Host::new();
    let ctx = testing::context(Target::default());
    let payload = testing::payload(&[7; 200_000]);
    let load = |more: &[(&str, &str)]| {
        let settings: Vec<_> = [&[("service", "lps")], more].concat();
        Remote::load(&settings.into_iter().collect()).unwrap()
    };
    for settings in [&[("decode_only", "true")][..], &[("min_bytes", "300000")]] {
        assert!(load(settings).encode(&ctx, &payload).unwrap().is_none(), "{settings:?}");
    }
    // It would be stored, if the call had a namespace and the service were granted.
    assert!(load(&[]).encode(&ctx, &payload).is_err());
    let small = testing::payload(&[7; 1000]);
    assert!(load(&[]).encode(&ctx, &small).unwrap().is_none());
}
