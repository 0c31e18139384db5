//! What rustup has to have installed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, Target, script::Script};

/// What builds for one target.
pub(crate) struct Toolchain {
    /// Makes components of modules. It comes with the compiler.
    pub(crate) linker: PathBuf,
}

impl Toolchain {
    pub(crate) fn find(script: &Script, target: Target) -> Result<Self, Error> {
        Self::within(&sysroot(script)?.join("lib/rustlib"), &script.host, target)
    }

    fn within(rustlib: &Path, host: &str, target: Target) -> Result<Self, Error> {
        let triple = target.triple();
        if !rustlib.join(triple).is_dir() {
            return Err(Error::new(format!(
                "guests are built for {triple}, which is not installed: run `rustup target add {triple}`"
            )));
        }
        let linker = format!("wasm-component-ld{}", std::env::consts::EXE_SUFFIX);
        let linker = rustlib.join(host).join("bin").join(linker);
        if !linker.is_file() {
            return Err(Error::new(format!("this Rust comes without {}", linker.display())));
        }
        Ok(Self { linker })
    }
}

fn sysroot(script: &Script) -> Result<PathBuf, Error> {
    let mut rustc = Command::new(&script.rustc);
    let output = rustc
        .args(["--print", "sysroot"])
        .current_dir(&script.workspace)
        .output()
        .map_err(|error| Error::new(format!("cannot run rustc: {error}")))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: Target, expect: &str) {
        let found = Toolchain::within(Path::new("/nowhere"), "x86_64-unknown-linux-gnu", target);
        assert_eq!(found.map(|_| ()).unwrap_err().to_string(), expect);
    }

    #[test]
    fn a_missing_target_names_the_command_that_adds_it() {
        check(
            Target::Bare,
            "guests are built for wasm32-unknown-unknown, which is not installed: \
             run `rustup target add wasm32-unknown-unknown`",
        );
        check(
            Target::Wasip2,
            "guests are built for wasm32-wasip2, which is not installed: \
             run `rustup target add wasm32-wasip2`",
        );
    }
}
