//! `cargo xtask lint`: everything that is checked without running a test.

pub(crate) mod crates;

use std::{env, fs};

use anyhow::{Context as _, Result};

use crate::{
    run::{add_targets, cargo, target_dir},
    wrapper,
};

/// The word for checking a crate in the place of its compilation.
const TASK: &str = "lint";

/// Checks format, Clippy and documentation.
pub(crate) fn check() -> Result<()> {
    add_targets()?;
    cargo(&["fmt", "--all", "--check"], &[])?;
    check_workspace()?;
    // The library with no feature, and the command line without a WebAssembly compiler. Their crates have
    // the features that they ask for themselves; the macros are those that are built already.
    for package in ["cloakroom", "cloakroom-cli"] {
        let bare = ["clippy", "--package", package, "--package", "cloakroom-build-features"];
        cargo(&[&bare[..], &["--no-default-features", "--", "--deny", "warnings"]].concat(), &[])?;
    }
    Ok(())
}

/// Has Cargo build all targets, and this program check the crates of the workspace instead of compiling
/// them. The dependencies are those of the tests: `cargo clippy` and `cargo doc` would compile them once
/// more, in another mode.
fn check_workspace() -> Result<()> {
    let folder = target_dir()?.join("lint");
    fs::create_dir_all(&folder)?;
    // Under a name of its own: Cargo keeps apart what it compiled with different programs.
    let program = folder.join("xtask");
    let this = env::current_exe().context("cannot tell where this program lies")?;
    if program.exists() {
        fs::remove_file(&program)?;
    }
    fs::copy(this, &program).context("cannot copy this program")?;
    let vars = [("RUSTC_WORKSPACE_WRAPPER", &*program.to_string_lossy()), (wrapper::TASK, TASK)];
    cargo(&["build", "--workspace", "--all-targets"], &vars)
}
