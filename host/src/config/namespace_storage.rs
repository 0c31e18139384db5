//! `[namespace.NAME.storage]`, as written.

use std::collections::BTreeMap;

use cloakroom_pipeline::{NamespaceStorage, Rule};
use serde::Deserialize;

use super::{
    rule_conditions::{INLINE, RuleConditions, conditions},
    units::Size,
};
use crate::report::NamespaceStorageReport;

/// `[namespace.NAME.storage]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamespaceStorageEntry {
    threshold: Option<Size>,
    pub(super) store_with: Option<String>,
    pub(super) rule: Vec<NamespaceRuleEntry>,
}

/// `[[namespace.NAME.storage.rule]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamespaceRuleEntry {
    pub(super) store_with: String,
    workflow_type: Option<String>,
    activity_type: Option<String>,
    task_queue: Option<String>,
    at_least: Option<Size>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl NamespaceStorageEntry {
    /// Returns the storage of the namespace; nothing if it does not differ.
    pub(crate) fn storage(&self) -> Option<NamespaceStorage> {
        if self.is_empty() {
            return None;
        }
        let mut storage = NamespaceStorage::default();
        if let Some(threshold) = &self.threshold {
            storage = storage.with_threshold(threshold.0);
        }
        storage = match self.store_with.as_deref() {
            Some(INLINE) => storage.storing_nothing_else(),
            Some(driver) => storage.storing_with(driver),
            None => storage,
        };
        Some(self.rule.iter().fold(storage, |storage, rule| storage.with_rule(rule.rule())))
    }

    /// Returns where the namespace differs, for reports.
    pub(crate) fn report(&self) -> NamespaceStorageReport {
        NamespaceStorageReport {
            threshold: self.threshold.as_ref().map(|threshold| threshold.0),
            store_with: self.store_with.clone(),
            rules: self.rule.len(),
        }
    }

    /// Returns whether payloads of the namespace may be stored with this driver.
    pub(crate) fn stores_with(&self, driver: &str) -> bool {
        let rules = self.rule.iter().map(|rule| &rule.store_with);
        rules.chain(&self.store_with).any(|name| name == driver)
    }

    /// Returns whether the namespace differs in nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.threshold.is_none() && self.store_with.is_none() && self.rule.is_empty()
    }
}

impl NamespaceRuleEntry {
    fn rule(&self) -> Rule {
        self.conditions().rule(&self.store_with)
    }
}

conditions!(NamespaceRuleEntry);
