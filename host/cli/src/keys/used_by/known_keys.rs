//! Keys of the configuration.

use std::{collections::BTreeSet, sync::Arc};

use cloakroom::{
    inspect::Report,
    keys::{DataKeysReport, service_tag},
};

/// Keys of the configuration, and those that are known to be destroyed. Cheap to clone.
#[derive(Clone)]
pub(super) struct KnownKeys(Arc<Inner>);

struct Inner {
    keys: Vec<KnownKey>,
    destroyed: BTreeSet<String>,
}

/// A key of a ring.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KnownKey {
    pub(super) ring: String,
    pub(super) id: String,
    pub(super) is_current: bool,
    /// True if stages may use the ring.
    seals: bool,
    /// True if the ring signs claims.
    signs: bool,
    /// Start of the ids of all data keys that a service's key has wrapped.
    data_keys: Option<String>,
    /// Ids of the ring's secrets that it has wrapped: they are lost without it.
    pub(super) secrets: Vec<String>,
}

/// Prefix of the ids of data keys, of which a key service has wrapped each.
const DATA_KEY: &str = "ck2.";

/// Returns the part of an id that all data keys of one service's key share: only that key can be
/// destroyed. Any other id is returned as it is.
pub(super) fn group(id: &str) -> &str {
    let of_service = id.strip_prefix(DATA_KEY).and_then(|rest| rest.find('.'));
    of_service.and_then(|at| id.get(..DATA_KEY.len() + at)).unwrap_or(id)
}

/// Use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A payload, a stored object or a reference is encrypted under it.
    Payload,
    /// The proof of a claim is made with it.
    Proof,
}

impl KnownKeys {
    pub(super) fn new(
        report: &Report,
        services: &[(String, DataKeysReport)],
        destroyed: &[String],
    ) -> Self {
        let mut keys = Vec::new();
        for ring in &report.rings {
            let service = services.iter().find(|(name, _)| *name == ring.name).map(|(_, it)| it);
            let known = report.ring_uses.iter().find(|known| known.ring == ring.name);
            let seals = known.is_some_and(|known| !known.stages.is_empty());
            let signs = known.is_some_and(|known| known.claims);
            let secrets = service.map(|service| &*service.secrets).unwrap_or_default();
            let in_use = secrets.first().map(|secret| &secret.id);
            let mut ids: Vec<&String> = ring.keys.iter().collect();
            // The service's key and the secrets are not in the list.
            ids.extend(service.map(|service| &service.service));
            ids.extend(secrets.iter().map(|secret| &secret.id));
            keys.extend(ids.into_iter().map(|id| {
                let wrapped = secrets.iter().filter(|secret| secret.service == *id);
                KnownKey {
                    ring: ring.name.clone(),
                    id: id.clone(),
                    is_current: *id == ring.current || Some(id) == in_use,
                    seals,
                    signs,
                    data_keys: service
                        .filter(|it| it.service == *id || it.retired.contains(id))
                        .map(|_| format!("{DATA_KEY}{}", service_tag(&ring.name, id))),
                    secrets: wrapped.map(|secret| secret.id.clone()).collect(),
                }
            }));
        }
        Self(Arc::new(Inner { keys, destroyed: destroyed.iter().cloned().collect() }))
    }

    pub(super) fn all(&self) -> &[KnownKey] {
        &self.0.keys
    }

    pub(super) fn has(&self, ring: &str, id: &str) -> bool {
        self.0.keys.iter().any(|key| key.ring == ring && key.id == id)
    }

    /// Returns whether any ring has a key of this id.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.keys.iter().any(|key| key.is_named(id))
    }

    pub(super) fn is_destroyed(&self, id: &str) -> bool {
        self.0.destroyed.contains(id)
    }
}

impl KnownKey {
    /// Returns whether an id is this key's, or that of the data keys that it has wrapped.
    fn is_named(&self, id: &str) -> bool {
        self.id == id || self.data_keys.as_ref().is_some_and(|start| start == group(id))
    }

    /// Returns whether a payload or a proof that names the id may mean this key. A payload does not name its
    /// ring, so each that may be meant counts.
    pub(super) fn may_be(&self, id: &str, role: Role) -> bool {
        self.is_named(id)
            && match role {
                Role::Payload => self.seals || !self.signs,
                Role::Proof => self.signs,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keys_of_one_service_are_one_key() {
        assert_eq!(group("ck2.AbCdEfGh.-.d3JhcHBlZA"), "ck2.AbCdEfGh");
        for id in ["2026-11", "ck2.AbCdEfGh", "awskms:///alias/payments", "ck2."] {
            assert_eq!(group(id), id);
        }
    }
}
