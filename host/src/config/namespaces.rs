//! `[namespace.NAME]` and `[nexus.ENDPOINT]`, as written.

use std::collections::{BTreeMap, BTreeSet};

use cloakroom_core::Error;
use serde::Deserialize;

use super::{
    locator::{Locator, Table},
    required::Required,
    schema::File,
};

/// `[namespace.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(
    not(any(feature = "gateway", feature = "temporal-sdk")),
    expect(dead_code, reason = "read where whole messages pass")
)]
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

/// Refuses rules without a condition, and plaintext that a stage would refuse to hand back.
pub(super) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    let required = file.stage.iter().find(|stage| stage.required == Required::Yes);
    for (name, namespace) in &file.namespace {
        let table = Table::Namespace(name);
        let is_empty =
            |rule: &PlainEntry| rule.workflow_type.is_none() && rule.task_queue.is_none();
        if namespace.plain.iter().any(is_empty) {
            let text = format!(
                "a [[namespace.{name}.plain]] needs a `workflow_type`, a `task_queue` or both: to \
                 encode nothing at all, write `mode = \"decode\"`"
            );
            return locator.refuse(table, &["plain"], text);
        }
        let key = match namespace.mode {
            ModeWord::Decode => "mode",
            ModeWord::On if !namespace.plain.is_empty() => "plain",
            ModeWord::On | ModeWord::Off => continue,
        };
        if let Some(stage) = required {
            let text = format!(
                "[namespace.{name}] leaves payloads in plaintext, and stage `{}` is required, so that \
                 nobody could read them again: write `required = \"encode\"` there",
                stage.entry().stage_name()
            );
            return locator.refuse(table, &[key], text);
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const STAGE: &str = "[[stage]]\nplugin = \"bundled:aes-gcm\"\n";

    fn verdict(required: &str, namespace: &str) -> Result<(), Error> {
        let text = format!("{STAGE}required = {required}\n[namespace.shop]\n{namespace}\n");
        let file = parse(&text, "c.toml").unwrap();
        check(&file, &Locator::new("c.toml".to_owned(), text))
    }

    #[track_caller]
    fn refuses(namespace: &str, line: &str, says: &str) {
        let error = verdict("true", namespace).unwrap_err();
        assert_eq!(error.place(), Some(&*format!("c.toml, line {line}")));
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn plaintext_that_would_be_refused_on_its_way_back_is_not_written() {
        let plain = "[[namespace.shop.plain]]\ntask_queue = \"import\"";
        refuses("mode = \"decode\"", "5", "stage `aes-gcm` is required");
        refuses(plain, "5", "stage `aes-gcm` is required");
        for namespace in ["mode = \"decode\"", plain] {
            assert!(verdict("\"encode\"", namespace).is_ok());
        }
        for namespace in ["", "mode = \"off\"", "shares = [\"billing\"]"] {
            assert!(verdict("true", namespace).is_ok(), "{namespace}");
        }
    }

    #[test]
    fn a_rule_has_a_condition() {
        refuses("[[namespace.shop.plain]]", "5", "needs a `workflow_type`, a `task_queue` or both");
    }
}
