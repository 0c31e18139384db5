//! `[namespace.NAME]` and `[nexus.ENDPOINT]`, as written.

#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;

/// `[namespace.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamespaceEntry {
    pub(crate) mode: ModeWord,
    pub(crate) shares: BTreeSet<String>,
    pub(crate) plain: Vec<PlainEntry>,
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

/// Returns the policies that the gateway asks for.
#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
pub(crate) fn policies(
    entries: &BTreeMap<String, NamespaceEntry>,
    nexus: &BTreeMap<String, NexusEntry>,
) -> cloakroom_temporal::NamespacePolicies {
    use cloakroom_temporal::{Mode, NamespacePolicies, NamespacePolicy, PlainRule};

    let policy = |entry: &NamespaceEntry| {
        let mode = match entry.mode {
            ModeWord::On => Mode::On,
            ModeWord::Decode => Mode::Decode,
            ModeWord::Off => Mode::Off,
        };
        let rule = |rule: &PlainEntry| {
            PlainRule::new(rule.workflow_type.as_deref(), rule.task_queue.as_deref())
        };
        let plain = entry.plain.iter().map(rule).collect();
        NamespacePolicy::new(mode).sharing_with(entry.shares.clone()).leaving_plain(plain)
    };
    let named = entries.iter().map(|(name, entry)| (name.clone(), policy(entry)));
    let endpoint = |(name, entry): (&String, &NexusEntry)| (name.clone(), entry.namespace.clone());
    NamespacePolicies::new(named.collect()).with_endpoints(nexus.iter().map(endpoint).collect())
}
