//! The bundled plugins, built from this checkout.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::run::root;

/// Builds the bundled plugins, and returns the folder that they are in.
pub(crate) fn build() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").context("run this as `cargo xtask`")?;
    let mut build = Command::new(cargo);
    build.args(["build", "--package", "cloakroom-bundle", "--message-format=json"]);
    let output = build.current_dir(root()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the bundled plugins cannot be built");
    let messages = String::from_utf8(output.stdout)?;
    let folder = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_bundle = message.get("package_id")?.as_str()?.contains("/bundle#");
        let folder = message.get("out_dir").and_then(Value::as_str)?;
        is_bundle.then(|| PathBuf::from(folder))
    });
    folder.context("cargo does not say where it has put the plugins")
}
