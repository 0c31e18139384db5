//! A configuration that was parsed, before anything that it names is loaded.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use cloakroom_core::Error;

use crate::{
    blocking_work::run_blocking,
    config::{self, File, Locator},
    config_source::{ConfigSource, RawConfig},
    file_stamps::FileStamps,
    load_deadline::{LoadProgress, load_within},
    lock_file::LockFile,
};

/// A parsed configuration.
pub(crate) struct ConfigFile {
    pub(crate) file: File,
    /// Folder that relative paths start from.
    pub(crate) folder: PathBuf,
    pub(crate) locator: Locator,
    /// Stamps of its files, as they were before they were read.
    pub(crate) stamps: FileStamps,
}

impl ConfigFile {
    /// Reads and parses a configuration within `limit`.
    ///
    /// # Errors
    /// `Config` if it cannot be read or parsed; `Busy` if the file system does not answer in time.
    pub(crate) async fn read(source: &ConfigSource, limit: Duration) -> Result<Self, Error> {
        let source = source.clone();
        let progress = LoadProgress::default();
        progress.begin("the configuration's file".to_owned());
        let reading = run_blocking(move || Self::read_now(&source));
        load_within(limit, Instant::now(), &progress, reading).await
    }

    /// Reads and parses a configuration. May block.
    pub(crate) fn read_now(source: &ConfigSource) -> Result<Self, Error> {
        // Stamped before it is read: a change in between is then seen by the next look of a watch, and
        // costs one reload too many. Stamped afterwards, it would be missed for ever.
        let path = source.path();
        let mut stamps = FileStamps::take(path.cloned());
        stamps.extend(FileStamps::take(path.map(|path| LockFile::path(path))));
        let RawConfig { name, folder, text } = source.read()?;
        let file = config::parse(&text, &name)?;
        stamps.extend(FileStamps::take(file.files(&folder)));
        Ok(Self { file, folder, locator: Locator::new(name, text), stamps })
    }
}
