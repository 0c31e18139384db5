//! Builds the guests that only tests load.

use std::{error::Error, fs};

use cloakroom_guest_build::{Target, build};

fn main() -> Result<(), Box<dyn Error>> {
    // The same package twice: each build is named after its target before the next replaces it.
    for (target, name) in [(Target::Bare, "rogue_bare"), (Target::Wasip2, "rogue_wasip2")] {
        for built in build(target, &["tests/rogue"])? {
            fs::rename(&built, built.with_file_name(name).with_extension("wasm"))?;
        }
    }
    Ok(())
}
