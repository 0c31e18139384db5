//! Keys of the configuration.

use std::{collections::BTreeSet, sync::Arc};

use cloakroom::inspect::Report;

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
    pub(super) fn new(report: &Report, destroyed: &[String]) -> Self {
        let mut keys = Vec::new();
        for ring in &report.rings {
            let known = report.ring_uses.iter().find(|known| known.ring == ring.name);
            let seals = known.is_some_and(|known| !known.stages.is_empty());
            let signs = known.is_some_and(|known| known.claims);
            keys.extend(ring.keys.iter().map(|id| KnownKey {
                ring: ring.name.clone(),
                id: id.clone(),
                is_current: *id == ring.current,
                seals,
                signs,
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
        self.0.keys.iter().any(|key| key.id == id)
    }

    pub(super) fn is_destroyed(&self, id: &str) -> bool {
        self.0.destroyed.contains(id)
    }
}

impl KnownKey {
    /// Returns whether a payload or a proof that names the id may mean this key. A payload does not name its
    /// ring, so each that may be meant counts.
    pub(super) fn may_be(&self, id: &str, role: Role) -> bool {
        self.id == id
            && match role {
                Role::Payload => self.seals || !self.signs,
                Role::Proof => self.signs,
            }
    }
}
