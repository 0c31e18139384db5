//! Builds the bundled plugins from the sources beside this package, or takes them from the folder that
//! `CLOAKROOM_PREBUILT` names. The published package has them built in `prebuilt`, and no build script.

// The file rather than the crate: Cargo would keep a build dependency in the published package, and
// ask the registry for a crate that only a checkout has a use for.
#[path = "../build/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests and `cargo xtask` use more of it")]
mod guest_build;

use guest_build::{Error, Target, build_or_take};

fn main() -> Result<(), Error> {
    println!("cargo::rustc-cfg=cloakroom_checkout");
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
    build_or_take(Target::Bare, &folders)?;
    // It opens connections, and so needs WASI.
    build_or_take(Target::Wasip2, &["guest-codecs/redis"]).map(drop)
}
