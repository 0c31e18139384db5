//! The decoder of the guest `snappy`.

#[path = "../../../../../guest-codecs/snappy/src/block.rs"]
pub(super) mod block;
#[path = "../../../../../guest-codecs/snappy/src/malformed.rs"]
mod malformed;
#[path = "../../../../../guest-codecs/snappy/src/window.rs"]
mod window;
