//! Grants: what an operator allows one plugin.

pub(crate) mod bucket_access;
mod bucket_uses;
pub(crate) mod granted_buckets;
pub(crate) mod granted_rings;
pub(crate) mod granted_service;
pub(crate) mod object_body;
mod probe_bucket;
pub(crate) mod refresh;
mod ring_setting;
pub(crate) mod secrets;
pub(crate) mod tcp;
pub(crate) mod upload;

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc};

use cloakroom_core::{Bucket, KeyRing, Service};

use self::{
    bucket_access::BucketAccess,
    granted_buckets::GrantedBuckets,
    granted_rings::GrantedRings,
    granted_service::GrantedService,
    secrets::GrantedSecrets,
    tcp::{TcpGrant, servers::Servers},
};
use crate::trace::Trace;

/// Capabilities that one plugin is given. A plugin that imports more is not loaded.
///
/// ```
/// # use std::sync::Arc;
/// # use cloakroom_plugin::Grants;
/// # fn f(ring: Arc<dyn cloakroom_core::KeyRing>) {
/// let grants = Grants::none().with_keys("payments", ring);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Grants {
    pub(crate) keys: GrantedRings,
    pub(crate) subkeys: GrantedRings,
    pub(crate) buckets: BTreeMap<String, GrantedBuckets>,
    pub(crate) services: BTreeMap<String, GrantedService>,
    pub(crate) tcp: Servers,
    pub(crate) secrets: GrantedSecrets,
    pub(crate) log: bool,
    /// Receiver of what the plugin does, payload bytes in its words included.
    pub(crate) trace: Option<Trace>,
    /// Whether any import is accepted when a plugin is loaded, with nothing behind it.
    pub(crate) accepts_any_import: bool,
}

impl Grants {
    /// Returns grants of nothing. Enough for a plugin that only computes.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns grants under which any plugin loads, but that give it nothing: every ring and bucket that
    /// it asks for is denied. For tools that look at plugins.
    #[must_use]
    pub fn for_inspection() -> Self {
        Self { accepts_any_import: true, ..Self::default() }
    }

    /// Grants the keys of a ring, under the name that the plugin asks for: to seal and to open. The plugin
    /// never sees a key.
    #[must_use]
    pub fn with_keys(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.keys.insert(name, ring);
        self
    }

    /// Gives the plugin this ring in calls of a namespace, in place of any ring of
    /// [`Grants::with_keys`] that it asks for. In calls of other namespaces it cannot reach it.
    #[must_use]
    pub fn with_namespace_keys(
        mut self,
        namespace: &str,
        name: &str,
        ring: Arc<dyn KeyRing>,
    ) -> Self {
        self.keys.set_current(namespace, name, ring);
        self
    }

    /// Also opens with the keys of this ring in calls of a namespace: those that it was sealed under
    /// before. Payloads whose key's id is in several rings are tried with each.
    #[must_use]
    pub fn with_old_namespace_keys(
        mut self,
        namespace: &str,
        name: &str,
        ring: Arc<dyn KeyRing>,
    ) -> Self {
        self.keys.add_old(namespace, name, ring);
        self
    }

    /// Grants bytes derived from the keys of a ring, for a plugin that brings a cipher of its own.
    #[must_use]
    pub fn with_subkeys(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.subkeys.insert(name, ring);
        self
    }

    /// Derives from this ring in calls of a namespace, as [`Grants::with_namespace_keys`] seals.
    #[must_use]
    pub fn with_namespace_subkeys(
        mut self,
        namespace: &str,
        name: &str,
        ring: Arc<dyn KeyRing>,
    ) -> Self {
        self.subkeys.set_current(namespace, name, ring);
        self
    }

    /// Also derives from keys of this ring that payloads of a namespace name. Of two rings with a key of
    /// one id, only the first is asked.
    #[must_use]
    pub fn with_old_namespace_subkeys(
        mut self,
        namespace: &str,
        name: &str,
        ring: Arc<dyn KeyRing>,
    ) -> Self {
        self.subkeys.add_old(namespace, name, ring);
        self
    }

    /// Grants access to a bucket, under the name that the plugin asks for.
    #[must_use]
    pub fn with_bucket(
        mut self,
        name: &str,
        bucket: Arc<dyn Bucket>,
        access: BucketAccess,
    ) -> Self {
        self.buckets.insert(name.to_owned(), GrantedBuckets::new(bucket, access));
        self
    }

    /// Grants requests to a service, under the name that the plugin asks for. The service adds its
    /// credentials, which the plugin never sees.
    #[must_use]
    pub fn with_service(mut self, name: &str, service: Arc<dyn Service>) -> Self {
        self.services.insert(name.to_owned(), GrantedService::new(name, service));
        self
    }

    /// Grants TCP connections to this address, in the clear, for a plugin that imports WASI's sockets. It
    /// can reach no other address, look up no name, and listen nowhere.
    #[must_use]
    pub fn with_tcp(self, address: SocketAddr) -> Self {
        self.with_tcp_grant(address.into())
    }

    /// Grants TCP connections to this server. The host resolves its name, and encrypts if the grant has
    /// TLS; the guest sees an ordinary socket.
    #[must_use]
    pub fn with_tcp_grant(mut self, server: TcpGrant) -> Self {
        self.tcp.insert(server);
        self
    }

    /// Grants a secret, under the name that the plugin asks for. Unlike a key, the plugin sees it.
    #[must_use]
    pub fn with_secret(mut self, name: &str, secret: &[u8]) -> Self {
        self.secrets.insert(name, secret);
        self
    }

    /// Grants the operator's log while the plugin has a payload, and shows its own words in errors.
    /// Without this they are dropped, since a plugin can write there what it reads.
    #[must_use]
    pub fn with_log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Reports what the plugin does: its log, the functions that it calls, and where it traps. For its
    /// author: what a plugin writes can hold payload bytes, and no configuration grants this.
    #[must_use]
    pub fn with_trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Puts other buckets in place of those that are granted so far, each within the same access. For
    /// tools that make a bucket fail.
    #[must_use]
    pub fn with_each_bucket(mut self, change: impl Fn(Arc<dyn Bucket>) -> Arc<dyn Bucket>) -> Self {
        for granted in self.buckets.values_mut() {
            granted.replace_bucket(&change);
        }
        self
    }

    /// Puts other services in place of those that are granted so far, each under the same name. For tools
    /// that make a service fail.
    #[must_use]
    pub fn with_each_service(
        mut self,
        change: impl Fn(Arc<dyn Service>) -> Arc<dyn Service>,
    ) -> Self {
        for granted in self.services.values_mut() {
            granted.replace_service(&change);
        }
        self
    }
}

impl Grants {
    /// Returns these grants with buckets in memory: for trying a codec.
    pub(crate) fn for_probes(&self) -> Self {
        let buckets = self.buckets.iter();
        let buckets = buckets.map(|(name, granted)| (name.clone(), granted.for_probes()));
        Self { buckets: buckets.collect(), ..self.clone() }
    }

    /// Returns the grants of a codec that describes itself: its secrets alone. One without a payload writes
    /// to the log freely, and could write what it has from keys there. A secret ends that freedom.
    pub(crate) fn for_describing(&self) -> Self {
        let (secrets, trace) = (self.secrets.clone(), self.trace.clone());
        Self { secrets, trace, log: self.log, ..Self::default() }
    }

    /// Returns a text that names all grants and their scopes. Equal grants have equal identities.
    pub(crate) fn identity(&self) -> String {
        let buckets: Vec<_> =
            self.buckets.iter().map(|(name, granted)| (name, granted.identity())).collect();
        let (keys, subkeys) = (self.keys.identity(), self.subkeys.identity());
        let services: Vec<_> =
            self.services.iter().map(|(name, service)| (name, service.url())).collect();
        let (tcp, secrets) = (self.tcp.identity(), self.secrets.identity());
        format!("{buckets:?} {keys} {subkeys} {tcp} {secrets} {} {services:?}", self.log)
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("keys", &self.keys)
            .field("subkeys", &self.subkeys)
            .field("buckets", &self.buckets.keys())
            .field("services", &self.services.keys())
            .field("tcp", &self.tcp)
            .field("secrets", &self.secrets)
            .field("log", &self.log)
            .finish()
    }
}
