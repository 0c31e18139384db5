//! Peers that `cargo xtask bench peers` measures Cloakroom beside. They are a Cargo project of their own:
//! nothing else builds them, and nothing that ships depends on them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::run::{cargo_command, root, run, target_dir};

const GUESTS: &str = "wasm32-unknown-unknown";

/// Variable that names the linker of that target to Cargo.
const LINKER: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// Builds the peers, and returns the folder with their files.
pub(crate) fn build() -> Result<PathBuf> {
    let target = target_dir()?.join("peers");
    let folder = target.join("files");
    fs::create_dir_all(&folder)?;
    let extism = cargo(&target, &["--release", "--package", "peers-extism"], None)?;
    copy(&extism.join("release"), &folder, "peers-extism")?;
    let guest = |package| ["--profile", "guest", "--target", GUESTS, "--package", package];
    let linker = component_linker()?;
    for (package, linker) in
        [("peers-guest-extism", None), ("peers-guest-component", Some(&*linker))]
    {
        let built = cargo(&target, &guest(package), linker)?;
        let file = format!("{}.wasm", package.replace('-', "_"));
        copy(&built.join(GUESTS).join("guest"), &folder, &file)?;
    }
    Ok(folder)
}

/// Builds a package of the peers, and returns the target directory.
fn cargo(target: &Path, args: &[&str], linker: Option<&Path>) -> Result<PathBuf> {
    let mut command = cargo_command()?;
    // Extism states a later Rust than ours, as its wasmtime does. Both build with ours.
    command.args(["build", "--locked", "--ignore-rust-version"]).args(args);
    command.arg("--target-dir").arg(target).current_dir(root().join("tests/benches/peers"));
    if let Some(linker) = linker {
        command.env(LINKER, linker);
    }
    run(&mut command, &format!("cargo build {}, in tests/benches/peers", args.join(" ")))?;
    Ok(target.to_owned())
}

/// Returns the linker that makes components. It comes with the compiler.
fn component_linker() -> Result<PathBuf> {
    let mut rustc = std::process::Command::new("rustc");
    let output = rustc.args(["--print", "target-libdir"]).current_dir(root()).output()?;
    let libraries = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    let linker = libraries.with_file_name("bin").join("wasm-component-ld");
    Ok(linker.with_extension(std::env::consts::EXE_EXTENSION))
}

fn copy(from: &Path, to: &Path, file: &str) -> Result<()> {
    let built = from.join(file);
    fs::copy(&built, to.join(file)).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(())
}
