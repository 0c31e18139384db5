//! Policies of namespaces: what is encoded in them, and who else may read it.

mod readers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cloakroom_core::{Context, ObjectScope};
pub use cloakroom_pipeline::Mode;

use self::readers::Readers;
use crate::nexus_endpoints::NexusEndpoint;

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
    /// Endpoints of Nexus, by name.
    endpoints: BTreeMap<String, NexusEndpoint>,
    /// True if objects may be read whose keys name no namespace.
    reads_unscoped: bool,
    readers: Readers,
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
        Self { named, ..Self::default() }.with_readers()
    }

    /// Adds the endpoints of Nexus, by name.
    #[must_use]
    pub fn with_endpoints(self, endpoints: BTreeMap<String, NexusEndpoint>) -> Self {
        Self { endpoints, ..self }.with_readers()
    }

    /// Lets all namespaces read objects whose keys name no namespace. By default nobody does: they may be
    /// anybody's.
    #[must_use]
    pub fn reading_unscoped_keys(self) -> Self {
        Self { reads_unscoped: true, ..self }
    }

    fn with_readers(self) -> Self {
        let readers = Readers::new(shares(&self.named).collect(), self.endpoints.values());
        Self { readers, ..self }
    }

    /// Returns an endpoint of Nexus, if it is known.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&NexusEndpoint> {
        self.endpoints.get(name)
    }

    /// Returns whether a namespace may call an endpoint: input and result cross to whoever reads them.
    #[must_use]
    pub fn may_call(&self, caller: &str, endpoint: &NexusEndpoint) -> bool {
        endpoint.callers().contains(caller)
            || endpoint.namespace().is_some_and(|handler| {
                self.may_read(handler, caller) && self.may_read(caller, handler)
            })
    }

    /// Returns the context of a call in a namespace, with what it may read. `is_handler` says that the
    /// call hands out a task of Nexus, whose input is the caller's.
    #[must_use]
    pub(crate) fn reading(&self, ctx: Context, namespace: &str, is_handler: bool) -> Context {
        let reader = self.readers.get(namespace);
        let readable = if is_handler { reader.handled } else { reader.readable };
        let scope = ObjectScope::new(reader.objects, self.reads_unscoped);
        ctx.with_readable(readable).with_object_scope(scope)
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
        self.readers.get(reader).readable
    }
}

/// Returns each reader that a namespace shares with, and that namespace.
fn shares(
    named: &BTreeMap<String, NamespacePolicy>,
) -> impl Iterator<Item = (String, String)> + '_ {
    named.iter().flat_map(|(writer, policy)| {
        policy.shares.iter().map(move |reader| (reader.clone(), writer.clone()))
    })
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

    /// A caller reads results wherever they stand, a handler reads inputs in its tasks alone.
    #[test]
    fn the_callers_of_an_endpoint_share_with_its_handlers() {
        let payments = NexusEndpoint::of_namespace("billing");
        let payments = payments.with_callers(BTreeSet::from(["shop".to_owned()]));
        let policies = NamespacePolicies::default()
            .with_endpoints(BTreeMap::from([("payments".to_owned(), payments.clone())]));
        let reads = |reader: &str, is_handler| {
            let ctx = policies.reading(Context::namespace(reader), reader, is_handler);
            let scope = ctx.object_scope().unwrap();
            let other = if reader == "shop" { "billing" } else { "shop" };
            (ctx.readable_namespaces() == [other], scope.holds(Some(reader), other))
        };
        assert_eq!(reads("shop", false), (true, true));
        assert_eq!(reads("billing", true), (true, true));
        assert_eq!(reads("billing", false), (false, true));
        assert_eq!(reads("audit", true), (false, false));
        assert!(policies.may_call("shop", &payments) && policies.may_call("billing", &payments));
        assert!(!policies.may_call("audit", &payments));
    }

    #[test]
    fn an_external_endpoint_has_its_callers_alone() {
        let partner = NexusEndpoint::external_in_plaintext();
        let partner = partner.with_callers(BTreeSet::from(["shop".to_owned()]));
        let policies = NamespacePolicies::default()
            .with_endpoints(BTreeMap::from([("partner".to_owned(), partner.clone())]));
        assert!(policies.may_call("shop", &partner) && !policies.may_call("bank", &partner));
        assert!(policies.readable("shop").is_empty());
    }

    /// An object is stored under the receiver's keys, and both histories refer to it.
    #[test]
    fn objects_are_read_on_both_sides_of_a_share() {
        let shop = NamespacePolicy::new(Mode::On);
        let shop = shop.sharing_with(BTreeSet::from(["billing".to_owned()]));
        let policies = NamespacePolicies::new(BTreeMap::from([("shop".to_owned(), shop)]));
        for (reader, other) in [("shop", "billing"), ("billing", "shop")] {
            let ctx = policies.reading(Context::namespace(reader), reader, false);
            assert!(ctx.object_scope().unwrap().holds(Some(reader), other), "{reader}");
            assert!(!ctx.object_scope().unwrap().holds(Some(reader), "audit"), "{reader}");
        }
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
