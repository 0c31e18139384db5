//! The decoders of the guest `zstd`.

#[path = "../../../../../guest-codecs/zstd/src/stream.rs"]
pub(super) mod stream;
#[path = "../../../../../guest-codecs/zstd/src/whole.rs"]
pub(super) mod whole;
