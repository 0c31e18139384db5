//! `cargo xtask sbom`: what is shipped, and what that is made of, as CycloneDX files.
//!
//! The same tree gives the same bytes: there is no time in them, and a serial number is a digest.

mod bom;
mod lock;
mod tree;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use self::{bom::Artifact, lock::Lock, tree::Tree};
use crate::{
    plugins,
    run::{add_targets, cargo_command, root, say, target_dir},
};

/// The command line, as it is built for a release.
const PROGRAM: &str = "cloakroom-cli";

/// The platform whose dependencies are listed. Others differ in what they call the system with.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The bundled plugins, each with the package that it is built from and its target.
const PLUGINS: [(&str, &str, &str); 11] = [
    ("aes-gcm", "cloakroom-codec-aes-gcm", BARE),
    ("azure", "cloakroom-driver-azure", BARE),
    ("chacha20-poly1305", "cloakroom-codec-chacha20-poly1305", BARE),
    ("file", "cloakroom-driver-file", BARE),
    ("gcs", "cloakroom-driver-gcs", BARE),
    ("gzip", "cloakroom-codec-gzip", BARE),
    ("redis", "cloakroom-driver-redis", "wasm32-wasip2"),
    ("s3", "cloakroom-driver-s3", BARE),
    ("snappy", "cloakroom-codec-snappy", BARE),
    ("zlib", "cloakroom-codec-zlib", BARE),
    ("zstd", "cloakroom-codec-zstd", BARE),
];

const BARE: &str = "wasm32-unknown-unknown";

/// Builds the bundled plugins and writes one file for the program and one for each plugin.
pub(crate) fn write(folder: Option<&str>) -> Result<()> {
    add_targets()?;
    let built = plugins::build()?;
    let digest = |package: &str| {
        let path = built.join(package.replace('-', "_")).with_extension("wasm");
        let wasm = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(hex(&Sha256::digest(wasm))))
    };
    let folder = match folder {
        Some(folder) => PathBuf::from(folder),
        None => target_dir()?.join("sbom"),
    };
    fs::create_dir_all(&folder)?;
    for (name, text) in files(digest)? {
        fs::write(folder.join(&name), text)?;
    }
    say(&format!("The program and {} plugins: {}", PLUGINS.len(), folder.display()));
    Ok(())
}

/// Every file, by its name. `digest` is that of a package's component.
fn files(digest: impl Fn(&str) -> Result<Option<String>>) -> Result<Vec<(String, String)>> {
    let lock = Lock::parse(&fs::read_to_string(root().join("Cargo.lock"))?);
    let rustc = rustc_version()?;
    let mut files = Vec::new();
    let mut plugins = Vec::new();
    for (name, package, target) in PLUGINS {
        let artifact = Artifact { name, digest: digest(package)?, target };
        let tree = Tree::read(&cargo_tree(package, target)?)?;
        files.push((
            format!("{name}.wasm.cdx.json"),
            bom::text(&artifact, &tree, &[], &lock, &rustc)?,
        ));
        plugins.push(artifact);
    }
    let program = Artifact { name: "cloakroom", digest: None, target: PLATFORM };
    let tree = Tree::read(&cargo_tree(PROGRAM, PLATFORM)?)?;
    files.push((
        "cloakroom.cdx.json".to_owned(),
        bom::text(&program, &tree, &plugins, &lock, &rustc)?,
    ));
    Ok(files)
}

/// The normal dependencies of a package, with the features that it has when it is built alone.
fn cargo_tree(package: &str, target: &str) -> Result<String> {
    let mut tree = cargo_command()?;
    tree.args(["tree", "--locked", "--package", package, "--target", target]);
    tree.args(["--edges", "normal,no-proc-macro", "--prefix", "depth"]);
    tree.args(["--format", tree::FORMAT]).current_dir(root());
    let output = tree.output().context("cannot start cargo")?;
    let says = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "`cargo tree --package {package}` failed: {says}");
    Ok(String::from_utf8(output.stdout)?)
}

fn rustc_version() -> Result<String> {
    let output = Command::new("rustc").arg("--version").current_dir(root()).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.split(' ').nth(1).map(str::to_owned).context("rustc does not tell its version")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
