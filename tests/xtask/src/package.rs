//! `cargo xtask package`: the packages that are published, and the proof that they are enough.

mod git;
mod outsider;
mod packages;
mod vendored;
mod vendored_git;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use self::packages::Package;
use crate::{
    plugins, repository,
    run::{add_targets, cargo_command, root, run, target_dir},
    sbom::hex,
};

/// Packages every crate that is published, and builds and runs an outsider's program and the command
/// line from the packages, without a network. The same program is built with a Git dependency.
pub(crate) fn check() -> Result<()> {
    add_targets()?;
    let packages = with_prebuilt_plugins(|| {
        let packages = packages::published()?;
        let mut package = cargo()?;
        // Verifying would build everything in a folder of its own. The outsider's program uses all
        // packages, with the dependencies that the tests have built.
        package.args(["package", "--allow-dirty", "--no-verify"]);
        package.args(packages.iter().flat_map(|package| ["--package", &package.name]));
        run(&mut package, "cargo package --allow-dirty --no-verify, each published crate")?;
        Ok(packages)
    })?;
    let folder = target_dir()?.join("package");
    let files: Vec<_> = packages.iter().map(|package| package.file(&folder)).collect();
    let folder = target_dir()?.join("outsider");
    remove(&folder)?;
    vendored::check(&folder.join("vendored"), &packages, &files)?;
    let repository = repository::make()?;
    vendored_git::check(&folder.join("vendored-git"), &repository)?;
    git::check(&folder.join("git"), &repository)?;
    outsider::check(&folder, &packages, &files)
}

/// Publishes every crate that is published, in the order of their dependencies. `args` are Cargo's.
pub(crate) fn publish(args: &[&str]) -> Result<()> {
    let changes = Command::new("git").args(["status", "--porcelain"]).current_dir(root()).output();
    let changes = changes.context("cannot start git")?;
    ensure!(
        changes.status.success() && changes.stdout.is_empty(),
        "there are changes that are not committed: commit or remove them, then publish"
    );
    add_targets()?;
    with_prebuilt_plugins(|| {
        let mut publish = cargo()?;
        // Git knows nothing of the plugins, and only of them.
        publish.args(["publish", "--workspace", "--locked", "--allow-dirty"]).args(args);
        run(&mut publish, &format!("cargo publish --workspace {}", args.join(" ")))
    })
}

/// Does `work` while the plugins lie where the package of the bundle takes them from. Afterwards they
/// are removed: a package that is made in another way has none, and does not pass Cargo's check.
fn with_prebuilt_plugins<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let folder = root().join("guest-codecs/bundle/prebuilt");
    remove(&folder)?;
    plugins::write(&folder)?;
    let done = work();
    remove(&folder)?;
    done
}

fn remove(folder: &PathBuf) -> Result<()> {
    if folder.exists() { Ok(fs::remove_dir_all(folder)?) } else { Ok(()) }
}

fn cargo() -> Result<Command> {
    let mut cargo = cargo_command()?;
    cargo.current_dir(root());
    Ok(cargo)
}

/// Unpacks a package into `folder`, without the folder that is in it.
fn unpack(file: &PathBuf, folder: &PathBuf) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut tar = Command::new("tar");
    // Packages have one time for all files, by which Cargo would not see what has changed.
    tar.args(["-xmzf"]).arg(file).args(["--strip-components=1", "-C"]).arg(folder);
    let status = tar.status().context("cannot start tar")?;
    ensure!(status.success(), "`tar` cannot unpack {}: {status}", file.display());
    Ok(())
}

/// Returns the SHA-256 of a package, which lock files hold.
fn checksum(file: &PathBuf) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(hex(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever adds a crate decides whether it is published; what is published can only depend on such.
    #[test]
    fn these_crates_are_published() {
        let packages = packages::published().unwrap();
        let names: Vec<_> = packages.iter().map(|Package { name, .. }| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "cloakroom",
                "cloakroom-bundle",
                "cloakroom-cli",
                "cloakroom-conformance",
                "cloakroom-core",
                "cloakroom-dapr",
                "cloakroom-grpc",
                "cloakroom-guest",
                "cloakroom-keys",
                "cloakroom-kms",
                "cloakroom-pipeline",
                "cloakroom-plugin",
                "cloakroom-registry",
                "cloakroom-stores",
                "cloakroom-temporal",
                "cloakroom-wire",
            ]
        );
    }
}
