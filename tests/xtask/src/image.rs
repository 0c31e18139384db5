//! `cargo xtask image FOLDER`: a container image of the command line, made without a container engine.
//!
//! An image is a few JSON files and an archive of a file system. The form is that of the Open Container
//! Initiative, which every registry and engine reads.

mod root_fs;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    run::{add_targets, cargo, say, target_dir},
    sbom::hex,
};

/// Number of the user that the program runs as. Kubernetes' `runAsNonRoot` asks for a number.
const USER: &str = "65532:65532";

/// Builds the command line for release, and writes its image into `folder`. The image holds the plugins
/// that the file `config` names, compiled.
pub(crate) fn write(folder: &Path, config: Option<&Path>) -> Result<()> {
    add_targets()?;
    cargo(&["build", "--profile", "dist", "--locked", "--package", "cloakroom-cli"], &[])?;
    let program = target_dir()?.join("dist/cloakroom");
    write_image(&program, config, folder)?;
    say(&format!("The image is in {}. Copy it to a registry:", folder.display()));
    say(&format!("skopeo copy oci:{} docker://REGISTRY/cloakroom:TAG", folder.display()));
    Ok(())
}

/// Writes an image that starts `program`. The same program gives the same bytes.
fn write_image(program: &Path, config: Option<&Path>, folder: &Path) -> Result<()> {
    if folder.exists() {
        // Blobs of an older image would be copied along with it.
        ensure!(
            folder.join("oci-layout").exists(),
            "{} is no image: name a folder that does not exist yet",
            folder.display()
        );
        fs::remove_dir_all(folder)?;
    }
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let files = folder.join("root");
    root_fs::fill(&files, program)?;
    if let Some(config) = config {
        root_fs::compile(&files, program, config)?;
    }
    let layer = archive(&files)?;
    fs::remove_dir_all(&files)?;
    let unpacked = folder.join("layer.tar");
    fs::write(&unpacked, &layer)?;
    let packed = gzip(&unpacked)?;
    fs::remove_file(&unpacked)?;
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "User": USER,
            "Entrypoint": [root_fs::PROGRAM],
            // Where compiled plugins are kept, if no other folder is configured.
            "Env": ["HOME=/tmp"],
            "Labels": {
                "org.opencontainers.image.title": "cloakroom",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
    });
    let config = blob(&blobs, "config", config.to_string().as_bytes())?;
    let layer = blob(&blobs, "layer", &packed)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type("manifest"),
        "config": config,
        "layers": [layer],
    });
    let manifest = blob(&blobs, "manifest", manifest.to_string().as_bytes())?;
    let index =
        json!({ "schemaVersion": 2, "mediaType": media_type("index"), "manifests": [manifest] });
    fs::write(folder.join("index.json"), index.to_string())?;
    Ok(fs::write(folder.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string())?)
}

/// Returns the name that images have for this machine's processor.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Returns a folder as an archive that holds no time and no name of this machine.
fn archive(folder: &Path) -> Result<Vec<u8>> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--mtime=@0", "--format=ustar"]);
    tar.args(["--owner=0", "--group=0", "--numeric-owner", "--directory"]).arg(folder).arg(".");
    output(&mut tar)
}

fn gzip(file: &Path) -> Result<Vec<u8>> {
    output(Command::new("gzip").args(["--no-name", "--stdout"]).arg(file))
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().display().to_string();
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start {name}"))?;
    ensure!(output.status.success(), "`{name}` ended with {}", output.status);
    Ok(output.stdout)
}

/// Writes a blob, and returns the descriptor that refers to it.
fn blob(folder: &Path, kind: &str, bytes: &[u8]) -> Result<Value> {
    let digest = digest(bytes);
    fs::write(folder.join(digest.trim_start_matches("sha256:")), bytes)?;
    Ok(json!({ "mediaType": media_type(kind), "digest": digest, "size": bytes.len() }))
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

fn media_type(kind: &str) -> String {
    let end = if kind == "layer" { ".tar+gzip" } else { "+json" };
    format!("application/vnd.oci.image.{kind}.v1{end}")
}

#[cfg(test)]
mod tests;
