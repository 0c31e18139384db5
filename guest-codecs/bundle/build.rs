//! Builds the bundled plugins.

use cloakroom_guest_build::{Error, Target, build};

fn main() -> Result<(), Error> {
    let folders = ["guest-codecs/aes-gcm", "guest-codecs/gzip", "guest-codecs/zlib"];
    build(Target::Bare, &folders).map(drop)
}
