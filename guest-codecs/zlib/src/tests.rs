//! Tests of the codec as the host calls it.

use cloakroom_codec_deflate::testing;

use super::ZlibFrame;

#[test]
fn what_is_encoded_is_decoded() {
    testing::round_trip::<ZlibFrame>(b"\x78\x9c");
}

#[test]
fn other_bytes_are_malformed() {
    testing::other_bytes::<ZlibFrame>("corrupt deflate stream");
}

#[test]
fn levels_are_from_zero_to_nine() {
    testing::settings::<ZlibFrame>();
}

#[test]
fn a_small_payload_takes_few_calls() {
    testing::few_calls::<ZlibFrame>();
}
