//! A Python of the tests' own, with the libraries that `tests/python/requirements.txt` pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::run::{root, run};

/// Makes the virtual environment, unless it is there and holds what is pinned. Gives its interpreter.
pub(crate) fn set_up(target: &Path) -> Result<PathBuf> {
    let pinned = root().join("tests/python/requirements.txt");
    let wanted = fs::read_to_string(&pinned)?;
    let (folder, stamp) = (target.join("python"), target.join("python/installed.txt"));
    let interpreter = folder.join("bin/python");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    make(&folder)?;
    let mut install = Command::new(&interpreter);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    run(install.arg(&pinned), "pip install --requirement tests/python/requirements.txt")?;
    fs::write(stamp, wanted)?;
    Ok(interpreter)
}

fn make(folder: &Path) -> Result<()> {
    if venv(folder).is_ok() {
        return Ok(());
    }
    install_debian_packages()?;
    venv(folder)
}

fn venv(folder: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder), "python3 -m venv")
}

/// Debian keeps `venv` in a package of its own.
fn install_debian_packages() -> Result<()> {
    let apt = Command::new("apt-get").arg("--version").stdout(Stdio::null()).status();
    if !apt.is_ok_and(|status| status.success()) {
        bail!("python3 with venv is missing, and there is no apt-get to install it with");
    }
    run(Command::new("apt-get").arg("update").arg("-q"), "apt-get update")?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-q", "-y", "python3", "python3-venv"]);
    run(&mut install, "apt-get install python3 python3-venv")
}
