//! One plugin of a configuration with its grants, for tools that try it alone.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::{Grants, Inspection, Limits, OwnLimits, Settings, Source};

use crate::{
    blocking_work::run_blocking,
    builder::CloakroomBuilder,
    config::{OpenBuckets, PluginEntry, Table},
    config_file::ConfigFile,
    load_deadline::LoadProgress,
    plugin_loader::{PluginLoader, settings},
    plugin_store::PluginRequest,
    resources::Resources,
};

/// A plugin as one stage or driver of a configuration has it. It is not loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfiguredPlugin {
    /// The stage or the driver, such as ``stage `zstd` ``.
    pub part: String,
    /// Its grants: keys and buckets are open.
    pub grants: Grants,
    /// Its settings.
    pub settings: Settings,
    /// Limits of the configuration.
    pub limits: Limits,
    /// Its own limits, in place of those.
    pub own_limits: OwnLimits,
}

impl CloakroomBuilder {
    /// Returns the first stage or driver of the configuration that has this plugin: the same file, or
    /// another file with the same bytes. Reads keys and secrets, and opens buckets.
    ///
    /// # Errors
    /// `Config` if the configuration is wrong, or no stage or driver has the plugin. `PluginRejected` if
    /// the plugin is not a component.
    pub async fn configured_plugin(&self, plugin: &Source) -> Result<ConfiguredPlugin, Error> {
        let (this, plugin) = (self.clone(), plugin.clone());
        run_blocking(move || this.find_configured(&plugin)).await
    }

    fn find_configured(&self, plugin: &Source) -> Result<ConfiguredPlugin, Error> {
        let wanted = Inspection::from_source(plugin)?.digest;
        let config = ConfigFile::read_now(&self.source)?;
        let name = config.locator.name().to_owned();
        let open = Arc::<OpenBuckets>::default();
        let opened = Resources::open(self, &config, &open, None);
        let resources = opened.map_err(|error| error.at_place(&name))?;
        let ConfigFile { file, folder, locator, .. } = config;
        let stages = file.stage.iter().map(|stage| stage.entry()).enumerate();
        let drivers = file.storage.iter().flat_map(|storage| &storage.driver);
        let drivers = drivers.map(|driver| driver.entry()).enumerate();
        let parts = stages.map(|(index, entry)| (Table::Stage(index), entry));
        let mut parts = parts.chain(drivers.map(|(index, entry)| (Table::Driver(index), entry)));
        let store = resources.plugins.unchecked();
        let is_wanted = |entry: PluginEntry<'_>| {
            let request = PluginRequest::new(entry).ok();
            let found = request.and_then(|request| store.find(&request).ok());
            let found = found.and_then(|found| Inspection::from_source(&found.source).ok());
            found.is_some_and(|found| found.digest == wanted)
        };
        let found = parts.find(|(_, entry)| entry.origin().0 != "native" && is_wanted(*entry));
        let (table, entry) = found.ok_or_else(|| not_configured(plugin).at_place(&name))?;
        let loader = PluginLoader {
            folder: &folder,
            native: &self.native,
            locator: &locator,
            namespaces: &file.namespace,
            progress: &LoadProgress::default(),
            resources,
        };
        Ok(ConfiguredPlugin {
            part: entry.part(),
            grants: loader.grants(table, entry),
            settings: settings(entry),
            limits: file.plugin_limits(),
            own_limits: entry.limits.limits(),
        })
    }
}

fn not_configured(plugin: &Source) -> Error {
    let text = format!(
        "no stage and no driver has the plugin `{}`: name its file in one of them",
        plugin.name()
    );
    Error::new(ErrorKind::Config, text)
}
