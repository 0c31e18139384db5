//! Grants of a plugin, as the configuration has them.

use std::{collections::BTreeSet, sync::Arc};

use cloakroom_core::KeyRing;
use cloakroom_plugin::Grants;

use crate::{
    config::{PluginEntry, Table, is_for_namespaces, rings_of_namespaces},
    plugin_loader::PluginLoader,
};

/// Adds a ring to the grants of a namespace.
type AddRing = fn(Grants, &str, &str, Arc<dyn KeyRing>) -> Grants;

/// Functions that grant a ring to a namespace, by its use there.
struct Uses {
    current: AddRing,
    old: AddRing,
}

const KEYS: Uses =
    Uses { current: Grants::with_namespace_keys, old: Grants::with_old_namespace_keys };
const SUBKEYS: Uses =
    Uses { current: Grants::with_namespace_subkeys, old: Grants::with_old_namespace_subkeys };

impl PluginLoader<'_> {
    /// Returns the grants of a stage or driver. Rings of namespaces are for stages.
    pub(crate) fn grants(&self, table: Table<'_>, entry: PluginEntry<'_>) -> Grants {
        let asked = entry.grants;
        let (mut grants, named) = (Grants::none(), rings_of_namespaces(self.namespaces));
        // Nothing is dropped here: `config::check` has refused names that do not exist.
        for (name, ring) in self.rings_of_all(table, entry, &asked.keys, &named) {
            grants = grants.with_keys(name, ring);
        }
        for (name, ring) in self.rings_of_all(table, entry, &asked.subkeys, &named) {
            grants = grants.with_subkeys(name, ring);
        }
        if matches!(table, Table::Stage(_)) {
            grants = self.namespace_rings(grants, &asked.keys, &KEYS);
            grants = self.namespace_rings(grants, &asked.subkeys, &SUBKEYS);
        }
        let buckets = &self.resources.buckets;
        let bucket = |name: &String| Some((name.clone(), buckets.get(name)?.clone()));
        for (name, (bucket, access)) in asked.buckets.iter().filter_map(bucket) {
            grants = grants.with_bucket(&name, bucket, access);
        }
        let services = &self.resources.services;
        for (name, service) in asked.services.iter().filter_map(|name| services.get_key_value(name))
        {
            grants = grants.with_service(name, service.clone());
        }
        let secrets = &self.resources.secrets;
        let secret = |name: &'_ String| Some((name.clone(), secrets.get(name)?));
        for (name, secret) in asked.secrets.iter().filter_map(secret) {
            grants = grants.with_secret(&name, secret);
        }
        for server in self.resources.tcp.granted_to(table) {
            grants = grants.with_tcp_grant(server.clone());
        }
        if asked.log { grants.with_log() } else { grants }
    }

    /// Returns the rings that a plugin may ask for by name, in every namespace without its own. Those of
    /// one namespace are not among them: a plugin could ask for them in the calls of another.
    fn rings_of_all<'a>(
        &self,
        table: Table<'_>,
        entry: PluginEntry<'_>,
        names: &'a [String],
        named: &BTreeSet<&str>,
    ) -> impl Iterator<Item = (&'a str, Arc<dyn KeyRing>)> {
        let is_of_all = move |name: &&String| {
            let is_stage = matches!(table, Table::Stage(_));
            !is_stage || !is_for_namespaces(named, entry, name)
        };
        let ring =
            |name: &'a String| Some((name.as_str(), self.resources.rings.get(name)?.clone()));
        names.iter().filter(is_of_all).filter_map(ring)
    }

    /// Adds the rings of namespaces, as far as they are among the `granted` ones.
    fn namespace_rings(&self, mut grants: Grants, granted: &[String], uses: &Uses) -> Grants {
        let granted: BTreeSet<_> = granted.iter().collect();
        let ring = |name: &String| {
            let ring = self.resources.rings.get(name)?.clone();
            granted.contains(name).then_some(ring)
        };
        for (namespace, entry) in self.namespaces {
            if let Some(name) = &entry.ring
                && let Some(ring) = ring(name)
            {
                grants = (uses.current)(grants, namespace, name, ring);
            }
            let old = entry.old_rings.iter().filter(|name| Some(*name) != entry.ring.as_ref());
            for (name, ring) in old.filter_map(|name| Some((name, ring(name)?))) {
                grants = (uses.old)(grants, namespace, name, ring);
            }
        }
        grants
    }
}
