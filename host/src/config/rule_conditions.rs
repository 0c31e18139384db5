//! Conditions of storage rules.

use std::collections::BTreeMap;

use cloakroom_core::Kind;
use cloakroom_pipeline::Rule;

use super::units::Size;

/// Name in place of a driver's for payloads that are not to be stored.
pub(super) const INLINE: &str = "inline";

/// Implements `conditions` for an entry with the conditions of a rule as its fields.
///
/// Two tables have them. A flattened struct would lose serde's refusal of unknown keys.
macro_rules! conditions {
    ($entry:ty) => {
        impl $entry {
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
    };
}

pub(super) use conditions;

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
