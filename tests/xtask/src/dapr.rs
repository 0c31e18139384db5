//! Dapr itself, and the apps on its SDKs: the module and the programs of `tests/dapr`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{go, java, node, python};

/// Flags under which the tests have their Dapr soonest: nobody debugs it, and they hardly load it.
const QUICK: [&str; 2] = [
    "-gcflags=all=-N -l -dwarf=false",
    "-ldflags=-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=1.18.1",
];

/// Builds the services and the app in Go, unless they were built from these sources. Returns the folder
/// that they and the other apps share.
///
/// From nothing this takes four minutes of one core, and a gigabyte of modules. Go keeps both in its own
/// folders in the home directory, so another clone is ready in seconds.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let folder = target.join("dapr");
    go::build(target, "tests/dapr", "./app", &QUICK, &folder.join("go"))?;
    Ok(folder)
}

/// Installs the SDKs of the apps that are not in Go. Returns for each a word in the names of the tests that
/// need it, its name, and what came of it.
pub(crate) fn apps(
    target: &Path,
    python: Option<&Path>,
) -> [(&'static str, &'static str, Result<()>); 3] {
    let folder = target.join("dapr");
    let java = java::build("tests/dapr/java", &folder.join("java"));
    let node = node::install_pinned("tests/dapr/node", &folder.join("node"));
    [
        ("dapr::python", "Dapr's SDK for Python", self::python(&folder, python)),
        ("dapr::node", "Dapr's SDK for JavaScript", node),
        ("dapr::java", "Dapr's SDK for Java", java),
    ]
}

fn python(folder: &Path, interpreter: Option<&Path>) -> Result<()> {
    let interpreter = interpreter.context("there is no Python for it")?;
    python::install_into(interpreter, "requirements.txt", &folder.join("python"))?;
    python::install_into(interpreter, "newer.txt", &folder.join("python-newer"))
}
