//! Builds the guests that only tests load.

use std::{env, error::Error, fs};

use cloakroom_guest_build::{Target, build};

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    println!("cargo::rustc-env=CLOAKROOM_DESCRIPTORS={descriptors}");
    // The same package twice: each build is named after its target before the next replaces it.
    for (target, folder, name) in [
        (Target::Bare, "tests/rogue", "rogue_bare"),
        (Target::Wasip2, "tests/rogue", "rogue_wasip2"),
        (Target::Bare, "tests/rogue-driver", "rogue_driver"),
        (Target::Bare, "tests/rogue-http", "rogue_http"),
        (Target::Wasip2, "tests/rogue-fetch", "rogue_fetch"),
        (Target::Bare, "tests/faulty", "faulty"),
        (Target::Bare, "tests/faulty-driver", "faulty_driver"),
        (Target::Bare, "tests/puppet", "puppet"),
        (Target::Bare, "tests/parts-codec", "parts_codec"),
        (Target::Wasip2, "guest-codecs/zlib", "zlib_wasip2"),
        (Target::Wasip2, "examples/reverse-codec", "reverse_codec"),
        (Target::Wasip2, "examples/postgres-driver", "postgres_driver"),
        (Target::Wasip2, "examples/remote-codec", "large_payload_codec"),
    ] {
        for built in build(target, &[folder])? {
            fs::rename(&built, built.with_file_name(name).with_extension("wasm"))?;
        }
    }
    Ok(())
}
