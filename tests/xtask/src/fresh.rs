//! `cargo xtask fresh`: builds the plugins as a stranger's fresh machine does.

mod stranger;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use self::stranger::Stranger;
use crate::run::{root, target_dir};

/// Name prefix of the targets that a fresh toolchain lacks.
const TARGETS: &str = "wasm32-";

/// The files in which rustup lists what is installed, and what stands between their entries.
const LISTS: [(&str, &str); 2] =
    [("components", "\n"), ("multirust-config.toml", "[[components]]")];

/// Builds the bundled plugins for a Git dependency, with a copy of the toolchain that has no WebAssembly
/// target, in a target folder of its own, and with rustup's automatic installation switched off.
pub(crate) fn build_plugins() -> Result<()> {
    let folder = target_dir()?.join("fresh");
    // Another folder each time: a build script runs again only where something changed.
    let (homes, number) = (folder.join("rustup"), std::process::id().to_string());
    if homes.exists() {
        fs::remove_dir_all(&homes)?;
    }
    let home = homes.join(number);
    let name = env::var("RUSTUP_TOOLCHAIN").context("this needs a Rust that rustup manages")?;
    let toolchain = home.join("toolchains").join(&name);
    copy_without_targets(&sysroot()?, &toolchain)?;
    let settings = rustup_home()?.join("settings.toml");
    fs::copy(&settings, home.join("settings.toml")).context("cannot copy rustup's settings")?;

    ensure!(toolchain.join("bin/cargo").is_file(), "{} was not copied", toolchain.display());
    Stranger::write(folder.join("stranger"))?.run(&home)?;
    match installed(&toolchain)?.len() {
        2 => Ok(()),
        count => bail!("the build added {count} targets to the fresh toolchain instead of 2"),
    }
}

/// The folder that rustup keeps toolchains in.
fn rustup_home() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".rustup"));
    env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(home).context("where is rustup's home?")
}

fn sysroot() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()).output()?;
    let sysroot = String::from_utf8(output.stdout)?;
    Ok(fs::canonicalize(sysroot.trim())?)
}

/// Copies a toolchain without its WebAssembly targets. Large files are hard links: rustup replaces
/// files instead of writing into them, except for its lists.
fn copy_without_targets(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let shown = name.to_string_lossy();
        if shown.starts_with(TARGETS) || shown.contains(&format!("rust-std-{TARGETS}")) {
            continue;
        }
        let copy = to.join(&name);
        if path.is_dir() {
            copy_without_targets(&path, &copy)?;
        } else if let Some((_, separator)) = LISTS.iter().find(|(list, _)| *list == shown) {
            let listed = fs::read_to_string(&path)?;
            let kept = listed.split(separator).filter(|entry| !entry.contains(TARGETS));
            fs::write(&copy, kept.collect::<Vec<_>>().join(separator))?;
        } else if from.ends_with("lib/rustlib") || fs::hard_link(&path, &copy).is_err() {
            fs::copy(&path, &copy)?;
        }
    }
    Ok(())
}

fn installed(toolchain: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(toolchain.join("lib/rustlib"))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let is_target = |path: &PathBuf| {
        path.is_dir()
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TARGETS))
    };
    Ok(paths.into_iter().filter(is_target).collect())
}
