//! Builds the bundled plugins.

use cloakroom_guest_build::{Error, Target, build};

fn main() -> Result<(), Error> {
    let folders = [
        "guest-codecs/aes-gcm",
        "guest-codecs/azure",
        "guest-codecs/chacha20-poly1305",
        "guest-codecs/file",
        "guest-codecs/gcs",
        "guest-codecs/gzip",
        "guest-codecs/s3",
        "guest-codecs/snappy",
        "guest-codecs/zlib",
        "guest-codecs/zstd",
    ];
    build(Target::Bare, &folders)?;
    // It opens connections, and so needs WASI.
    build(Target::Wasip2, &["guest-codecs/redis"]).map(drop)
}
