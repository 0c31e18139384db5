//! Loads the plugins of stages and drivers, and says where in the file one is wrong.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cloakroom_core::{ByteSize, Codec, Driver, Error, ErrorKind, Purpose};
use cloakroom_pipeline::Stage;
use cloakroom_plugin::{Plugin, Reuse, Settings, Source, World};

use crate::{
    blocking_work::run_blocking,
    builder::NativeParts,
    config::{Locator, NamespaceEntry, PluginEntry, ReuseWord, StorageEntry, Table, setting_name},
    granted_names,
    inventory::Drivers,
    load_deadline::LoadProgress,
    plugin_store::PluginRequest,
    probe,
    resources::Resources,
};

/// Loads plugins of one configuration.
pub(crate) struct PluginLoader<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) native: &'a NativeParts,
    pub(crate) locator: &'a Locator,
    pub(crate) namespaces: &'a BTreeMap<String, NamespaceEntry>,
    pub(crate) progress: &'a LoadProgress,
    pub(crate) resources: Resources,
}

impl PluginLoader<'_> {
    /// Loads the codec of a stage and tries it. `most` is the largest payload.
    pub(crate) async fn stage(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
        most: ByteSize,
    ) -> Result<Stage, Error> {
        let at = |key| move |error| self.at_key(table, key, entry, error);
        let (name, codec): (String, Arc<dyn Codec>) = if let ("native", name) = entry.origin() {
            let codec = self.native.codecs.get(name).ok_or_else(|| not_given("codec", name));
            (entry.stage_name().into_owned(), codec.map_err(at("plugin"))?.clone())
        } else {
            let plugin = self.load(table, entry).await?;
            self.check_settings(table, entry, &plugin).await?;
            let codec = plugin.codec(settings(entry), reuse(entry)).await;
            let codec = codec.map_err(|error| self.at_settings(table, entry, error))?;
            (plugin.name().to_owned(), Arc::new(codec))
        };
        let stage = Stage::new(&name, codec);
        probe::try_stage(&stage, most).await.map_err(at("plugin"))?;
        // A codec of the program is trusted to encrypt: it need not be tried for leaks.
        if entry.origin().0 != "native" && stage.purpose() == Purpose::Encryption {
            probe::try_sealing(&stage).await.map_err(at("plugin"))?;
        }
        Ok(stage)
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
        if let ("native", name) = entry.origin() {
            let driver = self.native.drivers.get(name).ok_or_else(|| not_given("driver", name));
            return driver.cloned().map_err(|error| self.at_key(table, "plugin", entry, error));
        }
        let plugin = self.load(table, entry).await?;
        self.check_settings(table, entry, &plugin).await?;
        let driver = plugin.driver(settings(entry), reuse(entry)).await;
        Ok(Arc::new(driver.map_err(|error| self.at_settings(table, entry, error))?))
    }

    /// Refuses settings that the plugin says it does not take, and names that were not granted, at their
    /// line.
    async fn check_settings(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
        plugin: &Plugin,
    ) -> Result<(), Error> {
        let about = plugin.about().await;
        let about = about.map_err(|error| self.at_key(table, "plugin", entry, error))?;
        let Some(about) = about else { return Ok(()) };
        let at = |setting: &str, is_given: bool, error: Error| {
            // A missing setting has no line of its own: the table's is the nearest.
            let key = if is_given { vec!["settings", setting] } else { vec!["settings"] };
            self.at_path(table, &key, entry, error.in_plugin(plugin.name()))
        };
        if let Err(refused) = about.check_settings(&settings(entry)) {
            let (name, is_given) = (refused.setting.clone(), refused.is_given);
            return Err(at(&name, is_given, refused.into()));
        }
        granted_names::check(about, entry)
            .map_err(|refused| at(&refused.setting, refused.is_given, refused.error))
    }

    async fn load(&self, table: Table<'_>, entry: PluginEntry<'_>) -> Result<Plugin, Error> {
        let request = PluginRequest::new(entry);
        let request = request.map_err(|error| self.at_key(table, "digest", entry, error))?;
        let store = self.resources.plugins.clone();
        // Reads and hashes files, whose file system may not answer.
        let found = run_blocking(move || store.find(&request)).await;
        let source = found.map_err(|error| self.at_key(table, "plugin", entry, error))?.source;
        self.progress.begin(format!("plugin `{}`", source.name()));
        let host = &self.resources.host;
        let loaded = host.load(source.clone(), self.grants(table, entry)).await;
        // Asked first: a plugin in the wrong table also lacks grants and settings there, and an error
        // about those would lead away from the cause.
        let world = match &loaded {
            Ok(plugin) => plugin.inspection().world,
            Err(_) => self.world(&source).await,
        };
        let loaded = match misplaced(table, world) {
            Some(text) => Err(Error::new(ErrorKind::Config, text).in_plugin(source.name())),
            None => loaded,
        };
        let plugin = loaded.map_err(|error| {
            let key = if error.kind() == ErrorKind::MissingGrant { "grants" } else { "plugin" };
            self.at_key(table, key, entry, error)
        })?;
        let limited = plugin.with_limits(entry.limits.limits());
        limited.map_err(|error| self.at_key(table, "limits", entry, error))
    }

    /// Returns the world of a plugin that did not load, if it can be read.
    async fn world(&self, source: &Source) -> Option<World> {
        let (host, source) = (self.resources.host.clone(), source.clone());
        run_blocking(move || host.inspect(&source)).await.ok()?.world
    }

    /// Returns an error at a key of a stage or driver, with the file of its plugin. A shared host was
    /// built by the program and names its methods, which the reader of the file cannot change.
    fn at_key(&self, table: Table<'_>, key: &str, entry: PluginEntry<'_>, error: Error) -> Error {
        self.at_path(table, &[key], entry, error)
    }

    fn at_path(
        &self,
        table: Table<'_>,
        key: &[&str],
        entry: PluginEntry<'_>,
        error: Error,
    ) -> Error {
        let error = match entry.origin() {
            ("file", path) => error.in_file(&self.folder.join(path)),
            _ => error,
        };
        let (place, part) = (self.locator.place_of(table, key), entry.part());
        let key = key.join(".");
        let error = error.rename_remedies(setting_name);
        error.at_place(&format!("{place}, {part}, key `{key}`"))
    }

    /// Returns an error at the settings if the plugin refused them, and at the plugin otherwise.
    fn at_settings(&self, table: Table<'_>, entry: PluginEntry<'_>, error: Error) -> Error {
        let key = if error.kind() == ErrorKind::Config { "settings" } else { "plugin" };
        self.at_key(table, key, entry, error)
    }
}

/// Says where a plugin of this world belongs, if it is not this table.
fn misplaced(table: Table<'_>, world: Option<World>) -> Option<&'static str> {
    match (table, world?.is_driver()) {
        (Table::Stage(_), true) => {
            Some("is a storage driver, not a codec: it goes into [[storage.driver]]")
        }
        (Table::Driver(_), true) | (Table::Stage(_), false) => None,
        _ => Some("is a codec, not a storage driver: it goes into [[stage]]"),
    }
}

/// Returns the settings of an entry.
pub(crate) fn settings(entry: PluginEntry<'_>) -> Settings {
    entry.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

fn reuse(entry: PluginEntry<'_>) -> Reuse {
    match entry.reuse {
        ReuseWord::Fresh => Reuse::Fresh,
        ReuseWord::Warm => Reuse::Warm,
    }
}

fn not_given(kind: &str, name: &str) -> Error {
    let text = format!(
        "no {kind} `{name}` was given in the program: add it with `CloakroomBuilder::with_{kind}`"
    );
    Error::new(ErrorKind::Config, text)
}
