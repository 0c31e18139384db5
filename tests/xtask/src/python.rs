//! A Python of the tests' own, with what `tests/python/requirements.txt` pins: libraries, and servers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{
    debian,
    run::{root, run},
    stamp,
};

/// Makes the virtual environment, unless it is there and holds what is pinned. Gives its interpreter.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let pinned = root().join("tests/python/requirements.txt");
    let folder = target.join("python");
    stamp::once(&folder, &fs::read_to_string(&pinned)?, || {
        let mut install = Command::new(make(&folder)?);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.arg("--requirement").arg(&pinned);
        run(&mut install, "pip install --requirement tests/python/requirements.txt")
    })?;
    Ok(folder.join(INTERPRETER))
}

/// Installs what the file `pinned` of `tests/dapr/python` lists into a folder, for `PYTHONPATH`.
pub(crate) fn install_into(interpreter: &Path, pinned: &str, folder: &Path) -> Result<()> {
    let requirements = root().join("tests/dapr/python").join(pinned);
    stamp::once(folder, &fs::read_to_string(&requirements)?, || {
        let mut install = Command::new(interpreter);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--no-deps", "--no-compile", "--target"]).arg(folder);
        install.arg("--requirement").arg(&requirements);
        run(&mut install, &format!("pip install --requirement tests/dapr/python/{pinned}"))
    })
}

/// Where a virtual environment has its interpreter.
pub(crate) const INTERPRETER: &str = "bin/python";

/// Makes an empty virtual environment, and returns its interpreter. Debian keeps `venv` in a package
/// of its own.
pub(crate) fn make(folder: &Path) -> Result<PathBuf> {
    if venv(folder).is_err() {
        debian::install(&["python3", "python3-venv"])?;
        venv(folder)?;
    }
    Ok(folder.join(INTERPRETER))
}

fn venv(folder: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder), "python3 -m venv")
}
