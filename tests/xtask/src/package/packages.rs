//! The crates of the workspace that are published.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::run::{cargo_command, root};

/// A crate that is published.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
}

impl Package {
    /// Returns the path of the package in the folder that Cargo writes packages to.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.crate", self.folder()))
    }

    /// Returns the name of the folder that is in the package.
    pub(super) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// Returns the crates of the workspace that do not say `publish = false`, by name.
pub(super) fn published() -> Result<Vec<Package>> {
    let mut metadata = cargo_command()?;
    metadata.args(["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let output = metadata.current_dir(root()).output().context("cannot start cargo")?;
    let says = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo metadata` failed: {says}");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("`cargo metadata` names no packages")?;
    // Where publishing is forbidden, the registries that it is allowed to are an empty list.
    let is_published = |package: &&Value| package.get("publish").is_none_or(Value::is_null);
    let text = |package: &Value, key: &str| package.get(key)?.as_str().map(str::to_owned);
    let read = |package: &Value| {
        Some(Package { name: text(package, "name")?, version: text(package, "version")? })
    };
    let found: Option<Vec<_>> = packages.iter().filter(is_published).map(read).collect();
    let mut found = found.context("`cargo metadata` gives a package no name or version")?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
