//! Rings of namespaces: `namespace.NAME.ring` and `namespace.NAME.old_rings`.

use std::collections::{BTreeMap, BTreeSet};

use cloakroom_core::Error;

use super::{
    locator::{Locator, Table},
    namespaces::NamespaceEntry,
    plugin::PluginEntry,
    schema::File,
    unknown_name::unknown,
};

impl NamespaceEntry {
    /// Returns the rings of the namespace with the keys that name them, the one that seals first.
    fn rings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let ring = self.ring.iter().map(|ring| ("ring", ring.as_str()));
        ring.chain(self.old_rings.iter().map(|ring| ("old_rings", ring.as_str())))
    }
}

/// Refuses rings that do not exist, or that a stage with keys was not granted. `rings` are the names of all
/// key rings, those of the program included.
pub(super) fn check(file: &File, rings: &BTreeSet<&str>, locator: &Locator) -> Result<(), Error> {
    let (stages_with_keys, named) = (stages_with_keys(file), rings_of_namespaces(&file.namespace));
    for (name, entry) in &file.namespace {
        for (key, ring) in entry.rings() {
            let setting = format!("namespace.{name}.{key}");
            let refused = unknown(&setting, "key ring", "keys", ring, rings);
            let refused = refused.or_else(|| not_granted(&stages_with_keys, &setting, ring));
            if let Some(text) = refused {
                return locator.refuse(Table::Namespace(name), &[key], text);
            }
        }
    }
    let stages = file.stage.iter().enumerate();
    for (index, stage) in stages.map(|(index, stage)| (index, stage.entry())) {
        for (grant, granted) in grants(&stage) {
            let for_some = |ring: &String| is_for_namespaces(&named, stage, ring);
            if !granted.is_empty() && granted.iter().all(for_some) {
                let text = format!(
                    "stage `{}` is granted only rings of some namespaces, and needs one for all others: \
                     name it in its settings, and add it to `grants.{grant}`",
                    stage.stage_name()
                );
                return locator.refuse(Table::Stage(index), &["grants", grant], text);
            }
        }
    }
    Ok(())
}

/// Returns why a ring of a namespace would not be used everywhere, if that is so.
///
/// A stage that lacked it would go on under the ring of all namespaces, which is what the operator wanted to
/// rule out.
fn not_granted(stages: &[StageWithKeys<'_>], setting: &str, ring: &str) -> Option<String> {
    if stages.is_empty() {
        return Some(format!(
            "{setting} names `{ring}`, and no stage is granted keys: the ring is for stages that \
             encrypt with keys of this file"
        ));
    }
    stages.iter().find_map(|(stage, grants)| {
        let (grant, _) = grants.iter().find(|(_, granted)| !granted.contains(ring))?;
        let stage = stage.stage_name();
        Some(format!(
            "{setting} names `{ring}`, which stage `{stage}` is not granted: add it to its `grants.{grant}`"
        ))
    })
}

/// Stage, and its grants of rings by their keys. None of these is empty.
type StageWithKeys<'a> = (PluginEntry<'a>, Vec<(&'static str, BTreeSet<&'a str>)>);

/// Returns the stages that are granted rings. There may be thousands of rings, one for each namespace, so
/// that no list of them is searched for each.
fn stages_with_keys(file: &File) -> Vec<StageWithKeys<'_>> {
    let stages = file.stage.iter().map(|stage| with_keys(stage.entry()));
    stages.filter(|(_, grants)| !grants.is_empty()).collect()
}

fn with_keys(stage: PluginEntry<'_>) -> StageWithKeys<'_> {
    let granted = grants(&stage).into_iter().filter(|(_, rings)| !rings.is_empty());
    let granted = granted.map(|(key, rings)| (key, rings.iter().map(String::as_str).collect()));
    (stage, granted.collect())
}

/// Returns the rings that namespaces name.
pub(crate) fn rings_of_namespaces(namespaces: &BTreeMap<String, NamespaceEntry>) -> BTreeSet<&str> {
    namespaces.values().flat_map(|entry| entry.rings().map(|(_, name)| name)).collect()
}

/// Returns the grants of rings, by their keys.
fn grants<'a>(stage: &PluginEntry<'a>) -> [(&'static str, &'a Vec<String>); 2] {
    [("keys", &stage.grants.keys), ("subkeys", &stage.grants.subkeys)]
}

/// Returns whether a ring that a stage is granted is for some namespaces alone: one of those that namespaces
/// name (`named`). One that the stage's own settings name is for all that have none of their own.
pub(crate) fn is_for_namespaces(
    named: &BTreeSet<&str>,
    stage: PluginEntry<'_>,
    ring: &str,
) -> bool {
    let is_setting = stage.settings.values().any(|value| value.0 == ring);
    !is_setting && named.contains(ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const STAGE: &str =
        "[[stage]]\nplugin = \"bundled:aes-gcm\"\nsettings = { ring = \"common\" }\n";

    fn verdict(grants: &str, namespace: &str) -> Result<(), Error> {
        let text = format!("{STAGE}{grants}\n[namespace.shop]\n{namespace}\n");
        let file = parse(&text, "c.toml").unwrap();
        let locator = Locator::new("c.toml".to_owned(), text);
        check(&file, &BTreeSet::from(["common", "shop-keys"]), &locator)
    }

    #[track_caller]
    fn refuses(grants: &str, namespace: &str, says: &str) {
        let error = verdict(grants, namespace).unwrap_err();
        assert_eq!(error.place(), Some("c.toml, line 6"));
        assert!(error.to_string().contains(says), "{error}");
    }

    const BOTH: &str = "grants.keys = [\"common\", \"shop-keys\"]";

    #[test]
    fn a_ring_exists_and_is_granted_to_each_stage_with_keys() {
        refuses(
            BOTH,
            "ring = \"shop-key\"",
            "`shop-key`, and there is no such key ring; did you mean",
        );
        refuses(BOTH, "old_rings = [\"gone\"]", "namespace.shop.old_rings names `gone`");
        refuses("", "ring = \"shop-keys\"", "no stage is granted keys");
        let common = "grants.keys = [\"common\"]";
        refuses(
            common,
            "ring = \"shop-keys\"",
            "namespace.shop.ring names `shop-keys`, which stage `aes-gcm` is not granted: add it to its `grants.keys`",
        );
        let lacks = "grants = { keys = [\"common\", \"shop-keys\"], subkeys = [\"common\"] }";
        refuses(lacks, "ring = \"shop-keys\"", "add it to its `grants.subkeys`");
        assert!(verdict(BOTH, "ring = \"shop-keys\"\nold_rings = [\"common\"]").is_ok());
        assert!(verdict(common, "old_rings = [\"common\"]").is_ok());
    }

    #[test]
    fn a_stage_has_a_ring_for_all_other_namespaces() {
        let grants = "grants.keys = [\"shop-keys\"]";
        let error = verdict(grants, "ring = \"shop-keys\"").unwrap_err();
        assert_eq!(error.place(), Some("c.toml, line 4"));
        assert!(error.to_string().contains("needs one for all others"), "{error}");
    }

    #[test]
    fn a_ring_of_a_namespace_is_no_other_ones() {
        let text = format!(
            "{STAGE}{BOTH}\n[namespace.shop]\nring = \"shop-keys\"\nold_rings = [\"common\"]"
        );
        let file = parse(&text, "c.toml").unwrap();
        let stage = file.stage.first().unwrap().entry();
        let named = rings_of_namespaces(&file.namespace);
        assert!(is_for_namespaces(&named, stage, "shop-keys"));
        assert!(!is_for_namespaces(&named, stage, "common"), "the stage names it itself");
    }
}
