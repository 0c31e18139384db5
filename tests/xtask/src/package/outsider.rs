//! An outsider's workspace: a program that depends on packages, and the unpacked command line.
//!
//! There is no checkout in it, no network, and no source of a plugin.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::{Package, unpack};
use crate::run::{cargo_command, root, run, target_dir};

/// A key that belongs to the outsider, and is none.
pub(super) const KEY: &str = "TiFncUgdDYrS64MIhB4RBvOnu+8s1Z8C7712d+E/7cg=";

/// The source of an outsider's Cloakroom.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The address of a repository.
    Git(&'a str),
    /// Lines of a manifest that name the unpacked packages.
    Packages(&'a str),
}

/// Files that every package must contain.
const FILES: [&str; 3] = ["Cargo.toml", "LICENSE", "README.md"];

/// The packages that hold the contract.
const WITH_CONTRACT: [&str; 2] = ["cloakroom-guest", "cloakroom-plugin"];

/// Unpacks the packages into `folder`, builds the program and the command line from them, runs both,
/// and writes the documentation as docs.rs does.
///
/// The packages stand in for those of crates.io by `[patch]`: the dependencies come from where they
/// always do, so that Cargo finds those that the tests have built. Another source of the same crates,
/// such as a vendored one, would build them again, and over those of the tests.
pub(super) fn check(folder: &Path, packages: &[Package], files: &[PathBuf]) -> Result<()> {
    let workspace = folder.join("workspace");
    let mut patches = "\n[patch.crates-io]\n".to_owned();
    for (package, file) in packages.iter().zip(files) {
        let unpacked = match package.name.as_str() {
            "cloakroom-cli" => workspace.join("cli"),
            _ => folder.join("packages").join(package.folder()),
        };
        unpack(file, &unpacked)?;
        has_what_it_needs(package, &unpacked)?;
        // No program can depend on another.
        if package.name != "cloakroom-cli" {
            patches += &format!("{} = {{ path = {unpacked:?} }}\n", package.name);
        }
    }
    write_workspace(&workspace, &["cli", "features", "outsider"], Source::Packages(&patches))?;

    let target = target_dir()?;
    let cargo = |args: &[&str]| {
        let mut cargo = cargo_command()?;
        cargo.args(args).current_dir(&workspace).env("CARGO_TARGET_DIR", &target);
        cargo.env("CARGO_NET_OFFLINE", "true").env("DOCS_RS", "1");
        cargo.env("RUSTDOCFLAGS", "--deny warnings");
        run(&mut cargo, &format!("cargo {}, in an outsider's workspace", args.join(" ")))
    };
    cargo(&["build", "--workspace"])?;
    let built = target.join("debug");
    run(Command::new(built.join("outsider")).env("OUTSIDER_KEY", KEY), "outsider")?;
    run(Command::new(built.join("cloakroom")).arg("demo"), "cloakroom demo")?;
    cargo(&["doc", "--no-deps", "--package", "cloakroom", "--package", "cloakroom-bundle"])
}

/// Checks what a build does not miss.
fn has_what_it_needs(package: &Package, unpacked: &Path) -> Result<()> {
    let name = &package.name;
    for file in FILES {
        ensure!(unpacked.join(file).is_file(), "the package of {name} has no {file}");
    }
    let manifest = fs::read_to_string(unpacked.join("Cargo.toml"))?;
    for key in ["categories", "description", "keywords", "license", "readme", "repository"] {
        let has_key = manifest.lines().any(|line| line.starts_with(&format!("{key} = ")));
        ensure!(has_key, "the package of {name} has no {key}");
    }
    if WITH_CONTRACT.contains(&name.as_str()) {
        for entry in fs::read_dir(root().join("wit/v0.1"))? {
            let entry = entry?;
            let packaged = fs::read(unpacked.join("wit/v0.1").join(entry.file_name()))?;
            let is_same = packaged == fs::read(entry.path())?;
            ensure!(is_same, "{} differs in the package of {name}", entry.path().display());
        }
    }
    Ok(())
}

/// Writes the workspace: its profiles, features and lock file are those of ours, so that the
/// dependencies that the tests have built are not built again.
pub(super) fn write_workspace(folder: &Path, members: &[&str], source: Source<'_>) -> Result<()> {
    let ours = root();
    copy_package(&ours.join("tests/outsider"), &folder.join("outsider"))?;
    for features in ["features", "features/build"] {
        copy_package(&ours.join("tests").join(features), &folder.join(features))?;
    }
    fs::copy(ours.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let text = fs::read_to_string(ours.join("Cargo.toml"))?;
    let text = match source {
        Source::Packages(patches) => manifest(&text, members, "{ ")? + patches,
        Source::Git(address) => {
            let program = folder.join("outsider/Cargo.toml");
            let dependency = format!("cloakroom = {{ git = \"{address}\" }}");
            let packaged = fs::read_to_string(&program)?;
            fs::write(&program, packaged.replace("cloakroom = \"0.1\"", &dependency))?;
            manifest(&text, members, &format!("{{ git = \"{address}\", "))?
        }
    };
    Ok(fs::write(folder.join("Cargo.toml"), text)?)
}

/// Copies a manifest and the files in `src`.
pub(super) fn copy_package(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.join("src"))?;
    fs::copy(from.join("Cargo.toml"), to.join("Cargo.toml"))?;
    for entry in fs::read_dir(from.join("src"))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join("src").join(entry.file_name()))?;
    }
    Ok(())
}

/// Turns the manifest of our workspace into the outsider's: other members, and `source` for paths.
fn manifest(ours: &str, members: &[&str], source: &str) -> Result<String> {
    let (_, shared) = ours.split_once("[workspace.package]").context("no [workspace.package]")?;
    let mut text =
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[workspace.package]");
    for line in shared.lines() {
        match line.split_once("{ path = ") {
            None => text += line,
            Some((name, rest)) => {
                // One without a version is none that outsiders can have.
                let Some((_, version)) = rest.split_once(", ") else { continue };
                text += &format!("{name}{source}{version}");
            }
        }
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outsider_has_versions_and_no_paths() {
        let ours = "[workspace]\nmembers = [\"a\"]\n\n[workspace.package]\nversion = \"1.0.0\"\n\n\
                    [workspace.dependencies]\na = { path = \"a\", version = \"=1.0.0\" }\n\
                    tests = { path = \"tests\" }\nother = \"2\"\n";
        let expected = "[workspace]\nresolver = \"3\"\n\
                        members = [\"cli\", \"features\", \"outsider\"]\n\n\
                        [workspace.package]\nversion = \"1.0.0\"\n\n\
                        [workspace.dependencies]\na = { version = \"=1.0.0\" }\nother = \"2\"\n";
        let members = ["cli", "features", "outsider"];
        assert_eq!(manifest(ours, &members, "{ ").unwrap(), expected);
    }
}
