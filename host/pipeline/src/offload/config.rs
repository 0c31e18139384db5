//! Configuration of external storage: its drivers, and when each is used.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use cloakroom_core::{ByteSize, Driver, Error, KeyRing, Turns};

use crate::{
    offload::{
        cache::Cache,
        disk::Disk,
        last_calls::LastCalls,
        namespace_storage::NamespaceStorage,
        proofs::{ClaimPolicy, Proofs},
        rules::Rule,
        storage::Storage,
        verify::{UnverifiedObjects, Verify},
    },
    pipeline_error::PipelineError,
    reference::ReferenceFormat,
};

type Drivers = BTreeMap<Arc<str>, Arc<dyn Driver>>;

/// Configuration of external storage, for
/// [`PipelineBuilder::with_offload`](crate::PipelineBuilder::with_offload).
///
/// The first driver of [`Offload::with_driver`] stores, unless a [`Rule`] names another. All drivers are
/// read from, by the names that they are registered under.
///
/// ```
/// # use cloakroom_pipeline::Offload;
/// # use cloakroom_core::{ByteSize, Driver};
/// # fn f(s3: impl Driver + 'static, old: impl Driver + 'static) {
/// let offload = Offload::new(ByteSize::kib(256))
///     .with_driver("aws.s3driver", s3)
///     .with_read_driver("redis", old);
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Offload {
    threshold: ByteSize,
    drivers: Vec<(String, Arc<dyn Driver>)>,
    store_with: Option<String>,
    rules: Vec<Rule>,
    namespaces: BTreeMap<String, NamespaceStorage>,
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
    /// Returns storage of payloads whose encoded message has at least this size; zero stores all.
    pub fn new(threshold: ByteSize) -> Self {
        let permits = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        Self {
            threshold,
            drivers: Vec::new(),
            store_with: None,
            rules: Vec::new(),
            namespaces: BTreeMap::new(),
            claims: None,
            v1_until: None,
            binds_namespace: false,
            encode_references: false,
            verify: Verify::Off,
            sealed: false,
            largest: ByteSize::mib(64),
            time: Duration::from_secs(60),
            // 64 in all and 8 for a call, as the specification of Temporal's External Storage has
            // it.
            permits: permits(64),
            permits_of_a_call: permits(8),
            memory: ByteSize::mib(64),
            folder: None,
        }
    }

    /// Stores with this driver, and reads what it stored. Histories hold the name: after renaming a driver,
    /// its objects cannot be read.
    pub fn with_driver(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.store_with.get_or_insert_with(|| name.to_owned());
        self.with_read_driver(name, driver)
    }

    /// Reads what this driver stored in the past.
    pub fn with_read_driver(mut self, name: &str, driver: impl Driver + 'static) -> Self {
        self.drivers.push((name.to_owned(), Arc::new(driver)));
        self
    }

    /// Adds a rule. The first rule that matches a payload decides where it is stored.
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Sets where a namespace differs. Its rules hold for objects that belong to it.
    pub fn with_namespace(mut self, name: &str, storage: NamespaceStorage) -> Self {
        self.namespaces.insert(name.to_owned(), storage);
        self
    }

    /// Adds a proof to each claim, under a key of this ring, that this pipeline wrote it.
    pub fn with_claim_proofs(mut self, ring: Arc<dyn KeyRing>, policy: ClaimPolicy) -> Self {
        self.claims = Some((ring, policy));
        self
    }

    /// Accepts proofs of version 1 until then, and writes them for readers that know no other. By default
    /// they count as no proof, because a plugin with a grant of subkeys could have forged them.
    pub fn with_v1_claims_until(mut self, until: SystemTime) -> Self {
        self.v1_until = Some(until);
        self
    }

    /// Binds the proof of each claim to the namespace of the call that wrote it. The claim is refused in
    /// another namespace, and in calls that name none.
    pub fn with_namespace_bound_claims(mut self) -> Self {
        self.binds_namespace = true;
        self
    }

    /// Encodes references by the stages too, and marks them, so that histories do not show where objects
    /// lie. Readers older than this format cannot read them.
    pub fn with_encoded_references(mut self) -> Self {
        self.encode_references = true;
        self
    }

    /// Reads objects back before a reference to them is returned, and compares size and SHA-256; off by
    /// default.
    pub fn with_verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }

    /// Refuses to build a pipeline without a required stage, so that no object is stored in plaintext.
    pub fn with_required_encryption(mut self) -> Self {
        self.sealed = true;
        self
    }

    /// Sets how many bytes an object may have that is stored or read back; 64 MiB by default.
    pub fn with_max_object_size(mut self, size: ByteSize) -> Self {
        self.largest = size;
        self
    }

    /// Sets how long a driver may take for one object; 60 seconds by default.
    pub fn with_driver_timeout(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets how many objects of all calls are transferred at once; 64 by default. Others wait: namespaces
    /// take turns, then calls.
    pub fn with_permits(mut self, permits: NonZeroUsize) -> Self {
        self.permits = permits;
        self
    }

    /// Sets how many objects of one call are transferred at once; 8 by default.
    pub fn with_permits_per_call(mut self, permits: NonZeroUsize) -> Self {
        self.permits_of_a_call = permits;
        self
    }

    /// Sets the size of the cache in memory; 64 MiB by default. A replay reads the same objects again.
    pub fn with_memory_cache(mut self, size: ByteSize) -> Self {
        self.memory = size;
        self
    }

    /// Caches objects in a folder too, within a size and over restarts; no folder by default.
    pub fn with_disk_cache(mut self, folder: impl Into<PathBuf>, size: ByteSize) -> Self {
        self.folder = Some((folder.into(), size));
        self
    }

    /// Returns whether all objects must be encrypted.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Builds the storage. A payload that is read back has at most `entries` entries.
    pub(crate) fn build(
        self,
        entries: usize,
        format: Arc<dyn ReferenceFormat>,
    ) -> Result<Storage, PipelineError> {
        let drivers = self.check_drivers()?;
        let asks_for_metadata = self.all_rules().any(Rule::asks_for_metadata);
        let disk = self.folder.map(|(folder, size)| Disk::open(folder, size)).transpose();
        let disk = disk.map_err(|error: Error| PipelineError::Cache(error.to_string()))?;
        let (v1_until, binds_namespace) = (self.v1_until, self.binds_namespace);
        let proofs =
            self.claims.map(|(ring, policy)| Proofs { ring, policy, v1_until, binds_namespace });
        // Asked once. Plugin, settings and grants do not change while a storage lives.
        let identity =
            |(name, driver): (&Arc<str>, &Arc<dyn Driver>)| (name.clone(), driver.identity());
        let identities = drivers.iter().map(identity).collect();
        Ok(Storage {
            threshold: self.threshold,
            format,
            last_calls: LastCalls::new(drivers.keys()),
            drivers,
            identities,
            store_with: self.store_with,
            asks_for_metadata,
            rules: self.rules,
            namespaces: self.namespaces,
            proofs,
            encode_references: self.encode_references,
            verify: self.verify,
            unverified: UnverifiedObjects::default(),
            largest: self.largest,
            entries,
            time: self.time,
            permits_of_call: self.permits_of_a_call.get(),
            permits: Turns::new(self.permits.get()),
            cache: Cache::new(self.memory, disk, entries),
        })
    }

    /// Returns the rules of all namespaces, and those of each.
    fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        let own = self.namespaces.values().flat_map(NamespaceStorage::all_rules);
        self.rules.iter().chain(own)
    }

    /// Returns the drivers by name, if rules and threshold fit them.
    fn check_drivers(&self) -> Result<Drivers, PipelineError> {
        if self.drivers.is_empty() {
            return Err(PipelineError::NoDriver);
        }
        let mut drivers = Drivers::new();
        for (name, driver) in &self.drivers {
            if name.is_empty() || drivers.contains_key(&**name) {
                return Err(PipelineError::DriverName(name.clone()));
            }
            drivers.insert(name.as_str().into(), driver.clone());
        }
        let named = self.all_rules().filter_map(|rule| rule.driver.as_ref());
        for name in named.chain(&self.store_with) {
            if !drivers.contains_key(&**name) {
                return Err(PipelineError::UnknownDriver(name.clone()));
            }
        }
        let stores =
            self.store_with.is_some() || self.all_rules().any(|rule| rule.driver.is_some());
        let thresholds = self.namespaces.values().filter_map(|namespace| namespace.threshold);
        let threshold = thresholds.fold(self.threshold, ByteSize::max);
        if stores && threshold > self.largest {
            let largest = self.largest;
            return Err(PipelineError::NeverRead { threshold, largest });
        }
        Ok(drivers)
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
