//! Tests that every frame must pass, for the crates of gzip and zlib.
#![allow(clippy::panic, clippy::unwrap_used, reason = "called by tests alone")]

use cloakroom_guest::{Buffer, Codec, Error, Settings, Target, testing};

use crate::{Deflate, Frame};

/// Checks that what is encoded is decoded, at several levels. Streams of level 6 begin with `start`.
///
/// # Panics
/// If it is not.
pub fn round_trip<F: Frame>(start: &[u8]) {
    let ctx = testing::context(Target::default());
    let envelope = b"cloakroom ".repeat(50_000);
    for level in ["0", "6", "9"] {
        let codec = load::<F>(level).unwrap();
        let encoded = codec.encode(&ctx, Buffer::new(&envelope)).unwrap().unwrap();
        assert!(encoded.to_vec().starts_with(start) || level != "6");
        assert_eq!(encoded.length() < 10_000, level != "0");
        assert!(codec.decode(&ctx, encoded).unwrap().to_vec() == envelope, "level {level}");
    }
}

/// Checks that bytes of another format are malformed, for this reason.
///
/// # Panics
/// If they are decoded, or refused for another reason.
pub fn other_bytes<F: Frame>(reason: &str) {
    let ctx = testing::context(Target::default());
    let codec = Deflate::<F>::load(&Settings::default()).unwrap();
    let error = codec.decode(&ctx, Buffer::new(b"hello, hello")).unwrap_err();
    assert_eq!(error, Error::malformed(reason));
}

/// Checks that levels are from 0 to 9, and that other settings are refused.
///
/// # Panics
/// If another level or setting is accepted.
pub fn settings<F: Frame>() {
    for level in ["-1", "10", "best"] {
        assert!(matches!(load::<F>(level), Err(Error::Misconfigured(_))), "{level}");
    }
    let unknown = Deflate::<F>::load(&Settings::from([("levle", "6")])).err();
    let text = "unknown setting `levle`: did you mean `level`?";
    assert_eq!(unknown, Some(Error::misconfigured(text)));
}

/// Checks the number of calls to the host that a small payload takes: a fresh instance pays for each.
///
/// # Panics
/// If it takes another number.
pub fn few_calls<F: Frame>() {
    let host = testing::Host::new();
    let (ctx, payload) = (testing::context(Target::default()), testing::payload(&[7; 1000]));
    let codec = Deflate::<F>::load(&Settings::default()).unwrap();
    let start = host.calls();
    let encoded = cloakroom_guest::PayloadCodec::encode(&codec, &ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    cloakroom_guest::PayloadCodec::decode(&codec, &ctx, &encoded).unwrap();
    assert_eq!([between - start, host.calls() - between], [4, 4]);
}

fn load<F: Frame>(level: &str) -> Result<Deflate<F>, Error> {
    Deflate::load(&Settings::from([("level", level)]))
}
