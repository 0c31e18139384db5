//! `[namespace.NAME]`, as written.

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
#[cfg_attr(not(feature = "gateway"), expect(dead_code, reason = "read by the gateway alone"))]
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
#[cfg(feature = "gateway")]
pub(crate) fn policies(
    entries: &BTreeMap<String, NamespaceEntry>,
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
    NamespacePolicies::new(named.collect())
}
