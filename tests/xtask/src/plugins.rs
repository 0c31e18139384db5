//! The bundled plugins, built from this checkout.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    run::{cargo_command, root},
    sbom::hex,
};

/// Builds the bundled plugins, and writes them and their digests into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(build()?)? {
        paths.push(entry?.path());
    }
    paths.sort();
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut sums = String::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "wasm")) {
        let name = path.file_name().context("a plugin without a name")?;
        let wasm = fs::read(path)?;
        sums += &format!("{}  {}\n", hex(&Sha256::digest(&wasm)), name.display());
        fs::write(folder.join(name), wasm)?;
    }
    Ok(fs::write(folder.join("SHA256SUMS"), sums)?)
}

/// Builds the bundled plugins, and returns the folder that they are in.
pub(crate) fn build() -> Result<PathBuf> {
    let mut build = cargo_command()?;
    build.args(["build", "--package", "cloakroom-bundle", "--message-format=json"]);
    // Never those of somebody else: these are published.
    build.env_remove("CLOAKROOM_PREBUILT");
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
