//! The crates that the lock file names, in a folder that takes the place of crates.io.

use std::{fs, path::PathBuf};

use anyhow::Result;

use crate::{
    run::{cargo_command, root, run, target_dir},
    stamp,
};

/// Makes the folder, unless it holds what the lock file names, and returns its path.
pub(crate) fn crates() -> Result<PathBuf> {
    let folder = target_dir()?.join("vendor");
    stamp::once(&folder, &fs::read_to_string(root().join("Cargo.lock"))?, || {
        let mut vendor = cargo_command()?;
        // With versions in their names: which of two versions goes without depends on the others.
        vendor.args(["vendor", "--quiet", "--locked", "--versioned-dirs"]).arg(&folder);
        vendor.current_dir(root());
        run(&mut vendor, "cargo vendor --locked --versioned-dirs")
    })?;
    Ok(folder)
}

/// Returns Cargo's configuration that replaces crates.io by `folder`.
pub(crate) fn config(folder: &std::path::Path) -> String {
    format!(
        "[source.crates-io]\nreplace-with = \"vendor\"\n\n[source.vendor]\ndirectory = {:?}\n",
        folder
    )
}
