//! `[storage]`, as written.

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf};

use cloakroom_core::ByteSize;
use cloakroom_pipeline::{Offload, Rule, Verify};
use serde::Deserialize;

use super::{
    claims::ClaimsEntry,
    own_limits::OwnLimitsEntry,
    plugin::{GrantsEntry, PluginEntry, ReuseWord},
    rule_conditions::{RuleConditions, conditions},
    units::{Setting, Size, Span},
};

/// `[storage]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StorageEntry {
    pub(crate) threshold: Option<Size>,
    pub(crate) store_with: Option<String>,
    #[serde(default)]
    pub(crate) sealed: bool,
    #[serde(default)]
    pub(crate) encode_references: bool,
    #[serde(default)]
    verify: VerifyWord,
    pub(crate) largest: Option<Size>,
    pub(crate) time: Option<Span>,
    pub(crate) permits: Option<NonZeroUsize>,
    pub(crate) permits_of_a_call: Option<NonZeroUsize>,
    pub(crate) claims: Option<ClaimsEntry>,
    #[serde(default)]
    #[cfg_attr(
        not(any(feature = "gateway", feature = "temporal-sdk")),
        expect(dead_code, reason = "read where namespaces have policies")
    )]
    unscoped_keys: UnscopedWord,
    #[serde(default)]
    pub(crate) cache: ObjectCacheEntry,
    #[serde(default)]
    pub(crate) rule: Vec<RuleEntry>,
    #[serde(default)]
    pub(crate) driver: Vec<DriverEntry>,
}

impl StorageEntry {
    /// Returns the settings of storage without its drivers. `path` resolves a relative path.
    pub(crate) fn offload(&self, path: impl Fn(&PathBuf) -> PathBuf) -> Offload {
        let mut offload = Offload::new(self.threshold.as_ref().map_or(THRESHOLD, |size| size.0));
        if self.sealed {
            offload = offload.with_required_encryption();
        }
        if self.encode_references {
            offload = offload.with_encoded_references();
        }
        offload = offload.with_verify(self.verify.verify());
        if let Some(size) = &self.largest {
            offload = offload.with_max_object_size(size.0);
        }
        if let Some(time) = &self.time {
            offload = offload.with_driver_timeout(time.0);
        }
        if let Some(permits) = self.permits {
            offload = offload.with_permits(permits);
        }
        if let Some(permits) = self.permits_of_a_call {
            offload = offload.with_permits_per_call(permits);
        }
        if let Some(size) = &self.cache.memory {
            offload = offload.with_memory_cache(size.0);
        }
        if let Some(folder) = &self.cache.folder {
            offload = offload.with_disk_cache(path(folder), self.cache.disk());
        }
        self.rule.iter().fold(offload, |offload, rule| offload.with_rule(rule.rule()))
    }

    /// Returns whether objects are read whose keys name no namespace.
    #[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
    pub(crate) fn reads_unscoped_keys(&self) -> bool {
        self.unscoped_keys == UnscopedWord::Read
    }

    /// Returns whether payloads may be stored with this driver.
    pub(crate) fn stores_with(&self, driver: &str) -> bool {
        self.stores() == Some(driver) || self.rule.iter().any(|rule| rule.store_with == driver)
    }

    /// Returns the driver that stores if no rule matches.
    pub(crate) fn stores(&self) -> Option<&str> {
        let only = self.driver.first().map(|driver| &*driver.name);
        self.store_with.as_deref().or(only)
    }
}

/// The threshold of Temporal's SDKs.
const THRESHOLD: ByteSize = ByteSize::kib(256);

/// `[[storage.driver]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DriverEntry {
    pub(crate) name: String,
    pub(crate) plugin: String,
    pub(crate) digest: Option<String>,
    #[serde(default)]
    pub(crate) trusted: Vec<String>,
    pub(crate) signed_as: Option<String>,
    #[serde(default)]
    pub(crate) reuse: ReuseWord,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(crate) grants: GrantsEntry,
    #[serde(default)]
    pub(crate) limits: OwnLimitsEntry,
}

impl DriverEntry {
    pub(crate) fn entry(&self) -> PluginEntry<'_> {
        PluginEntry {
            plugin: &self.plugin,
            name: None,
            driver: Some(&self.name),
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

/// `storage.verify`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum VerifyWord {
    #[default]
    Off,
    New,
    Always,
}

impl VerifyWord {
    fn verify(self) -> Verify {
        match self {
            Self::Off => Verify::Off,
            Self::New => Verify::New,
            Self::Always => Verify::Always,
        }
    }
}

/// `storage.unscoped_keys`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum UnscopedWord {
    #[default]
    Refuse,
    Read,
}

/// `storage.cache`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ObjectCacheEntry {
    pub(crate) memory: Option<Size>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) disk: Option<Size>,
}

impl ObjectCacheEntry {
    /// Returns the size of the cache on disk, 1 GiB by default.
    pub(crate) fn disk(&self) -> ByteSize {
        self.disk.as_ref().map_or(ByteSize::mib(1024), |size| size.0)
    }
}

/// `[[storage.rule]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleEntry {
    pub(crate) store_with: String,
    namespace: Option<String>,
    workflow_type: Option<String>,
    activity_type: Option<String>,
    task_queue: Option<String>,
    at_least: Option<Size>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl RuleEntry {
    fn rule(&self) -> Rule {
        let rule = self.conditions().rule(&self.store_with);
        match &self.namespace {
            Some(pattern) => rule.with_namespace(pattern),
            None => rule,
        }
    }
}

conditions!(RuleEntry);
