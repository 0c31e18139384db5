//! Running other programs, and saying so.

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// One line to whoever started this.
pub(crate) fn say(line: &str) {
    // Where standard error is gone, nobody is listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Has rustup add the targets that plugins are built for, in the first seconds rather than when their
/// turn to be built has come.
pub(crate) fn add_targets() -> Result<()> {
    for target in cloakroom_guest_build::install_targets(&root())? {
        say(&format!("Added the Rust target {target}, for which plugins are built."));
    }
    Ok(())
}

/// Returns Cargo as its user would start it.
///
/// Cargo says to this program which package it is of. Build scripts that look at the same names would run
/// again, and what depends on them would be built again.
pub(crate) fn cargo_command() -> Result<Command> {
    let cargo = env::var_os("CARGO").context("run this as `cargo xtask`")?;
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Runs Cargo at the workspace's root.
pub(crate) fn cargo(args: &[&str], vars: &[(&str, &str)]) -> Result<()> {
    let mut command = cargo_command()?;
    command.args(args).envs(vars.iter().copied()).current_dir(root());
    run(&mut command, &format!("cargo {}", args.join(" ")))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command, shown: &str) -> Result<()> {
    say(&format!("\n$ {shown}"));
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if status.success() { Ok(()) } else { bail!("`{shown}` ended with {status}") }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Where Cargo builds, and where what the tests need is kept beside.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = ["metadata", "--format-version=1", "--no-deps"];
    let output = cargo_command()?.args(metadata).current_dir(root()).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata.get("target_directory").and_then(|folder| folder.as_str());
    folder.map(PathBuf::from).context("cargo does not say where it builds")
}
