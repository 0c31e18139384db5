//! A `node_modules` of the tests' own, with what `tests/node/package-lock.json` pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    debian,
    run::{root, run},
    stamp,
};

/// The oldest that the pinned packages run on.
const OLDEST: u32 = 20;

/// Installs the packages, unless those that are pinned are there. Gives the folder of `node_modules`.
///
/// It is not `tests/node`: npm would write into the tree.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let folder = target.join("node");
    install_pinned("tests/node", &folder)?;
    Ok(folder)
}

/// Installs the packages that a folder of the tests pins.
pub(crate) fn install_pinned(pinned: &str, folder: &Path) -> Result<()> {
    let pinned = root().join(pinned);
    let [manifest, lock] =
        ["package.json", "package-lock.json"].map(|name| fs::read_to_string(pinned.join(name)));
    install(&manifest?, &lock?, folder)
}

/// Makes a folder with the packages that `lock` pins, unless it has them.
pub(crate) fn install(manifest: &str, lock: &str, folder: &Path) -> Result<()> {
    debian::need(&["node", "npm"], &["nodejs", "npm"])?;
    check_version()?;
    stamp::once(folder, lock, || {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("package.json"), manifest)?;
        fs::write(folder.join("package-lock.json"), lock)?;
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
        run(&mut install, "npm ci")
    })
}

fn check_version() -> Result<()> {
    let output = Command::new("node").arg("--version").output().context("cannot start node")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next();
    match major.and_then(|text| text.parse::<u32>().ok()) {
        Some(major) if major >= OLDEST => Ok(()),
        _ => bail!("Node {OLDEST} or newer is needed, and this is {version}"),
    }
}
