//! The program of `tests/java`, on Temporal's SDK for Java.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    debian,
    run::{root, run},
    stamp,
};

/// Fetches libraries. Its version is pinned here, because Maven would take the newest that it knows.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Builds the program, unless it was built from these sources. Returns a folder of `classes` and `lib`.
///
/// Maven keeps what it fetched in the home directory, so another clone finds it. Maven itself pins
/// versions and no hashes: `checksums.txt` has those, and nothing is compiled before they are compared.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let folder = target.join("java");
    build("tests/java", &folder)?;
    Ok(folder)
}

/// Builds the program in a folder of sources into the folder `folder`.
pub(crate) fn build(sources: &str, folder: &Path) -> Result<()> {
    debian::need(&["javac", "mvn"], &["default-jdk-headless", "maven"])?;
    let source = root().join(sources);
    stamp::once(folder, &stamp::sources(&source)?, || {
        let (classes, lib) = (folder.join("classes"), folder.join("lib"));
        fs::create_dir_all(&classes)?;
        let mut fetch = Command::new("mvn");
        fetch.args(["--batch-mode", "--quiet", "--strict-checksums", COPY]);
        fetch.arg(format!("-DoutputDirectory={}", lib.display())).current_dir(&source);
        // Without it, Maven would write into the tree.
        fetch.arg(format!("-DbuildDirectory={}", folder.display()));
        run(&mut fetch, &format!("mvn dependency:copy-dependencies ({sources})"))?;
        let mut compare = Command::new("sha256sum");
        compare.args(["--check", "--strict", "--quiet"]).arg(source.join("checksums.txt"));
        let shown = format!("sha256sum --check {sources}/checksums.txt");
        run(compare.current_dir(&lib), &shown)?;
        compile(sources, &classes, &lib)
    })
}

fn compile(sources: &str, classes: &Path, lib: &Path) -> Result<()> {
    let mut compile = Command::new("javac");
    compile.arg("-cp").arg(lib.join("*")).arg("-d").arg(classes);
    for entry in fs::read_dir(root().join(sources)).with_context(|| sources.to_owned())? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "java") {
            compile.arg(file);
        }
    }
    run(&mut compile, &format!("javac ({sources})"))
}
