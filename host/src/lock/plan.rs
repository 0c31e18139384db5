//! A plan to pin plugins, which is written if nobody objects.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};

use super::{difference::Difference, edit::Edit};
use crate::{
    lock_file::{LockFile, LockedPlugin},
    replace_file::replace_file,
};

/// Plan to pin the plugins of a configuration.
#[derive(Clone, Debug)]
#[must_use = "a plan changes nothing before `write`"]
pub struct LockPlan {
    config: PathBuf,
    before: String,
    text: String,
    lock: LockFile,
    differences: Vec<Difference>,
}

impl LockPlan {
    pub(super) fn new(
        config: &Path,
        before: &str,
        edit: &Edit,
        lock: LockFile,
        differences: Vec<Difference>,
    ) -> Result<Self, Error> {
        // A link is followed, so that its target is replaced and not the link.
        let path = fs::canonicalize(config);
        let config = path.map_err(|error| crate::unreadable::unreadable(config, error))?;
        let (before, text) = (before.to_owned(), edit.text());
        Ok(Self { config, before, text, lock, differences })
    }

    /// Returns the plugins, as the lock file will have them.
    #[must_use]
    pub fn plugins(&self) -> &[LockedPlugin] {
        &self.lock.plugin
    }

    /// Returns what plugins ask for beyond what was accepted.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Returns whether every difference is granted by the configuration.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.differences.iter().all(|one| one.is_granted)
    }

    /// Returns whether the configuration and its lock file are as this plan would write them. Blocks.
    ///
    /// # Errors
    /// `Config` if the lock file cannot be read.
    pub fn is_current(&self) -> Result<bool, Error> {
        let known = LockFile::read(&self.config)?;
        Ok(self.text == self.before && known.as_ref() == Some(&self.lock))
    }

    /// Writes the lock file and the configuration. Whoever calls this accepts all differences. Blocks.
    ///
    /// # Errors
    /// `Config` if a file cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        let written = |path: &Path, text: &str| {
            replace_file(path, text).map_err(|error| {
                let text = format!("cannot write `{}`", path.display());
                Error::new(ErrorKind::Config, text).with_source(error)
            })
        };
        written(&LockFile::path(&self.config), &self.lock.text()?)?;
        if self.text == self.before { Ok(()) } else { written(&self.config, &self.text) }
    }
}
