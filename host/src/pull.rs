//! Pulls the plugins of a configuration into the folder of local copies.

use std::path::PathBuf;

use cloakroom_core::{ByteSize, Error, ErrorKind};
use cloakroom_registry::{LocalCopies, Reference};

use crate::{
    blocking_work::run_blocking,
    builder::CloakroomBuilder,
    config::{Table, setting_name},
    config_file::ConfigFile,
    plugin_store::copies,
    registry_access::client,
};

/// A plugin of a configuration that has a local copy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PulledPlugin {
    /// Reference with its digest.
    pub reference: Reference,
    /// Folder of the copy.
    pub path: PathBuf,
    /// True if it was downloaded now.
    pub is_new: bool,
}

impl CloakroomBuilder {
    /// Pulls the plugins that the configuration pins and that have no intact local copy. Afterwards it
    /// opens without a registry.
    ///
    /// # Errors
    /// `Config` if the configuration is wrong or names no folder. `NotFound`, `Denied` or `Unavailable` as
    /// a registry answers. `Corrupt` or `PluginRejected` if a plugin is not what its reference pins.
    pub async fn pull(&self) -> Result<Vec<PulledPlugin>, Error> {
        let this = self.clone();
        let config = run_blocking(move || ConfigFile::read_now(&this.source)).await?;
        let place = config.locator.name().to_owned();
        let pulled = pull_missing(self, &config).await;
        pulled.map_err(|error| error.at_place(&place))
    }

    /// Returns the folder of local copies.
    ///
    /// # Errors
    /// `Config` if there is none, or the configuration cannot be read.
    pub fn plugin_copies(&self) -> Result<LocalCopies, Error> {
        folder(self, &ConfigFile::read_now(&self.source)?)
    }
}

/// Pulls what has no intact local copy.
pub(crate) async fn pull_missing(
    builder: &CloakroomBuilder,
    config: &ConfigFile,
) -> Result<Vec<PulledPlugin>, Error> {
    let largest = config.file.plugin_limits().component;
    let mut pulled = Vec::<PulledPlugin>::new();
    for (table, entry) in config.file.tables() {
        let ("oci", _) = entry.origin() else { continue };
        let reference: Reference = entry.plugin.parse()?;
        // One with a tag alone is refused when it is loaded, with what to do about it.
        if reference.digest().is_none() || pulled.iter().any(|known| known.reference == reference) {
            continue;
        }
        let done = pull_one(&folder(builder, config)?, config, &reference, largest).await;
        pulled.push(done.map_err(|error| at(config, table, error))?);
    }
    Ok(pulled)
}

/// Pulls a plugin, unless it has an intact local copy.
pub(crate) async fn pull_one(
    copies: &LocalCopies,
    config: &ConfigFile,
    reference: &Reference,
    largest: ByteSize,
) -> Result<PulledPlugin, Error> {
    let pulled = |path, is_new| PulledPlugin { reference: reference.clone(), path, is_new };
    if let Some(digest) = reference.digest() {
        let known = copies.clone();
        let read = run_blocking(move || known.read(digest, largest)).await;
        if read.is_ok() {
            return Ok(pulled(copies.path(digest), false));
        }
    }
    let client = client(config, reference)?;
    let artifact = client.pull(reference, largest).await;
    let artifact = artifact.map_err(|error| error.rename_remedies(setting_name))?;
    let copies = copies.clone();
    let path = run_blocking(move || copies.keep(&artifact)).await?;
    Ok(pulled(path, true))
}

/// Returns the folder of local copies.
pub(crate) fn folder(
    builder: &CloakroomBuilder,
    config: &ConfigFile,
) -> Result<LocalCopies, Error> {
    copies(builder, config).ok_or_else(|| {
        let text = "there is no folder for plugins of registries: set `plugins.folder`";
        Error::new(ErrorKind::Config, text)
    })
}

/// Returns an error at the plugin of a stage or driver.
pub(crate) fn at(config: &ConfigFile, table: Table<'_>, error: Error) -> Error {
    error.at_place(&config.locator.place_of(table, &["plugin"]))
}
