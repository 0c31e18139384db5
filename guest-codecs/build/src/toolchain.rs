//! The Rust that builds guests: its WebAssembly target, which rustup adds where it is missing, and
//! its linker.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::{error::Error, script::Script, target::Target};

/// A Rust that can build guests for one target.
pub(crate) struct Toolchain {
    /// Turns modules into components. It comes with the compiler.
    pub(crate) linker: PathBuf,
}

impl Toolchain {
    /// Returns the toolchain of the build script that called, with `target` installed.
    pub(crate) fn find(script: &Script, target: Target) -> Result<Self, Error> {
        // Two build scripts at once would have two rustups write to one toolchain.
        let lock = lock(&script.guests_dir())
            .map_err(|error| Error::new(format!("cannot lock the guests' folder: {error}")))?;
        install(&script.rustc, &script.config_dir, target)?;
        drop(lock);
        let linker = format!("wasm-component-ld{}", std::env::consts::EXE_SUFFIX);
        let rustlib = rustlib(&script.rustc, &script.config_dir)?;
        let linker = rustlib.join(&script.host).join("bin").join(linker);
        if !linker.is_file() {
            return Err(Error::new(format!("this Rust comes without {}", linker.display())));
        }
        Ok(Self { linker })
    }
}

/// Has rustup add `target` to the toolchain that is used in `folder`, unless it is there. Returns
/// whether it was added.
///
/// # Errors
/// If it is missing and rustup cannot add it; the error names the command to run.
pub(crate) fn install(rustc: &OsStr, folder: &Path, target: Target) -> Result<bool, Error> {
    let triple = target.triple();
    if rustlib(rustc, folder)?.join(triple).is_dir() {
        return Ok(false);
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", triple]).current_dir(folder);
    // What a build script prints to standard output, Cargo would take for directives.
    let output = rustup.output().map_err(|error| missing(triple, &error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().find_map(|line| line.strip_prefix("error: "));
        return Err(missing(triple, error.unwrap_or("it does not say why")));
    }
    // A rustup that is not the one behind this rustc adds the target elsewhere.
    if !rustlib(rustc, folder)?.join(triple).is_dir() {
        return Err(missing(triple, "it was added to another toolchain than the one that builds"));
    }
    Ok(true)
}

fn lock(folder: &Path) -> std::io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("rustup.lock"))?;
    file.lock()?;
    Ok(file)
}

fn missing(triple: &str, why: &str) -> Error {
    Error::new(format!(
        "plugins are built for {triple}, which this Rust does not have, and rustup cannot add it \
         ({why}): run `rustup target add {triple}`, or install that target as you installed Rust"
    ))
}

fn rustlib(rustc: &OsStr, folder: &Path) -> Result<PathBuf, Error> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .current_dir(folder)
        .output()
        .map_err(|error| Error::new(format!("cannot run rustc: {error}")))?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(PathBuf::from(sysroot.trim()).join("lib/rustlib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_target_names_the_command_that_adds_it() {
        assert_eq!(
            missing("wasm32-wasip2", "no network").to_string(),
            "plugins are built for wasm32-wasip2, which this Rust does not have, and rustup cannot \
             add it (no network): run `rustup target add wasm32-wasip2`, or install that target as \
             you installed Rust",
        );
    }
}
