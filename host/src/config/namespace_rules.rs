//! Rules of namespaces: the pipeline's, and those that the gateway adds.

use std::collections::BTreeMap;

use cloakroom_pipeline::NamespaceRules;

use super::schema::File;
#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
use super::{
    namespaces::{NamespaceEntry, PlainEntry},
    storage::StorageEntry,
};

/// Returns the rules that the pipeline keeps in each namespace that the file says something about.
pub(crate) fn rules(file: &File) -> BTreeMap<&str, NamespaceRules> {
    let entries = &file.namespace;
    let mut readable = BTreeMap::<&str, Vec<String>>::new();
    for (name, entry) in entries {
        for reader in &entry.shares {
            readable.entry(reader).or_default().push(name.clone());
        }
    }
    // A caller's history has the results of its operations, also where the codec server shows it.
    for endpoint in file.nexus.values() {
        let Some(handler) = &endpoint.namespace else { continue };
        for caller in endpoint.callers.iter().filter(|caller| *caller != handler) {
            readable.entry(caller).or_default().push(handler.clone());
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
pub(crate) fn policies(file: &File) -> cloakroom_temporal::NamespacePolicies {
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
    let named = file.namespace.iter().map(|(name, entry)| (name.clone(), policy(entry)));
    let endpoints = file.nexus.iter().map(|(name, entry)| (name.clone(), entry.endpoint()));
    let policies = NamespacePolicies::new(named.collect()).with_endpoints(endpoints.collect());
    let is_read = file.storage.as_ref().is_some_and(StorageEntry::reads_unscoped_keys);
    if is_read { policies.reading_unscoped_keys() } else { policies }
}
