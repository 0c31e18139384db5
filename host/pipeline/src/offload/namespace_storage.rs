//! Storage of one namespace, where it differs from that of the others.

use cloakroom_core::ByteSize;

use super::rules::Rule;

/// Storage of one namespace, where it differs from that of the others.
///
/// ```
/// # use cloakroom_core::ByteSize;
/// # use cloakroom_pipeline::{NamespaceStorage, Rule};
/// let shop = NamespaceStorage::default()
///     .with_threshold(ByteSize::kib(64))
///     .with_rule(Rule::store_with("archive").with_task_queue("archive-*"))
///     .storing_with("shop.s3driver");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NamespaceStorage {
    pub(crate) threshold: Option<ByteSize>,
    /// Rules that are asked before those of all namespaces.
    pub(crate) rules: Vec<Rule>,
    /// Rule for the rest. Without one, the rules of all namespaces follow.
    pub(crate) rest: Option<Rule>,
}

impl NamespaceStorage {
    /// Stores payloads of calls in this namespace from this size on.
    pub fn with_threshold(mut self, threshold: ByteSize) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Adds a rule. Rules of the namespace are asked before those of all namespaces.
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Stores with this driver what no rule of the namespace matches. Rules of all namespaces are not
    /// asked: none of them takes a payload of this namespace to another driver.
    pub fn storing_with(mut self, driver: &str) -> Self {
        self.rest = Some(Rule::store_with(driver));
        self
    }

    /// Leaves in the history what no rule of the namespace matches.
    pub fn storing_nothing_else(mut self) -> Self {
        self.rest = Some(Rule::inline());
        self
    }

    /// Returns all its rules, in the order in which they are asked.
    pub(crate) fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().chain(&self.rest)
    }

    /// Returns whether it stores nothing, whatever a payload is.
    pub(crate) fn stores_nothing(&self) -> bool {
        self.rest.is_some() && self.all_rules().all(|rule| rule.driver.is_none())
    }
}
