//! Plugins that were built before, for machines without their sources, their crates or their targets.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{error::Error, guest::Guest, script::Script};

/// The variable that names the folder of prebuilt plugins.
pub(crate) const PREBUILT: &str = "CLOAKROOM_PREBUILT";

/// The folder of prebuilt plugins.
pub(crate) struct Prebuilt(PathBuf);

impl Prebuilt {
    /// Returns the folder that the environment names. An empty name is none.
    #[allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
    pub(crate) fn from_env(script: &Script) -> Option<Self> {
        println!("cargo::rerun-if-env-changed={PREBUILT}");
        let folder = env::var_os(PREBUILT).filter(|folder| !folder.is_empty())?;
        // Build scripts start in their package, which is no folder that the caller knows.
        let folder = script.config_dir.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        Some(Self(folder))
    }

    /// Returns the folder, if it holds the component of every guest.
    pub(crate) fn holding(self, guests: &[Guest]) -> Result<PathBuf, Error> {
        match guests.iter().find(|guest| !self.0.join(guest.file()).is_file()) {
            None => Ok(self.0),
            Some(guest) => Err(missing(&self.0, &guest.file())),
        }
    }
}

fn missing(folder: &Path, file: &str) -> Error {
    Error::new(format!(
        "{PREBUILT} names {folder}, which has no {file}: run `cargo xtask plugins {folder}` in a \
         checkout of this revision of Cloakroom, or unset {PREBUILT} to build the plugins here",
        folder = folder.display(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_plugin_names_the_command_that_builds_it() {
        assert_eq!(
            Prebuilt(PathBuf::from("/nowhere")).holding(&[]).ok(),
            Some(PathBuf::from("/nowhere"))
        );
        let guests = [Guest { folder: PathBuf::new(), package: "my-codec".to_owned() }];
        let error = Prebuilt(PathBuf::from("/nowhere")).holding(&guests).unwrap_err();
        assert_eq!(
            error.to_string(),
            "CLOAKROOM_PREBUILT names /nowhere, which has no my_codec.wasm: run `cargo xtask plugins \
             /nowhere` in a checkout of this revision of Cloakroom, or unset CLOAKROOM_PREBUILT to \
             build the plugins here",
        );
    }
}
