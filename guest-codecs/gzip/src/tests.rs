//! Tests of the codec as the host calls it.

use cloakroom_guest::{Buffer, Codec, Error, Settings, Target, testing};

use super::Gzip;

fn load(level: &str) -> Result<Gzip, Error> {
    Gzip::load(&Settings::from([("level", level)]))
}

#[test]
fn what_is_encoded_is_decoded() {
    let ctx = testing::context(Target::default());
    let envelope = b"cloakroom ".repeat(50_000);
    for level in ["0", "6", "9"] {
        let codec = load(level).unwrap();
        let encoded = codec.encode(&ctx, Buffer::new(&envelope)).unwrap().unwrap();
        assert!(encoded.to_vec().starts_with(b"\x1f\x8b\x08\0") || level != "6");
        assert_eq!(encoded.length() < 10_000, level != "0");
        assert!(codec.decode(&ctx, encoded).unwrap().to_vec() == envelope, "level {level}");
    }
}

#[test]
fn other_bytes_are_malformed() {
    let ctx = testing::context(Target::default());
    let codec = Gzip::load(&Settings::default()).unwrap();
    let error = codec.decode(&ctx, Buffer::new(b"hello, hello")).unwrap_err();
    assert_eq!(error, Error::malformed("invalid gzip header"));
}

#[test]
fn levels_are_from_zero_to_nine() {
    for level in ["-1", "10", "best"] {
        assert!(matches!(load(level), Err(Error::Misconfigured(_))), "{level}");
    }
    let unknown = Gzip::load(&Settings::from([("levle", "6")])).err();
    let text = "unknown setting `levle`: did you mean `level`?";
    assert_eq!(unknown, Some(Error::misconfigured(text)));
}

/// A fresh instance pays for each call to the host.
#[test]
fn a_small_payload_takes_few_calls() {
    let host = testing::Host::new();
    let (ctx, payload) = (testing::context(Target::default()), testing::payload(&[7; 1000]));
    let codec = Gzip::load(&Settings::default()).unwrap();
    let start = host.calls();
    let encoded = cloakroom_guest::PayloadCodec::encode(&codec, &ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    cloakroom_guest::PayloadCodec::decode(&codec, &ctx, &encoded).unwrap();
    assert_eq!([between - start, host.calls() - between], [4, 4]);
}
