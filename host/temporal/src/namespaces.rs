//! Policies of namespaces: what is encoded in them, and who else may read it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use cloakroom_pipeline::Mode;

/// Requests whose payloads are not encoded, although their namespace's are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainRule {
    /// Pattern of workflow types; `*` stands for any text.
    workflow_type: Option<String>,
    /// Pattern of task queues.
    task_queue: Option<String>,
}

/// Policy of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NamespacePolicy {
    mode: Mode,
    /// Namespaces that may read what is written for this one.
    shares: BTreeSet<String>,
    plain: Vec<PlainRule>,
}

impl PlainRule {
    /// Returns a rule with these patterns; a condition that is none always holds.
    #[must_use]
    pub fn new(workflow_type: Option<&str>, task_queue: Option<&str>) -> Self {
        let [workflow_type, task_queue] =
            [workflow_type, task_queue].map(|it| it.map(str::to_owned));
        Self { workflow_type, task_queue }
    }
}

impl NamespacePolicy {
    /// Returns the policy of a namespace that shares with none.
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// Lets these namespaces read what is written for this one.
    pub fn sharing_with(self, shares: BTreeSet<String>) -> Self {
        Self { shares, ..self }
    }

    /// Leaves requests in plaintext that one of these rules matches.
    pub fn leaving_plain(self, plain: Vec<PlainRule>) -> Self {
        Self { plain, ..self }
    }
}

/// Policies of all namespaces. One without a policy of its own has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespacePolicies {
    named: BTreeMap<String, NamespacePolicy>,
    /// Namespaces whose payloads a namespace may open, by its name.
    readable: BTreeMap<String, Arc<[String]>>,
    /// Namespaces of the handlers behind Nexus endpoints.
    endpoints: BTreeMap<String, String>,
}

/// Source of the current policies, asked once for each message, so that they can change at run time.
pub trait NamespacePolicySource: Send + Sync + 'static {
    /// Returns the current policies.
    fn namespace_policies(&self) -> Arc<NamespacePolicies>;
}

/// Policies that never change.
impl NamespacePolicySource for Arc<NamespacePolicies> {
    fn namespace_policies(&self) -> Arc<NamespacePolicies> {
        self.clone()
    }
}

impl NamespacePolicies {
    /// Returns the policies of these namespaces.
    #[must_use]
    pub fn new(named: BTreeMap<String, NamespacePolicy>) -> Self {
        let mut readable = BTreeMap::<_, Vec<_>>::new();
        for (name, policy) in &named {
            for reader in &policy.shares {
                readable.entry(reader.clone()).or_default().push(name.clone());
            }
        }
        let readable = readable.into_iter().map(|(reader, names)| (reader, names.into())).collect();
        Self { named, readable, endpoints: BTreeMap::new() }
    }

    /// Adds the namespaces of the handlers behind Nexus endpoints, by the endpoint's name.
    #[must_use]
    pub fn with_endpoints(self, endpoints: BTreeMap<String, String>) -> Self {
        Self { endpoints, ..self }
    }

    /// Returns the namespace of the handlers behind a Nexus endpoint, if it is known.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&str> {
        self.endpoints.get(name).map(String::as_str)
    }

    /// Returns whether nothing is said about any namespace or endpoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.endpoints.is_empty()
    }

    /// Returns the use of the pipeline in a namespace.
    #[must_use]
    pub fn mode(&self, namespace: &str) -> Mode {
        self.named.get(namespace).map(|policy| policy.mode).unwrap_or_default()
    }

    /// Returns whether payloads of requests of this workflow type and task queue are encoded. A type or
    /// queue that is not known is empty, and matches no pattern.
    #[must_use]
    pub fn encodes(&self, namespace: &str, workflow_type: &str, task_queue: &str) -> bool {
        let Some(policy) = self.named.get(namespace) else { return true };
        let is_plain = |rule: &PlainRule| {
            matches(rule.workflow_type.as_deref(), workflow_type)
                && matches(rule.task_queue.as_deref(), task_queue)
        };
        policy.mode == Mode::On && !policy.plain.iter().any(is_plain)
    }

    /// Returns whether `reader` may open what is written for `namespace`.
    #[must_use]
    pub fn may_read(&self, reader: &str, namespace: &str) -> bool {
        let shares = |policy: &NamespacePolicy| policy.shares.contains(reader);
        reader == namespace || self.named.get(namespace).is_some_and(shares)
    }

    /// Returns the namespaces besides its own whose payloads a namespace may open.
    #[must_use]
    pub fn readable(&self, reader: &str) -> Arc<[String]> {
        self.readable.get(reader).cloned().unwrap_or_default()
    }
}

/// Returns whether a text matches a pattern, or there is none.
fn matches(pattern: Option<&str>, text: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    !text.is_empty() && cloakroom_pipeline::matches_pattern(pattern, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_reads_its_own_and_what_is_shared_with_it() {
        let shop = NamespacePolicy::new(Mode::On);
        let shop = shop.sharing_with(BTreeSet::from(["billing".to_owned()]));
        let policies = NamespacePolicies::new(BTreeMap::from([("shop".to_owned(), shop)]));
        assert!(policies.may_read("shop", "shop") && policies.may_read("billing", "shop"));
        assert!(!policies.may_read("shop", "billing"), "sharing has one direction");
        assert_eq!(&*policies.readable("billing"), ["shop"]);
        assert!(policies.readable("shop").is_empty());
    }

    #[test]
    fn what_is_not_known_is_encoded() {
        let rule = PlainRule::new(Some("Bulk*"), None);
        let shop = NamespacePolicy::new(Mode::On).leaving_plain(vec![rule]);
        let policies = NamespacePolicies::new(BTreeMap::from([("shop".to_owned(), shop)]));
        assert!(!policies.encodes("shop", "BulkImport", "q"));
        assert!(policies.encodes("shop", "", "q") && policies.encodes("shop", "Order", "q"));
        assert!(policies.encodes("other", "BulkImport", "q"));
    }
}
