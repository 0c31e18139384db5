//! Builds the guests that only tests load.

use std::{env, error::Error, fs, path::PathBuf};

use cloakroom_guest_build::{Target, build};
use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    println!("cargo::rustc-env=CLOAKROOM_DESCRIPTORS={descriptors}");
    compile_dapr_protos()?;
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

/// Compiles the protos of Dapr's workflows to descriptors and to types of Rust.
fn compile_dapr_protos() -> Result<(), Box<dyn Error>> {
    const FOLDER: &str = "protos/dapr";
    println!("cargo::rerun-if-changed={FOLDER}");
    let files = ["orchestrator_service.proto", "workflow.proto"];
    let set = protox::compile(files, [FOLDER])?;
    let path = PathBuf::from(env::var("OUT_DIR")?).join("dapr.bin");
    fs::write(&path, set.encode_to_vec())?;
    prost_build::Config::new().compile_fds(set)?;
    println!("cargo::rustc-env=CLOAKROOM_DAPR_DESCRIPTORS={}", path.display());
    Ok(())
}
