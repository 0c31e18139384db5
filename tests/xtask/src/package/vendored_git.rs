//! An outsider's project with vendored crates: what `cargo vendor` makes of a Git dependency.

use std::{fs, path::Path, process::Command};

use anyhow::{Result, ensure};

use crate::{
    plugins,
    run::{cargo_command, run},
    vendor,
};

/// Vendors the crates that could need more than Cargo copies, adds the plugins as the bundle's page
/// says, and builds them frozen and without the crates that Cargo has fetched for us.
pub(super) fn check(folder: &Path, repository: &str) -> Result<()> {
    let (project, home) = (folder.join("project"), folder.join("home"));
    for folder in ["src", ".cargo"] {
        fs::create_dir_all(project.join(folder))?;
    }
    let manifest = format!(
        "[package]\nname = \"outsider\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         cloakroom-bundle = {{ git = \"{repository}\" }}\n\
         cloakroom-guest = {{ git = \"{repository}\" }}\n\n[workspace]\n"
    );
    fs::write(project.join("Cargo.toml"), manifest)?;
    fs::write(project.join("src/lib.rs"), "//! Uses nothing.\n")?;
    let config = project.join(".cargo/config.toml");
    fs::write(&config, vendor::config(&vendor::crates()?))?;

    let cargo = |args: &[&str]| -> Result<Command> {
        let mut cargo = cargo_command()?;
        cargo.args(args).current_dir(&project);
        cargo.env("CARGO_HOME", &home).env("CARGO_TARGET_DIR", folder.join("target"));
        Ok(cargo)
    };
    let vendored = cargo(&["vendor", "--quiet", "--respect-source-config"])?.output()?;
    let says = String::from_utf8_lossy(&vendored.stderr);
    ensure!(vendored.status.success(), "`cargo vendor` cannot copy a Git dependency: {says}");
    // `cargo vendor` would print this, but for a source that is replaced already.
    let crates = project.join("vendor");
    let git = format!("\n[source.git]\ngit = \"{repository}\"\nreplace-with = \"vendor\"\n");
    fs::write(&config, vendor::config(&crates) + &git)?;
    plugins::write(&crates.join("cloakroom-bundle/prebuilt"))?;
    let check =
        ["check", "--frozen", "--package", "cloakroom-bundle", "--package", "cloakroom-guest"];
    let shown = "cargo check --frozen, in an outsider's project with a vendored Git dependency";
    run(&mut cargo(&check)?, shown)
}
