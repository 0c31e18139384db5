//! Pins the plugins of a configuration, and records what was accepted of each.

mod describe;
mod difference;
mod edit;
mod plan;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::{Host, Inspection, Requirement};
use cloakroom_registry::Reference;

pub use self::{difference::Difference, plan::LockPlan};
use self::{difference::differences, edit::Edit};
use crate::{
    blocking_work::run_blocking,
    builder::CloakroomBuilder,
    config::{self, PluginEntry, Table},
    config_file::ConfigFile,
    lock_file::{LockFile, LockedPlugin},
    plugin_store::{PluginRequest, PluginStore},
    pull::{at, folder, pull_one},
    registry_access::client,
};

impl CloakroomBuilder {
    /// Plans to pin the plugins of the configuration: resolves tags, pulls what has no local copy, checks
    /// signatures by the policy, and compares each plugin with what the lock file says was accepted.
    /// Nothing is written before [`LockPlan::write`], local copies apart.
    ///
    /// A reference that has a digest keeps it, unless `update` is set and it has a tag besides.
    ///
    /// # Errors
    /// `Config` if the configuration is no file, or is wrong. Otherwise the error that keeps a plugin from
    /// being pulled, verified or described.
    pub async fn lock(&self, update: bool) -> Result<LockPlan, Error> {
        let this = self.clone();
        let config = run_blocking(move || ConfigFile::read_now(&this.source)).await?;
        let place = config.locator.name().to_owned();
        let planned = Locker::plan(self, &config, update).await;
        planned.map_err(|error| error.at_place(&place))
    }
}

/// Locks the plugins of one configuration.
struct Locker<'a> {
    builder: &'a CloakroomBuilder,
    config: &'a ConfigFile,
    store: PluginStore,
    before: LockFile,
    host: Host,
    update: bool,
}

impl<'a> Locker<'a> {
    async fn plan(
        builder: &'a CloakroomBuilder,
        config: &'a ConfigFile,
        update: bool,
    ) -> Result<LockPlan, Error> {
        let Some(path) = builder.source.path() else {
            let text = "only a configuration in a file can be locked";
            return Err(Error::new(ErrorKind::Config, text));
        };
        let names = config.file.keys.keys().chain(builder.native.rings.keys());
        let names = names.map(String::as_str).collect();
        config::check(&config.file, &names, &config.locator)?;
        let (store, before) = PluginStore::open(builder, config)?.unlocked();
        let cache = config.file.cache.folder.as_ref().map(|path| config.folder.join(path));
        let cache = cache.or_else(|| builder.cache.clone());
        let host = builder.host_builder(config.file.plugin_limits(), cache.as_ref()).build()?;
        let this = Self { builder, config, store, before, host, update };
        let mut edit = Edit::new(config.locator.text()).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the configuration cannot be edited: is it valid TOML?")
        })?;
        let (mut plugins, mut found) = (Vec::<LockedPlugin>::new(), Vec::new());
        for (table, entry) in config.file.tables() {
            if !matches!(entry.origin().0, "file" | "oci") {
                continue;
            }
            let locked = this.entry(table, entry, &mut edit).await;
            let locked = locked.map_err(|error| at(config, table, error))?;
            found.extend(this.differences(table, &locked, &mut edit));
            merge(&mut plugins, locked);
        }
        LockPlan::new(path, config.locator.text(), &edit, LockFile::new(plugins), found)
    }

    /// Pins one entry, and returns what it asks for.
    async fn entry(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
        edit: &mut Edit,
    ) -> Result<LockedPlugin, Error> {
        let mut request = PluginRequest::new(PluginEntry { digest: None, ..entry })?;
        let (mut name, mut manifest) = (entry.plugin.to_owned(), None);
        if let ("oci", _) = entry.origin() {
            let reference = self.pin(&entry.plugin.parse()?).await?;
            manifest = reference.digest().map(|digest| digest.to_string());
            name = reference.plugin();
            request = request.with_plugin(&reference.to_string());
            edit.set(table, "plugin", &reference.to_string());
        }
        let store = self.store.clone();
        let checked = run_blocking(move || store.find(&request)).await?;
        let (source, bytes) = checked.source.read_now(self.host.limits().component)?;
        let inspection = Inspection::from_bytes(&bytes)?;
        if entry.origin().0 == "file" {
            edit.set(table, "digest", &inspection.digest.to_string());
        }
        let settings = entry.settings.iter().map(|(name, value)| (name.clone(), value.0.clone()));
        let settings = settings.collect();
        let described = describe::describe(&self.host, source, inspection.world, settings).await?;
        let is_signed = checked.statement.is_some();
        let told = described.statement.or(checked.title);
        let statement = checked.statement.or(told);
        Ok(LockedPlugin {
            plugin: name,
            digest: inspection.digest.to_string(),
            manifest,
            name: statement.as_ref().map(|statement| statement.name().to_owned()),
            version: statement.as_ref().map(|statement| statement.version().to_owned()),
            signed: is_signed,
            world: inspection.world.map_or("none", |world| world.as_str()).to_owned(),
            encodings: described.encodings,
            imports: imports(&inspection),
        })
    }

    /// Resolves the tag of a reference if need be, and pulls the plugin.
    async fn pin(&self, reference: &Reference) -> Result<Reference, Error> {
        let largest = self.host.limits().component;
        let is_pinned = reference.digest().is_some();
        let reference = if is_pinned && !(self.update && reference.tag().is_some()) {
            reference.clone()
        } else {
            let newest = reference.clone().without_digest();
            let digest = client(self.config, &newest)?.resolve(&newest, largest).await;
            let digest = digest.map_err(|error| error.rename_remedies(config::setting_name))?;
            newest.with_digest(digest)
        };
        pull_one(&folder(self.builder, self.config)?, self.config, &reference, largest).await?;
        Ok(reference)
    }

    /// Compares a plugin with the versions of it that were accepted. One that is new is compared with
    /// none: what it asks for is granted in the configuration, or it does not load.
    fn differences(
        &self,
        table: Table<'_>,
        locked: &LockedPlugin,
        edit: &mut Edit,
    ) -> Vec<Difference> {
        let known = self.before.versions(&locked.plugin);
        let found = known.map(|before| differences(before, locked)).min_by_key(Vec::len);
        let mut found = found.unwrap_or_default();
        for one in &mut found {
            let requirement = (one.kind == "import").then(|| Requirement::of_import(&one.now));
            if let Some(Requirement::Grant(capability)) = requirement {
                one.grant = format!("grants.{}", capability.as_str());
                one.is_granted = edit.is_granted(table, capability.as_str());
            }
        }
        found
    }
}

/// Returns the imports without the versions of their packages: a plugin that was built again on the next
/// version of the contract asks for nothing more.
fn imports(inspection: &Inspection) -> Vec<String> {
    let names = inspection.imports.iter().map(|import| import.name.split('@').next());
    let mut names: Vec<_> = names.flatten().map(|name| cloakroom_core::clean(name, 128)).collect();
    names.sort();
    names.dedup();
    names
}

/// Adds a plugin. Two entries of one file have the encodings of both.
fn merge(plugins: &mut Vec<LockedPlugin>, locked: LockedPlugin) {
    let same = |known: &&mut LockedPlugin| {
        (&known.plugin, &known.digest) == (&locked.plugin, &locked.digest)
    };
    match plugins.iter_mut().find(same) {
        Some(known) => {
            known.encodings.extend(locked.encodings);
            known.encodings.sort();
            known.encodings.dedup();
        }
        None => plugins.push(locked),
    }
}
