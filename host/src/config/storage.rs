//! `[storage]`, as written.

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf};

use cloakroom_core::{ByteSize, Kind};
use cloakroom_pipeline::{Offload, Rule, Verify};
use serde::Deserialize;

use super::{
    claims::ClaimsEntry,
    plugin::{GrantsEntry, PluginEntry, ReuseWord},
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

/// Name in place of a driver's for payloads that are not to be stored.
pub(crate) const INLINE: &str = "inline";

impl RuleEntry {
    fn rule(&self) -> Rule {
        let rule = self.conditions().rule(&self.store_with);
        match &self.namespace {
            Some(pattern) => rule.with_namespace(pattern),
            None => rule,
        }
    }

    pub(super) fn conditions(&self) -> RuleConditions<'_> {
        RuleConditions {
            workflow_type: self.workflow_type.as_deref(),
            activity_type: self.activity_type.as_deref(),
            task_queue: self.task_queue.as_deref(),
            at_least: self.at_least.as_ref(),
            metadata: &self.metadata,
        }
    }
}

/// Conditions of a rule, whichever namespaces it is for.
pub(super) struct RuleConditions<'a> {
    pub(super) workflow_type: Option<&'a str>,
    pub(super) activity_type: Option<&'a str>,
    pub(super) task_queue: Option<&'a str>,
    pub(super) at_least: Option<&'a Size>,
    pub(super) metadata: &'a BTreeMap<String, String>,
}

impl RuleConditions<'_> {
    /// Returns the rule that stores with this driver, or leaves in the history, under these conditions.
    pub(super) fn rule(&self, store_with: &str) -> Rule {
        let mut rule = match store_with {
            INLINE => Rule::inline(),
            driver => Rule::store_with(driver),
        };
        let types = [(Kind::Workflow, self.workflow_type), (Kind::Activity, self.activity_type)];
        for (kind, pattern) in types {
            if let Some(pattern) = pattern {
                rule = rule.with_kind(kind).with_type_name(pattern);
            }
        }
        if let Some(pattern) = self.task_queue {
            rule = rule.with_task_queue(pattern);
        }
        if let Some(size) = self.at_least {
            rule = rule.with_min_size(size.0);
        }
        self.metadata.iter().fold(rule, |rule, (name, pattern)| rule.with_metadata(name, pattern))
    }

    /// Returns why no payload matches, if that is so: it belongs to a workflow or to an activity.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let has_both = self.workflow_type.is_some() && self.activity_type.is_some();
        has_both.then_some(
            "a [[storage.rule]] asks for a workflow's type and an activity's: no payload has both",
        )
    }
}
