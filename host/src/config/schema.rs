//! The configuration file, as written.

use std::{
    collections::BTreeMap,
    num::{NonZeroU64, NonZeroUsize},
    path::{Path, PathBuf},
};

use cloakroom_core::ByteSize;
use cloakroom_keys::WrappedPlace;
use serde::Deserialize;

use super::{
    bucket::BucketEntry,
    code_limits::CodeLimitsEntry,
    data_key::{DataKeyEntry, OpenedEntry},
    date::Date,
    gateway::GatewayEntry,
    key_access::KeyAccessEntry,
    locator::Table,
    namespaces::NamespaceEntry,
    nexus::NexusEntry,
    own_limits::OwnLimitsEntry,
    plugin::{GrantsEntry, PluginEntry, ReuseWord},
    plugins::{PluginsEntry, RegistryEntry},
    required::Required,
    secret::Secret,
    service::ServiceEntry,
    storage::StorageEntry,
    temporal::{CodecServerEntry, TemporalEntry},
    units::{Setting, Size, Span},
};

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) stage: Vec<StageEntry>,
    pub(crate) storage: Option<StorageEntry>,
    pub(crate) buckets: BTreeMap<String, BucketEntry>,
    pub(crate) keys: BTreeMap<String, RingEntry>,
    pub(crate) services: BTreeMap<String, ServiceEntry>,
    pub(crate) key_services: BTreeMap<String, KeyAccessEntry>,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) limits: LimitsEntry,
    pub(crate) cache: CacheEntry,
    pub(crate) temporal: TemporalEntry,
    pub(crate) codec_server: CodecServerEntry,
    pub(crate) gateway: GatewayEntry,
    pub(crate) namespace: BTreeMap<String, NamespaceEntry>,
    pub(crate) nexus: BTreeMap<String, NexusEntry>,
    pub(crate) plugins: PluginsEntry,
    pub(crate) registries: BTreeMap<String, RegistryEntry>,
}

/// `[[stage]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageEntry {
    pub(crate) plugin: String,
    pub(crate) name: Option<String>,
    pub(crate) digest: Option<String>,
    #[serde(default)]
    pub(crate) trusted: Vec<String>,
    pub(crate) signed_as: Option<String>,
    #[serde(default)]
    pub(crate) required: Required,
    #[serde(default)]
    pub(crate) reuse: ReuseWord,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(crate) grants: GrantsEntry,
    #[serde(default)]
    pub(crate) limits: OwnLimitsEntry,
}

impl StageEntry {
    pub(crate) fn entry(&self) -> PluginEntry<'_> {
        PluginEntry {
            plugin: &self.plugin,
            name: self.name.as_deref(),
            driver: None,
            digest: self.digest.as_deref(),
            trusted: &self.trusted,
            signed_as: self.signed_as.as_deref(),
            reuse: self.reuse,
            settings: &self.settings,
            grants: &self.grants,
            limits: &self.limits,
        }
    }
}

/// `[keys.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RingEntry {
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) material: BTreeMap<String, Secret>,
    /// URI of the service's key that wraps data keys.
    pub(crate) service: Option<String>,
    /// URIs of keys that only unwrap.
    #[serde(default)]
    pub(crate) retired: Vec<String>,
    /// Bucket of wrapped keys.
    pub(crate) bucket: Option<String>,
    pub(crate) data_key: Option<DataKeyEntry>,
    pub(crate) opened: Option<OpenedEntry>,
    pub(crate) secret: Option<Secret>,
    /// Secrets of before, which only open and verify.
    #[serde(default)]
    pub(crate) old_secrets: Vec<Secret>,
    /// When keys were made, for metrics.
    #[serde(default)]
    pub(crate) created: BTreeMap<String, Date>,
    pub(crate) max_messages_per_key: Option<NonZeroU64>,
}

impl RingEntry {
    /// Returns whether new wrapped keys are kept in the bucket.
    pub(crate) fn stores_wrapped(&self) -> bool {
        let settings = self.data_key.as_ref().map(DataKeyEntry::settings);
        settings.is_some_and(|settings| settings.wrapped == WrappedPlace::Store)
    }

    /// Returns the places of its keys and secrets.
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.material.values().chain(&self.secret).chain(&self.old_secrets)
    }
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsEntry {
    pub(crate) memory: Option<Size>,
    pub(crate) time: Option<Span>,
    pub(crate) output: Option<Size>,
    pub(crate) handles: Option<NonZeroUsize>,
    pub(crate) log: Option<Size>,
    pub(crate) instances: Option<NonZeroUsize>,
    pub(crate) component: Option<Size>,
    pub(crate) load: Option<Span>,
    pub(crate) code: CodeLimitsEntry,
    pub(crate) payload: Option<Size>,
    pub(crate) payloads: Option<NonZeroUsize>,
    pub(crate) wait: Option<Span>,
    pub(crate) computing: Option<NonZeroUsize>,
    pub(crate) queue: Option<NonZeroUsize>,
    pub(crate) held: Option<Size>,
    pub(crate) entries: Option<NonZeroUsize>,
    pub(crate) call_bytes: Option<Size>,
    pub(crate) process_bytes: Option<Size>,
}

/// `[cache]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CacheEntry {
    pub(crate) folder: Option<PathBuf>,
}

impl File {
    /// Returns the limits of plugins: defaults with the values of the file in their place.
    pub(crate) fn plugin_limits(&self) -> cloakroom_plugin::Limits {
        let default = cloakroom_plugin::Limits::default();
        let size = |size: &Option<Size>, default| size.as_ref().map_or(default, |size| size.0);
        let span = |span: Option<&Span>, default| span.map_or(default, |span| span.0);
        let limits = &self.limits;
        // Drivers wait for stores and codecs compute, so their time is set with the storage.
        let driver_time = self.storage.as_ref().and_then(|storage| storage.time.as_ref());
        let time = span(limits.time.as_ref(), default.time);
        let driver_time = span(driver_time, default.driver_time);
        // A wait shorter than a time would be refused, and who raises only a time means both.
        let wait = default.wait.max(time).max(driver_time);
        let output = size(&limits.output, default.output);
        // A call holds its input, its output and one copy, so a larger payload needs three times its size.
        let largest = limits.payload.as_ref().map_or(output, |payload| output.max(payload.0));
        let held = ByteSize::bytes(largest.get().saturating_mul(3)).max(default.held);
        cloakroom_plugin::Limits {
            memory: size(&limits.memory, default.memory),
            time,
            driver_time,
            wait: span(limits.wait.as_ref(), wait),
            computing: limits.computing.unwrap_or(default.computing),
            queue: limits.queue.unwrap_or(default.queue),
            output,
            held: size(&limits.held, held),
            entries: limits.entries.unwrap_or(default.entries),
            handles: limits.handles.unwrap_or(default.handles),
            log: size(&limits.log, default.log),
            instances: limits.instances.unwrap_or(default.instances),
            component: size(&limits.component, default.component),
            call_bytes: size(&limits.call_bytes, default.call_bytes),
            process_bytes: size(&limits.process_bytes, default.process_bytes),
            load: span(limits.load.as_ref(), default.load),
            code: limits.code.limits(),
        }
    }

    /// Returns the plugins of stages and drivers, in written order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = PluginEntry<'_>> {
        let drivers = self.storage.iter().flat_map(|storage| &storage.driver);
        self.stage.iter().map(StageEntry::entry).chain(drivers.map(|driver| driver.entry()))
    }

    /// Returns the same with the tables that they stand in.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (Table<'_>, PluginEntry<'_>)> {
        let stages = self.stage.iter().enumerate();
        let stages = stages.map(|(index, stage)| (Table::Stage(index), stage.entry()));
        let drivers = self.storage.iter().flat_map(|storage| &storage.driver).enumerate();
        stages.chain(drivers.map(|(index, driver)| (Table::Driver(index), driver.entry())))
    }

    /// Returns whether payloads of some namespace may be stored with this driver.
    pub(crate) fn stores_with(&self, driver: &str) -> bool {
        self.storage.as_ref().is_some_and(|storage| storage.stores_with(driver))
            || self.namespace.values().any(|entry| entry.storage.stores_with(driver))
    }

    /// Returns the files that the configuration names: plugins, keys and secrets. A watch reloads when
    /// one changes.
    pub(crate) fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let plugins = self.entries().filter_map(|entry| match entry.origin() {
            ("file", path) => Some(PathBuf::from(path)),
            _ => None,
        });
        let material = self.keys.values().flat_map(RingEntry::secrets);
        let settings = self.buckets.values().flat_map(BucketEntry::secrets);
        let services = self.services.values().flat_map(ServiceEntry::files).map(Path::to_owned);
        let secrets = material.chain(settings).chain(self.secrets.values());
        let secrets = secrets.filter_map(|secret| secret.file.clone());
        let servers_of_plugins = self.entries().flat_map(|entry| &entry.grants.tcp);
        let secrets = secrets.chain(servers_of_plugins.flat_map(|server| server.files().cloned()));
        let servers = self.codec_server.files().chain(self.gateway.files());
        // A signature beside a plugin counts as its file, and need not be there.
        let plugins = plugins.flat_map(|path| [path.with_added_extension("sig"), path]);
        let key_services = self.key_services.values().flat_map(KeyAccessEntry::files);
        plugins
            .chain(key_services)
            .chain(self.plugins.files())
            .chain(secrets)
            .chain(services)
            .chain(servers)
            .map(|path| folder.join(path))
            .collect()
    }
}
