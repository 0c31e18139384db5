//! External storage in the making: which drivers there are, and when they are used.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use cloakroom_core::{ByteSize, Driver, Error, KeyRing, Turns};

use crate::{
    ClaimPolicy, PipelineError, Rule, Verify, offload::cache::Cache, offload::disk::Disk,
    offload::proofs::Proofs, offload::storage::Storage, offload::verify::UnverifiedObjects,
};

/// Where large payloads go, and how they come back.
///
/// One driver stores: the first that [`Offload::to`] named, unless a [`Rule`] says otherwise. All can
/// be read from, by the names that they are registered under.
///
/// ```
/// # use cloakroom_pipeline::Offload;
/// # use cloakroom_core::{ByteSize, Driver};
/// # fn f(s3: impl Driver + 'static, old: impl Driver + 'static) {
/// let offload = Offload::above(ByteSize::kib(256)).to("aws.s3driver", s3).from("redis", old);
/// # }
/// ```
#[derive(Clone)]
pub struct Offload {
    threshold: ByteSize,
    drivers: Vec<(String, Arc<dyn Driver>)>,
    store_with: Option<String>,
    rules: Vec<Rule>,
    claims: Option<(Arc<dyn KeyRing>, ClaimPolicy)>,
    v1_until: Option<SystemTime>,
    binds_namespace: bool,
    encode_references: bool,
    verify: Verify,
    sealed: bool,
    largest: ByteSize,
    time: Duration,
    permits: NonZeroUsize,
    permits_of_a_call: NonZeroUsize,
    memory: ByteSize,
    folder: Option<(PathBuf, ByteSize)>,
}

impl Offload {
    /// Stores payloads whose encoded message has at least this size; zero stores all.
    pub fn above(threshold: ByteSize) -> Self {
        let permits = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            threshold,
            drivers: Vec::new(),
            store_with: None,
            rules: Vec::new(),
            claims: None,
            v1_until: None,
            binds_namespace: false,
            encode_references: false,
            verify: Verify::Off,
            sealed: false,
            largest: ByteSize::mib(64),
            time: Duration::from_secs(60),
            permits: permits(64),
            permits_of_a_call: permits(8),
            memory: ByteSize::mib(64),
            folder: None,
        }
    }

    /// Stores with this driver, and reads what it stored. The name lives in histories: renaming a
    /// driver strands what it stored.
    pub fn to(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.store_with.get_or_insert_with(|| name.to_owned());
        self.from(name, driver)
    }

    /// Reads what this driver stored once.
    pub fn from(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.drivers.push((name.to_owned(), Arc::new(driver)));
        self
    }

    /// Says where some payloads go; the first rule that matches decides.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Has claims carry a proof, under keys of this ring, that this pipeline wrote them.
    pub fn claims(mut self, ring: Arc<dyn KeyRing>, policy: ClaimPolicy) -> Self {
        self.claims = Some((ring, policy));
        self
    }

    /// Counts proofs of version 1 until then, and writes them as well for readers that know no other.
    /// They count as none unless this is set: a plugin with `grants.subkeys` could have forged them.
    pub fn accept_v1_claims_until(mut self, until: SystemTime) -> Self {
        self.v1_until = Some(until);
        self
    }

    /// Has the proof of a claim cover the namespace of the call that wrote it: in another, and where
    /// none is named, the claim is refused.
    pub fn bind_claims_to_namespace(mut self) -> Self {
        self.binds_namespace = true;
        self
    }

    /// Has references encoded by the stages too, and marked, so that histories do not show where
    /// objects lie. Readers older than this format cannot read them.
    pub fn encode_references(mut self) -> Self {
        self.encode_references = true;
        self
    }

    /// Reads objects back before a reference to them is returned, by the driver that stored them and
    /// with the claim as it will stand in the history, and compares size and SHA-256.
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }

    /// Refuses to be built behind stages of which none must seal.
    pub fn sealed(mut self) -> Self {
        self.sealed = true;
        self
    }

    /// How many bytes an object may have that is read back. A larger one is not stored either.
    pub fn largest_object(mut self, size: ByteSize) -> Self {
        self.largest = size;
        self
    }

    /// How long a driver may take for one object.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets how many objects are on their way at once, over all calls. Others wait: namespaces take
    /// turns, then calls.
    pub fn permits(mut self, permits: NonZeroUsize) -> Self {
        self.permits = permits;
        self
    }

    /// How many of one call are.
    pub fn permits_of_a_call(mut self, permits: NonZeroUsize) -> Self {
        self.permits_of_a_call = permits;
        self
    }

    /// How much memory keeps objects that were stored or read, since a replay reads them again.
    pub fn memory_cache(mut self, size: ByteSize) -> Self {
        self.memory = size;
        self
    }

    /// A folder that keeps objects too, within a size, over restarts.
    pub fn disk_cache(mut self, folder: impl Into<PathBuf>, size: ByteSize) -> Self {
        self.folder = Some((folder.into(), size));
        self
    }

    /// Whether all that is stored must be sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// `entries` is how many a payload may have that is read back.
    pub(crate) fn build(self, entries: usize) -> Result<Storage, PipelineError> {
        if self.drivers.is_empty() {
            return Err(PipelineError::NoDriver);
        }
        let mut drivers = BTreeMap::<Arc<str>, Arc<dyn Driver>>::new();
        for (name, driver) in self.drivers {
            if name.is_empty() || drivers.contains_key(&*name) {
                return Err(PipelineError::DriverName(name));
            }
            drivers.insert(name.into(), driver);
        }
        let named = self.rules.iter().filter_map(|rule| rule.driver.as_ref());
        for name in named.chain(&self.store_with) {
            if !drivers.contains_key(&**name) {
                return Err(PipelineError::UnknownDriver(name.clone()));
            }
        }
        let stores =
            self.store_with.is_some() || self.rules.iter().any(|rule| rule.driver.is_some());
        if stores && self.threshold > self.largest {
            let (threshold, largest) = (self.threshold, self.largest);
            return Err(PipelineError::NeverRead { threshold, largest });
        }
        let disk = self.folder.map(|(folder, size)| Disk::open(folder, size)).transpose();
        let disk = disk.map_err(|error: Error| PipelineError::Cache(error.to_string()))?;
        let (v1_until, binds_namespace) = (self.v1_until, self.binds_namespace);
        let proofs =
            self.claims.map(|(ring, policy)| Proofs { ring, policy, v1_until, binds_namespace });
        let identity =
            |(name, driver): (&Arc<str>, &Arc<dyn Driver>)| (name.clone(), driver.identity());
        let identities = drivers.iter().map(identity).collect();
        Ok(Storage {
            threshold: self.threshold,
            drivers,
            identities,
            store_with: self.store_with,
            rules: self.rules,
            proofs,
            encode_references: self.encode_references,
            verify: self.verify,
            unverified: UnverifiedObjects::default(),
            largest: self.largest,
            entries,
            time: self.time,
            of_a_call: self.permits_of_a_call.get(),
            of_all: Turns::new(self.permits.get()),
            cache: Cache::new(self.memory, disk, entries),
        })
    }
}

impl std::fmt::Debug for Offload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.drivers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Offload")
            .field("threshold", &self.threshold)
            .field("drivers", &names)
            .finish_non_exhaustive()
    }
}
