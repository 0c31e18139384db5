//! An outsider's project with vendored crates: what `cargo vendor` makes of a dependency on a package.

use std::{
    fs, os,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{Package, checksum, outsider::copy_package, unpack};
use crate::{
    run::{cargo_command, root, run},
    vendor,
};

/// Resolves the program with nothing but vendored crates, and builds those that could need more than
/// Cargo gives them: the bundle, with its plugins, and the SDK, with the contract.
///
/// The others are built from the same packages by the other proof. They would build all dependencies
/// once more, because crates that lie elsewhere are other crates to Cargo.
pub(super) fn check(folder: &Path, packages: &[Package], files: &[PathBuf]) -> Result<()> {
    let crates = folder.join("vendor");
    fs::create_dir_all(&crates)?;
    for entry in fs::read_dir(vendor::crates()?)? {
        let entry = entry?;
        os::unix::fs::symlink(entry.path(), crates.join(entry.file_name()))?;
    }
    for (package, file) in packages.iter().zip(files) {
        let unpacked = crates.join(package.folder());
        unpack(file, &unpacked)?;
        let checksum = format!(r#"{{"files":{{}},"package":"{}"}}"#, checksum(file)?);
        fs::write(unpacked.join(".cargo-checksum.json"), checksum)?;
    }

    let project = folder.join("project");
    copy_package(&root().join("tests/outsider"), &project)?;
    let manifest = fs::read_to_string(project.join("Cargo.toml"))?;
    fs::write(project.join("Cargo.toml"), manifest + "cloakroom-guest = \"0.1\"\n\n[workspace]\n")?;
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock"))?;
    fs::create_dir_all(project.join(".cargo"))?;
    fs::write(project.join(".cargo/config.toml"), vendor::config(&crates))?;

    let cargo = |args: &[&str]| {
        let mut cargo = cargo_command()?;
        cargo.args(args).current_dir(&project);
        // Without the crates that Cargo has fetched for us.
        cargo.env("CARGO_HOME", folder.join("home")).env("CARGO_TARGET_DIR", folder.join("target"));
        let shown = args.join(" ");
        run(&mut cargo, &format!("cargo {shown}, in an outsider's project with vendored crates"))
    };
    // Leaves in the lock file what the project uses.
    cargo(&["fetch", "--offline"])?;
    cargo(&["check", "--frozen", "--package", "cloakroom-bundle", "--package", "cloakroom-guest"])
}
