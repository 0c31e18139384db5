//! Clippy and rustdoc on one crate of the workspace, in the place of its compilation.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::Path,
    process::ExitStatus,
};

use anyhow::{Context as _, Result};

use crate::wrapper::Compilation;

/// Checks a crate, and its documentation unless it holds tests.
///
/// A library is compiled as well, because Cargo gives it to the crates that use it. Of a program or of
/// tests nothing is made.
pub(crate) fn check(crate_: &Compilation) -> Result<ExitStatus> {
    if !crate_.is_of_crate() {
        return crate_.rustc().status().context("cannot start rustc");
    }
    let mut clippy = crate_.beside_rustc("clippy-driver");
    clippy.arg(&crate_.rustc);
    let runs = crate_.runs_during_build();
    if runs || is_library(crate_) {
        clippy.args(&crate_.args);
    } else {
        clippy.args(crate_.args.iter().map(without_code));
    }
    let status = clippy.arg("-Dwarnings").status().context("cannot start clippy-driver")?;
    if !status.success() || runs {
        return Ok(status);
    }
    if crate_.has("--test") {
        mark_as_done(crate_)?;
        return Ok(status);
    }
    let mut rustdoc = crate_.beside_rustc("rustdoc");
    rustdoc.args(for_rustdoc(&crate_.args)).arg("-Dwarnings");
    let folder = crate_.value("--out-dir").context("rustc writes to no folder")?;
    rustdoc
        .arg("--out-dir")
        .arg(Path::new(folder).with_file_name("lint-doc").join(file_name(crate_)));
    rustdoc.status().context("cannot start rustdoc")
}

fn is_library(crate_: &Compilation) -> bool {
    !crate_.has("--test") && crate_.value("--crate-type").is_some_and(|kind| kind != "bin")
}

/// Has rustc stop where it knows all types.
fn without_code(arg: &OsString) -> OsString {
    match arg.to_str() {
        Some(emit) if emit.starts_with("--emit=") => "--emit=dep-info,metadata".into(),
        _ => arg.clone(),
    }
}

/// Leaves out what says how code is made, where to, and how Cargo reads what is said.
fn for_rustdoc(args: &[OsString]) -> Vec<&OsString> {
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        if matches!(&*text, "-C" | "--out-dir") {
            args.next();
        } else if !["--emit=", "--error-format=", "--json="].iter().any(|own| text.starts_with(own))
        {
            kept.push(arg);
        }
    }
    kept
}

/// Makes an empty file where the tests would be: Cargo checks a crate again whose result is not there.
fn mark_as_done(crate_: &Compilation) -> Result<()> {
    let folder = crate_.value("--out-dir").context("rustc writes to no folder")?;
    let file = Path::new(folder).join(file_name(crate_));
    fs::create_dir_all(folder)?;
    File::create(file).map(drop).context("cannot note that a crate was checked")
}

/// Returns the name of the file that Cargo expects of tests.
fn file_name(crate_: &Compilation) -> String {
    let extra = crate_.args.iter().find_map(|arg| arg.to_str()?.strip_prefix("extra-filename="));
    let name = crate_.value("--crate-name").unwrap_or_default().to_string_lossy();
    format!("{name}{}", extra.unwrap_or_default())
}
