//! Tests of the codec as the host calls it.

use cloakroom_guest::{Buffer, Codec, Error, Settings, Target, testing};
use snap::raw::Decoder;

use super::Snappy;

#[test]
fn what_is_encoded_is_decoded() {
    let (ctx, codec) = (testing::context(Target::default()), Snappy);
    let envelope = b"cloakroom ".repeat(50_000);
    let encoded = codec.encode(&ctx, Buffer::new(&envelope)).unwrap().unwrap();
    assert!(encoded.length() < 50_000);
    assert!(Decoder::new().decompress_vec(&encoded.to_vec()).unwrap() == envelope);
    assert!(codec.decode(&ctx, encoded).unwrap().to_vec() == envelope);
}

#[test]
fn other_bytes_are_malformed() {
    let ctx = testing::context(Target::default());
    let error = Snappy.decode(&ctx, Buffer::new(b"")).unwrap_err();
    assert_eq!(error, Error::malformed("the snappy block is cut short"));
}

#[test]
fn it_has_no_settings() {
    let unknown = Snappy::load(&Settings::from([("level", "6")])).err();
    let text = "unknown setting `level`: this plugin has none";
    assert_eq!(unknown, Some(Error::misconfigured(text)));
}

/// A fresh instance pays for each call to the host.
#[test]
fn a_small_payload_takes_few_calls() {
    let host = testing::Host::new();
    let (ctx, payload) = (testing::context(Target::default()), testing::payload(&[7; 1000]));
    let codec = Snappy;
    let start = host.calls();
    let encoded = cloakroom_guest::PayloadCodec::encode(&codec, &ctx, &payload).unwrap().unwrap();
    let between = host.calls();
    cloakroom_guest::PayloadCodec::decode(&codec, &ctx, &encoded).unwrap();
    assert_eq!([between - start, host.calls() - between], [5, 4]);
}
