//! Tests of the codec as the host calls it.

use cloakroom_codec_deflate::testing;

use super::GzipFrame;

#[test]
fn what_is_encoded_is_decoded() {
    testing::round_trip::<GzipFrame>(b"\x1f\x8b\x08\0");
}

#[test]
fn other_bytes_are_malformed() {
    testing::other_bytes::<GzipFrame>("invalid gzip header");
}

#[test]
fn levels_are_from_zero_to_nine() {
    testing::settings::<GzipFrame>();
}

#[test]
fn a_small_payload_takes_few_calls() {
    testing::few_calls::<GzipFrame>();
}
