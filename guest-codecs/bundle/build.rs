//! Builds the bundled plugins.

use cloakroom_guest_build::{Error, Target, build};

fn main() -> Result<(), Error> {
    let folders = [
        "guest-codecs/aes-gcm",
        "guest-codecs/chacha20-poly1305",
        "guest-codecs/gzip",
        "guest-codecs/snappy",
        "guest-codecs/zlib",
        "guest-codecs/zstd",
    ];
    build(Target::Bare, &folders).map(drop)
}
