//! Plugins of a configuration, for compiling them before anything is opened.

use std::path::Path;

use cloakroom_core::Error;
use cloakroom_plugin::{Host, Source};

use crate::{
    builder::CloakroomBuilder,
    config,
    config_file::ConfigFile,
    plugin_store::{PluginRequest, PluginStore},
};

/// Plugins that a configuration names, and a host to compile them with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PluginSources {
    /// A host with the limits and the cache folder of the configuration: [`Host::compile`] fills it.
    pub host: Host,
    /// The plugins that the configuration names, each once.
    pub sources: Vec<Source>,
}

impl CloakroomBuilder {
    /// Returns the plugins that the configuration names, and a host that compiles them into its cache
    /// folder, or into `into`. No secret is read and no bucket is opened, so this works where an image
    /// is built.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), cloakroom::Error> {
    /// let builder = cloakroom::CloakroomBuilder::file("cloakroom.toml");
    /// let plugins = builder.plugins(Some("compiled".as_ref()))?;
    /// for source in &plugins.sources {
    ///     plugins.host.compile(source).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Config` if the configuration is wrong, so far as that shows without its secrets.
    pub fn plugins(&self, into: Option<&Path>) -> Result<PluginSources, Error> {
        let config = ConfigFile::read_now(&self.source)?;
        let name = config.locator.name().to_owned();
        self.find_plugins(&config, into).map_err(|error| error.at_place(&name))
    }

    fn find_plugins(
        &self,
        config: &ConfigFile,
        into: Option<&Path>,
    ) -> Result<PluginSources, Error> {
        let ConfigFile { file, folder, locator, .. } = config;
        let names = file.keys.keys().chain(self.native.rings.keys());
        config::check(file, &names.map(String::as_str).collect(), locator)?;
        let cache = file.cache.folder.as_ref().map(|path| folder.join(path));
        let cache = into.map(Path::to_owned).or(cache).or_else(|| self.cache.clone());
        let host = self.host_builder(file.plugin_limits(), cache.as_ref());
        let store = PluginStore::open(self, config)?;
        let mut sources = Vec::new();
        for entry in file.entries().filter(|entry| entry.origin().0 != "native") {
            let source = store.find(&PluginRequest::new(entry)?)?.source;
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        Ok(PluginSources { host: host.build()?, sources })
    }
}
