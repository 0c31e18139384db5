//! `[namespace.NAME]` and `[nexus.ENDPOINT]`, as written.

use std::collections::{BTreeMap, BTreeSet};

use cloakroom_pipeline::{Mode, NamespaceRules};
use serde::Deserialize;

use super::namespace_storage::NamespaceStorageEntry;

/// `[namespace.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamespaceEntry {
    pub(crate) mode: ModeWord,
    pub(crate) shares: BTreeSet<String>,
    pub(crate) plain: Vec<PlainEntry>,
    /// Ring in place of the one that stages name.
    pub(crate) ring: Option<String>,
    /// Rings that only decrypt.
    pub(crate) old_rings: Vec<String>,
    pub(crate) storage: NamespaceStorageEntry,
}

/// Use of the pipeline in a namespace.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeWord {
    #[default]
    On,
    Decode,
    Off,
}

/// `[[namespace.NAME.plain]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainEntry {
    pub(crate) workflow_type: Option<String>,
    pub(crate) task_queue: Option<String>,
}

/// `[nexus.ENDPOINT]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
pub(crate) struct NexusEntry {
    pub(crate) namespace: String,
}

impl ModeWord {
    fn mode(self) -> Mode {
        match self {
            Self::On => Mode::On,
            Self::Decode => Mode::Decode,
            Self::Off => Mode::Off,
        }
    }
}

/// Returns the rules that the pipeline keeps in each namespace that the file says something about.
pub(crate) fn rules(entries: &BTreeMap<String, NamespaceEntry>) -> BTreeMap<&str, NamespaceRules> {
    let mut readable = BTreeMap::<&str, Vec<String>>::new();
    for (name, entry) in entries {
        for reader in &entry.shares {
            readable.entry(reader).or_default().push(name.clone());
        }
    }
    let modes = entries.iter().map(|(name, entry)| (name.as_str(), entry.mode.mode()));
    let mut rules: BTreeMap<_, _> =
        modes.map(|(name, mode)| (name, NamespaceRules::new(mode))).collect();
    for (reader, names) in readable {
        // A reader need not have a table of its own.
        let own = rules.remove(reader).unwrap_or_default();
        rules.insert(reader, own.opening(names));
    }
    rules
}

/// Returns the policies that the gateway asks for.
#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
pub(crate) fn policies(
    entries: &BTreeMap<String, NamespaceEntry>,
    nexus: &BTreeMap<String, NexusEntry>,
) -> cloakroom_temporal::NamespacePolicies {
    use cloakroom_temporal::{NamespacePolicies, NamespacePolicy, PlainRule};

    let policy = |entry: &NamespaceEntry| {
        let rule = |rule: &PlainEntry| {
            PlainRule::new(rule.workflow_type.as_deref(), rule.task_queue.as_deref())
        };
        let plain = entry.plain.iter().map(rule).collect();
        NamespacePolicy::new(entry.mode.mode())
            .sharing_with(entry.shares.clone())
            .leaving_plain(plain)
    };
    let named = entries.iter().map(|(name, entry)| (name.clone(), policy(entry)));
    let endpoint = |(name, entry): (&String, &NexusEntry)| (name.clone(), entry.namespace.clone());
    NamespacePolicies::new(named.collect()).with_endpoints(nexus.iter().map(endpoint).collect())
}
