//! `cargo run -- ARGS`: the command line, built from this checkout.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::run::{add_targets, cargo_command, root, say, target_dir};

/// Builds the binary `cloakroom` and runs it in the caller's folder.
pub(crate) fn start(args: &[&str]) -> Result<()> {
    let status = Command::new(build()?).args(args).status();
    let status = status.context("cannot start the command line")?;
    // Its exit status is part of its answer.
    std::process::exit(status.code().unwrap_or(1));
}

/// Builds the binary `cloakroom`, and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    add_targets()?;
    let binary = target_dir()?.join("debug/cloakroom").with_extension(env::consts::EXE_EXTENSION);
    if !binary.exists() {
        say("Building Cloakroom. From nothing this takes some minutes, once: most of it is a \
             WebAssembly compiler, and the bundled plugins, each compiled to WebAssembly and \
             optimised as they are shipped.");
    }
    let mut build = cargo_command()?;
    // With the second package, dependencies get the features that the tests build them with, so that
    // the two do not build them twice.
    build.args(["build", "--package", "cloakroom-cli", "--package", "cloakroom-features"]);
    let status = build.current_dir(root()).status().context("cannot start cargo")?;
    anyhow::ensure!(status.success(), "the command line cannot be built");
    Ok(binary)
}
