//! Loads the plugins of stages and drivers, and says where in the file one is wrong.

use std::sync::Arc;

use cloakroom_core::{ByteSize, Codec, Driver, Error, ErrorKind};
use cloakroom_pipeline::Stage;
use cloakroom_plugin::{Plugin, Reuse, Settings, Source, World};

use crate::{
    blocking::blocking,
    config::{PluginEntry, ReuseWord, StorageEntry, Table},
    generation::{Parts, source},
    inventory::Drivers,
    probe,
};

impl Parts<'_> {
    /// Loads the codec of a stage and tries it. `most` is the largest payload.
    pub(crate) async fn stage(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
        most: ByteSize,
    ) -> Result<Stage, Error> {
        let at = |key| move |error| self.at(table, key, entry, error);
        let (name, codec): (String, Arc<dyn Codec>) = if let ("native", name) = entry.place() {
            let codec = self.native.codecs.get(name).ok_or_else(|| not_given("codec", name));
            (entry.called().into_owned(), codec.map_err(at("plugin"))?.clone())
        } else {
            let plugin = self.load(table, entry).await?;
            let codec = plugin.codec(settings(entry), reuse(entry)).await;
            (
                plugin.name().to_owned(),
                Arc::new(codec.map_err(|error| self.refused(table, entry, error))?),
            )
        };
        let stage = Stage::new(&name, codec);
        probe::stage(&stage, most).await.map_err(at("plugin"))?;
        Ok(stage)
    }

    /// Says where in the configuration, and in which file of a plugin, something is wrong.
    fn at(&self, table: Table<'_>, key: &str, entry: PluginEntry<'_>, error: Error) -> Error {
        let error = match entry.place() {
            ("file", path) => error.in_file(&self.folder.join(path)),
            _ => error,
        };
        let (place, part) = (self.places.at(table, &[key]), entry.part());
        error.at_place(&format!("{place}, {part}, key `{key}`"))
    }

    /// Places what a plugin says of its settings, or fails to say of itself.
    fn refused(&self, table: Table<'_>, entry: PluginEntry<'_>, error: Error) -> Error {
        let key = if error.kind() == ErrorKind::Config { "settings" } else { "plugin" };
        self.at(table, key, entry, error)
    }

    /// Loads all drivers.
    pub(crate) async fn drivers(&self, storage: &StorageEntry) -> Result<Drivers, Error> {
        let mut drivers = Drivers::new();
        for (index, entry) in storage.driver.iter().enumerate() {
            let driver = self.driver(Table::Driver(index), entry.entry()).await?;
            drivers.push((entry.name.clone(), driver));
        }
        Ok(drivers)
    }

    async fn driver(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
    ) -> Result<Arc<dyn Driver>, Error> {
        if let ("native", name) = entry.place() {
            let driver = self.native.drivers.get(name).ok_or_else(|| not_given("driver", name));
            return driver.cloned().map_err(|error| self.at(table, "plugin", entry, error));
        }
        let plugin = self.load(table, entry).await?;
        let driver = plugin.driver(settings(entry), reuse(entry)).await;
        Ok(Arc::new(driver.map_err(|error| self.refused(table, entry, error))?))
    }

    async fn load(&self, table: Table<'_>, entry: PluginEntry<'_>) -> Result<Plugin, Error> {
        let source =
            source(self.folder, entry).map_err(|error| self.at(table, "digest", entry, error))?;
        self.progress.begin(format!("plugin `{}`", source.name()));
        let loaded = self.host.load(source.clone(), self.grants(entry)).await;
        // A plugin in the wrong table is told so, and not which grants or settings it lacks there.
        let world = match &loaded {
            Ok(plugin) => plugin.inspection().world,
            Err(_) => self.world(&source).await,
        };
        let loaded = match misplaced(table, world) {
            Some(text) => Err(Error::new(ErrorKind::Config, text).in_plugin(source.name())),
            None => loaded,
        };
        loaded.map_err(|error| {
            let key = if error.kind() == ErrorKind::MissingGrant { "grants" } else { "plugin" };
            self.at(table, key, entry, error)
        })
    }
}

impl Parts<'_> {
    /// Returns the world of a plugin that did not load, if it can be read.
    async fn world(&self, source: &Source) -> Option<World> {
        let (host, source) = (self.host.clone(), source.clone());
        blocking(move || host.inspect(&source)).await.ok()?.world
    }
}

/// Says where a plugin of this world belongs, if it is not this table.
fn misplaced(table: Table<'_>, world: Option<World>) -> Option<&'static str> {
    match (table, world?) {
        (Table::Stage(_), World::Storage) => {
            Some("is a storage driver, not a codec: it goes into [[storage.driver]]")
        }
        (Table::Driver(_), World::Storage) | (Table::Stage(_), _) => None,
        _ => Some("is a codec, not a storage driver: it goes into [[stage]]"),
    }
}

fn settings(entry: PluginEntry<'_>) -> Settings {
    entry.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

fn reuse(entry: PluginEntry<'_>) -> Reuse {
    match entry.reuse {
        ReuseWord::Fresh => Reuse::Fresh,
        ReuseWord::Warm => Reuse::Warm,
    }
}

fn not_given(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::Config, format!("no {what} `{name}` was given in the program"))
}
