//! `[namespace.NAME]`, as written.

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

/// Returns the policies that the gateway asks for.
#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
pub(crate) fn policies(file: &super::schema::File) -> cloakroom_temporal::NamespacePolicies {
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
    let named = file.namespace.iter().map(|(name, entry)| (name.clone(), policy(entry)));
    let endpoints = file.nexus.iter().map(|(name, entry)| (name.clone(), entry.endpoint()));
    let policies = NamespacePolicies::new(named.collect()).with_endpoints(endpoints.collect());
    let is_read = file.storage.as_ref().is_some_and(|storage| storage.reads_unscoped_keys());
    if is_read { policies.reading_unscoped_keys() } else { policies }
}
