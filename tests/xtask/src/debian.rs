//! Packages of Debian, where there is Debian and it may be changed.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::run::run;

/// The server that comes from Debian and nowhere else.
pub(crate) fn redis() -> Result<()> {
    need(&["redis-server"], &["redis-server"])
}

/// An OCI registry, for plugins.
pub(crate) fn registry() -> Result<()> {
    need(&["docker-registry"], &["docker-registry"])
}

/// Installs PostgreSQL, whose programs Debian puts beside the path.
pub(crate) fn postgres() -> Result<()> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut servers = versions.map(|version| version.path().join("bin/postgres"));
    if servers.any(|server| server.exists()) { Ok(()) } else { install(&["postgresql"]) }
}

/// A browser, and a font: without one, pictures of its pages have no letters.
pub(crate) fn chromium() -> Result<()> {
    need(&["chromium"], &["chromium", "fonts-dejavu-core"])
}

/// Installs `promtool`, which checks alert rules, with the package of Prometheus.
pub(crate) fn promtool() -> Result<()> {
    need(&["promtool"], &["prometheus"])
}

/// Installs Valgrind, which counts instructions.
pub(crate) fn valgrind() -> Result<()> {
    need(&["valgrind"], &["valgrind"])
}

/// Installs `perf`, which finds where a program is.
pub(crate) fn perf() -> Result<()> {
    need(&["perf"], &["linux-perf"])
}

/// Installs `packages`, unless all `programs` are there already.
pub(crate) fn need(programs: &[&str], packages: &[&str]) -> Result<()> {
    if programs.iter().all(|program| starts(program)) { Ok(()) } else { install(packages) }
}

/// Installs them.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let packages = packages.join(" ");
    if !starts("apt-get") {
        bail!("there is no apt-get to install {packages} with");
    }
    run(Command::new("apt-get").args(["update", "-q"]), "apt-get update")?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages.split(' '));
    run(&mut install, &format!("apt-get install {packages}"))
}

fn starts(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}
