//! What an operator says yes to, each with its scope.

pub(crate) mod bucket_access;
mod bucket_uses;
pub(crate) mod refresh;
pub(crate) mod upload;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    sync::Arc,
};

use cloakroom_core::{Bucket, Error, ErrorKind, KeyRing, clean};

use crate::{
    BucketAccess, Capability, Inspection, Requirement, grants::bucket_access::GrantedBuckets,
};

/// The capabilities that one plugin is given. A plugin that imports more is not loaded.
///
/// ```
/// # use std::sync::Arc;
/// # use cloakroom_plugin::Grants;
/// # fn f(ring: Arc<dyn cloakroom_core::KeyRing>) {
/// let grants = Grants::none().keys("payments", ring);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Grants {
    pub(crate) keys: BTreeMap<String, Arc<dyn KeyRing>>,
    pub(crate) subkeys: BTreeMap<String, Arc<dyn KeyRing>>,
    pub(crate) buckets: BTreeMap<String, GrantedBuckets>,
    pub(crate) tcp: BTreeSet<SocketAddr>,
    pub(crate) log: bool,
    pub(crate) hollow: bool,
}

impl Grants {
    /// Nothing. Enough for a plugin that only computes.
    pub fn none() -> Self {
        Self::default()
    }

    /// Lets any plugin load, and has nothing behind what it grants: every ring a plugin asks for is
    /// denied. For looking at plugins.
    pub fn nothing_behind() -> Self {
        Self { hollow: true, ..Self::default() }
    }

    /// The keys of a ring, by the name that the plugin asks for: to seal and to open, never to see.
    pub fn keys(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.keys.insert(name.to_owned(), ring);
        self
    }

    /// Bytes derived from the keys of a ring, for a plugin that brings a cipher of its own.
    pub fn subkeys(mut self, name: &str, ring: Arc<dyn KeyRing>) -> Self {
        self.subkeys.insert(name.to_owned(), ring);
        self
    }

    /// A bucket, by the name that the plugin asks for, and how much of it.
    pub fn bucket(mut self, name: &str, bucket: Arc<dyn Bucket>, access: BucketAccess) -> Self {
        self.buckets.insert(name.to_owned(), GrantedBuckets::new(bucket, access));
        self
    }

    /// Connections to this address, for a plugin that imports WASI's sockets. It can reach no other,
    /// look up no name, and listen nowhere.
    pub fn tcp(mut self, address: SocketAddr) -> Self {
        self.tcp.insert(address);
        self
    }

    /// Log lines written, and the plugin's own words in errors, while a payload is at hand. Without this
    /// they are dropped, since a plugin can write there what it reads.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }
}

impl Grants {
    /// Names all that is granted, and how far. Equal grants have equal identities.
    pub(crate) fn identity(&self) -> String {
        let buckets: Vec<_> =
            self.buckets.iter().map(|(name, scoped)| (name, scoped.identity())).collect();
        let (keys, subkeys) = (self.keys.keys(), self.subkeys.keys());
        format!("{buckets:?} {keys:?} {subkeys:?} {:?} {}", self.tcp, self.log)
    }

    /// Refuses a plugin that asks for more than this.
    pub(crate) fn check(&self, inspection: &Inspection) -> Result<(), Error> {
        let unmet = inspection.imports.iter().find_map(|import| match import.need {
            Requirement::Grant(capability) if !import.need.met_by(self) => {
                Some((import, capability))
            }
            _ => None,
        });
        let Some((import, capability)) = unmet else {
            return Ok(());
        };
        let text = format!(
            "imports `{}`, which was not granted: {}",
            clean(&import.name, 128),
            help(capability)
        );
        Err(Error::new(ErrorKind::MissingGrant, text))
    }
}

fn help(capability: Capability) -> &'static str {
    match capability {
        Capability::Buckets => "add `grants.buckets = [\"BUCKET\"]`, or use another plugin",
        Capability::Keys => "add `grants.keys = [\"RING\"]`, or use another plugin",
        Capability::Subkeys => "add `grants.subkeys = [\"RING\"]`, or use another plugin",
        Capability::Tcp => {
            "add `grants.tcp = [\"ADDRESS:PORT\"]`, or build the plugin without a network \
             (componentize-py: `--stub-wasi`)"
        }
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("keys", &self.keys.keys())
            .field("subkeys", &self.subkeys.keys())
            .field("buckets", &self.buckets.keys())
            .field("tcp", &self.tcp)
            .field("log", &self.log)
            .finish()
    }
}
