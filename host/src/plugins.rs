//! The plugins of a configuration, to be compiled before anything is opened.

use std::path::Path;

use cloakroom_core::Error;
use cloakroom_plugin::{Host, Source};

use crate::{
    CloakroomBuilder,
    config::{self, Places},
    generation,
};

/// What [`CloakroomBuilder::plugins`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plugins {
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
    /// let plugins = cloakroom::CloakroomBuilder::file("cloakroom.toml").plugins(Some("compiled".as_ref()))?;
    /// for source in &plugins.sources {
    ///     plugins.host.compile(source).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Config` if the configuration is wrong, so far as it can be told without its secrets.
    pub fn plugins(&self, into: Option<&Path>) -> Result<Plugins, Error> {
        let (place, folder, text) = self.text.read()?;
        let file = config::parse(&text, &place)?;
        let places = Places::new(place, text);
        let found = || {
            let names = file.keys.keys().chain(self.native.rings.keys());
            config::check(&file, &names.map(String::as_str).collect::<Vec<_>>(), &places)?;
            let cache = file.cache.folder.as_ref().map(|path| folder.join(path));
            let cache = into.map(Path::to_owned).or(cache).or_else(|| self.cache.clone());
            let host = self.host_builder(file.plugin_limits(), cache.as_ref());
            let mut sources = Vec::new();
            let entries = file.entries().filter(|entry| entry.place().0 != "native");
            for entry in entries {
                let source = generation::source(&folder, entry)?;
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            Ok(Plugins { host: host.build()?, sources })
        };
        found().map_err(|error: Error| error.at_place(places.name()))
    }
}
