//! Uses of the key rings of a configuration, for evidence about keys.

use std::collections::BTreeMap;

use crate::config::File;

/// Use of a key ring: who may ask for its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingUse {
    /// Name of the ring.
    pub ring: String,
    /// Stages that are granted it.
    pub stages: Vec<String>,
    /// Namespaces that name it.
    pub namespaces: Vec<String>,
    /// True if it signs claims.
    pub claims: bool,
    /// Days on which keys were made, in seconds since 1970, by the keys' ids.
    pub created: BTreeMap<String, i64>,
}

/// Returns the uses of each ring that the file names.
pub(crate) fn ring_uses(file: &File) -> Vec<RingUse> {
    let mut uses: BTreeMap<&str, RingUse> = BTreeMap::new();
    for (name, entry) in &file.keys {
        let created = entry.created.iter().map(|(id, date)| (id.clone(), date.0));
        of(&mut uses, name).created = created.collect();
    }
    for stage in file.stage.iter().map(|stage| stage.entry()) {
        for ring in stage.grants.keys.iter().chain(&stage.grants.subkeys) {
            of(&mut uses, ring).stages.push(stage.stage_name().into_owned());
        }
    }
    for (name, entry) in &file.namespace {
        for ring in entry.ring.iter().chain(&entry.old_rings) {
            of(&mut uses, ring).namespaces.push(name.clone());
        }
    }
    let claims = file.storage.as_ref().and_then(|storage| storage.claims.as_ref()?.ring.as_ref());
    if let Some(ring) = claims {
        of(&mut uses, ring).claims = true;
    }
    uses.into_values().collect()
}

/// Returns whether the file has a gateway for Dapr.
#[cfg(feature = "gateway")]
pub(crate) fn has_dapr(file: &File) -> bool {
    file.gateway.dapr.is_some()
}

/// Returns false: this build has no gateway.
#[cfg(not(feature = "gateway"))]
pub(crate) fn has_dapr(_: &File) -> bool {
    false
}

fn of<'a, 'b>(uses: &'a mut BTreeMap<&'b str, RingUse>, ring: &'b str) -> &'a mut RingUse {
    uses.entry(ring).or_insert_with(|| RingUse { ring: ring.to_owned(), ..RingUse::default() })
}
