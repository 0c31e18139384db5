//! Dapr itself, and the apps on its SDKs: the module and the programs of `tests/dapr`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    debian, go, java, node, python,
    run::{root, run},
};

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
    go::build(target, "tests/dapr", &["./app"], &QUICK, &folder.join("go"))?;
    Ok(folder)
}

/// An SDK: its name, words in the names of the tests that need it, and what came of its installation.
pub(crate) type App = (&'static str, &'static [&'static str], Result<()>);

/// Installs the SDKs of the apps that are not in Go.
pub(crate) fn apps(target: &Path, interpreter: Option<&Path>) -> [App; 3] {
    let folder = target.join("dapr");
    let java = java::build("tests/dapr/java", &folder.join("java"));
    let node = node::install_pinned("tests/dapr/node", &folder.join("node"));
    let python = python(&folder, interpreter);
    [
        (
            "Dapr's SDK for Java",
            &["dapr::sdks::java", "dapr::limits::java", "dapr::through::java"],
            java,
        ),
        (
            "Dapr's SDK for JavaScript",
            &["dapr::sdks::node", "dapr::limits::node", "dapr::through::node"],
            node,
        ),
        (
            "Dapr's SDK for Python",
            &[
                "dapr::apps",
                "dapr::gateway",
                "dapr::limits::python",
                "dapr::mixed",
                "dapr::propagated::python",
                "dapr::sdks::python",
                "dapr::stall",
                "dapr::through::python",
                "dapr::trouble",
                "document_pipeline::",
            ],
            python,
        ),
    ]
}

fn python(folder: &Path, interpreter: Option<&Path>) -> Result<()> {
    let interpreter = interpreter.context("there is no Python for it")?;
    python::install_into(interpreter, "requirements.txt", &folder.join("python"))?;
    python::install_into(interpreter, "newer.txt", &folder.join("python-newer"))
}

/// Runs `examples/document-pipeline` with what the tests have: Dapr, its SDK for Python, and Redis.
pub(crate) fn document_pipeline(target: &Path, program: &Path, args: &[&str]) -> Result<()> {
    debian::redis()?;
    let interpreter = python::set_up(target)?;
    let folder = set_up(target)?;
    python(&folder, Some(&interpreter))?;
    let path = format!("{0}/python-newer:{0}/python", folder.display());
    let mut story = Command::new(&interpreter);
    story.arg(root().join("examples/document-pipeline/story.py")).args(args);
    story.env("CLOAKROOM", program).env("PYTHONPATH", path);
    story.env("DAPR_SERVICES", folder.join("go/dapr"));
    // Of an older version of the SDK in the same path.
    story.env("PYTHONWARNINGS", "ignore::FutureWarning");
    run(&mut story, "examples/document-pipeline/story.py")
}
