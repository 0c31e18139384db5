//! Rules that decide which driver stores a payload.

use cloakroom_core::{ByteSize, Context, Kind, Metadata};

/// Stores payloads that match all conditions with a driver, or leaves them in the history.
///
/// ```
/// # use cloakroom_pipeline::Rule;
/// let scans = Rule::store_with("gcp.gcsdriver").with_namespace("payments-*").with_type_name("Scan*");
/// let small = Rule::inline().with_namespace("audit");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Rule {
    pub(crate) driver: Option<String>,
    namespace: Option<String>,
    kind: Option<Kind>,
    type_name: Option<String>,
    task_queue: Option<String>,
    at_least: Option<ByteSize>,
    metadata: Vec<(String, String)>,
}

impl Rule {
    /// Returns a rule that stores matching payloads with this driver.
    pub fn store_with(driver: &str) -> Self {
        Self { driver: Some(driver.to_owned()), ..Self::default() }
    }

    /// Returns a rule that leaves matching payloads in the history.
    pub fn inline() -> Self {
        Self::default()
    }

    /// Requires a namespace that matches; `*` stands for any text.
    pub fn with_namespace(mut self, pattern: &str) -> Self {
        self.namespace = Some(pattern.to_owned());
        self
    }

    /// Requires a workflow, or an activity.
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Requires a type of workflow or activity that matches; `*` stands for any text.
    pub fn with_type_name(mut self, pattern: &str) -> Self {
        self.type_name = Some(pattern.to_owned());
        self
    }

    /// Requires the task queue of a workflow, or of an activity without one, that matches; `*` stands for
    /// any text. Only who sees the whole request knows it, as the gateway does.
    pub fn with_task_queue(mut self, pattern: &str) -> Self {
        self.task_queue = Some(pattern.to_owned());
        self
    }

    /// Requires at least this size after encoding.
    pub fn with_min_size(mut self, size: ByteSize) -> Self {
        self.at_least = Some(size);
        self
    }

    /// Requires this metadata before encoding; `*` in the value stands for any text.
    pub fn with_metadata(mut self, name: &str, pattern: &str) -> Self {
        self.metadata.push((name.to_owned(), pattern.to_owned()));
        self
    }

    pub(crate) fn asks_for_metadata(&self) -> bool {
        !self.metadata.is_empty()
    }

    pub(crate) fn matches(&self, ctx: &Context, metadata: &Metadata, size: usize) -> bool {
        // A name that the call does not have matches no pattern, not even `*`: a rule for
        // namespaces must not catch calls that name none.
        let text = |pattern: &Option<String>, found: Option<&str>| {
            pattern
                .as_ref()
                .is_none_or(|pattern| found.is_some_and(|found| matches_pattern(pattern, found)))
        };
        let entry = |(name, pattern): &(String, String)| {
            let value = metadata.get(name).and_then(|value| std::str::from_utf8(value).ok());
            value.is_some_and(|value| matches_pattern(pattern, value))
        };
        text(&self.namespace, ctx.namespace_name())
            && text(&self.type_name, ctx.type_name())
            && text(&self.task_queue, ctx.task_queue())
            && self.kind.is_none_or(|kind| ctx.kind() == Some(kind))
            && self.at_least.is_none_or(|least| size as u64 >= least.get())
            && self.metadata.iter().all(entry)
    }
}

/// Returns whether a text matches a pattern, in which `*` stands for any text.
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        // The first occurrence is always right: it leaves the most text for the parts that follow.
        match text.split_once(part) {
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expect) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("", "", true),
            ("*", "", true),
            ("*", "any", true),
            ("pay*", "payments", true),
            ("pay*", "pa", false),
            ("*-prod", "pay-prod", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("a**c", "abc", true),
        ] {
            assert_eq!(matches_pattern(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn all_conditions_hold() {
        let ctx = Context::namespace("pay").with_target(Kind::Workflow, "1", "Charge", None);
        let metadata = Metadata::from([("tier".to_owned(), "cold".into())]);
        let rule = Rule::store_with("d")
            .with_namespace("pay")
            .with_kind(Kind::Workflow)
            .with_type_name("Ch*");
        let rule = rule.with_min_size(ByteSize::bytes(10)).with_metadata("tier", "cold");
        assert!(rule.matches(&ctx, &metadata, 10));
        assert!(!rule.matches(&ctx, &metadata, 9));
        assert!(!rule.matches(&ctx, &Metadata::new(), 10));
        assert!(!rule.matches(&Context::namespace("pay"), &metadata, 10));
        let queued = rule.clone().with_task_queue("bulk-*");
        assert!(queued.matches(&ctx.clone().with_task_queue("bulk-1"), &metadata, 10));
        assert!(!queued.matches(&ctx.clone().with_task_queue("bulk"), &metadata, 10));
        assert!(!queued.matches(&ctx, &metadata, 10));
        let activity = Context::namespace("pay").with_target(Kind::Activity, "1", "Charge", None);
        assert!(!rule.matches(&activity, &metadata, 10));
        assert!(Rule::inline().matches(&Context::none(), &metadata, 0));
    }
}
