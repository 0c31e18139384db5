//! A stranger's project that depends on the bundle by Git, with settings of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{repository, run::run, vendor};

/// Settings that would break the plugins if they reached them. The wrapper refuses to compile one.
const CONFIG: &str = r#"
[build]
rustc-wrapper = "WRAPPER"
target-dir = "out"

[net]
offline = true

[target.wasm32-unknown-unknown]
linker = "/nowhere"

[target.wasm32-wasip2]
linker = "/nowhere"

[target.'cfg(target_family = "wasm")']
rustflags = ["-Cno-such-option"]
"#;

/// A compiler wrapper for the host alone.
const WRAPPER: &str = r#"#!/bin/sh
case "$*" in *--target\ wasm32-*) echo "a plugin is compiled with the host's wrapper" >&2; exit 1 ;; esac
exec "$@"
"#;

/// The project.
pub(super) struct Stranger {
    folder: PathBuf,
}

impl Stranger {
    /// Writes the project into `folder`. What was built there stays.
    pub(super) fn write(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(folder.join("src"))?;
        fs::create_dir_all(folder.join(".cargo"))?;
        let manifest = format!(
            "[package]\nname = \"stranger\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\ncloakroom-bundle = {{ git = \"{}\" }}\n\n[workspace]\n",
            repository::make()?
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let program = "fn main() {\n    assert_eq!(cloakroom_bundle::all().len(), 11);\n}\n";
        fs::write(folder.join("src/main.rs"), program)?;
        let wrapper = folder.join("wrapper.sh");
        fs::write(&wrapper, WRAPPER)?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
        let config = CONFIG.replace("WRAPPER", &wrapper.to_string_lossy());
        fs::write(folder.join(".cargo/config.toml"), vendor::config(&vendor::crates()?) + &config)?;
        Ok(Self { folder })
    }

    /// Builds and runs the program with the toolchains in `rustup`.
    ///
    /// The first command fetches the repository, so that the second needs no network: the crates that
    /// plugins are built from are in the folder that the project's configuration names, and nowhere
    /// else.
    pub(super) fn run(&self, rustup: &Path) -> Result<()> {
        let cargo = |args: &[&str]| {
            // By name: rustup's Cargo, in the toolchain that is asked for.
            let mut cargo = Command::new("cargo");
            cargo.args(args).current_dir(&self.folder).env_remove("CARGO_TARGET_DIR");
            cargo.env("CARGO_HOME", self.folder.join("home"));
            cargo.env("RUSTUP_HOME", rustup).env("RUSTUP_AUTO_INSTALL", "0");
            run(&mut cargo, &format!("cargo {}, in a stranger's project", args.join(" ")))
        };
        cargo(&["generate-lockfile", "--config", "net.offline=false"])?;
        cargo(&["run", "--frozen"])
    }
}
