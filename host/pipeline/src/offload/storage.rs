//! External storage of a pipeline: its drivers, and who stores a payload.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

use cloakroom_core::{
    ByteSize, CallId, Context, Driver, Error, ErrorKind, Limit, Remedy, Turn, Turns,
};

use crate::{
    item::{CountedPayload, Item},
    offload::{
        cache::Cache,
        cache_key::{CacheKey, cache_key},
        last_calls::LastCalls,
        namespace_storage::NamespaceStorage,
        proofs::Proofs,
        room::Thresholds,
        rules::Rule,
        verify::{UnverifiedObjects, Verify},
    },
    printable::printable,
    reference::{Reference, ReferenceFailure, ReferenceFormat, with_code},
    tasks::catch_panic,
};

/// External storage, built from [`crate::Offload`].
pub(crate) struct Storage {
    pub(crate) threshold: ByteSize,
    pub(crate) format: Arc<dyn ReferenceFormat>,
    pub(crate) drivers: BTreeMap<Arc<str>, Arc<dyn Driver>>,
    pub(crate) last_calls: LastCalls,
    /// Identity of each driver: everything but a claim that its answers depend on.
    pub(crate) identities: BTreeMap<Arc<str>, String>,
    pub(crate) store_with: Option<String>,
    pub(crate) rules: Vec<Rule>,
    /// Storage of namespaces that differ, by name.
    pub(crate) namespaces: BTreeMap<String, NamespaceStorage>,
    /// Whether a rule looks at the metadata of payloads before they are encoded.
    pub(crate) asks_for_metadata: bool,
    pub(crate) proofs: Option<Proofs>,
    pub(crate) encode_references: bool,
    pub(crate) verify: Verify,
    pub(crate) unverified: UnverifiedObjects,
    pub(crate) largest: ByteSize,
    /// Entries of one payload that is read back.
    pub(crate) entries: usize,
    pub(crate) time: Duration,
    /// Objects of one call that are transferred at once.
    pub(crate) permits_of_call: usize,
    /// Permits of all calls. Namespaces take turns, then calls.
    pub(crate) permits: Arc<Turns<Arc<str>>>,
    pub(crate) cache: Cache,
}

impl Storage {
    /// Returns whether an item is below its threshold, or nothing that is stored.
    pub(crate) fn is_small(&self, item: &Item, thresholds: &Thresholds) -> bool {
        match item {
            Item::Plain(one) => one.payload.encoded_len() < thresholds.of(one.slot),
            _ => true,
        }
    }

    /// Returns the driver that stores a payload, if it is stored.
    pub(crate) fn choose_driver(
        &self,
        ctx: &Context,
        encoded: &CountedPayload,
        threshold: usize,
    ) -> Option<&str> {
        let size = encoded.payload.encoded_len();
        if size < threshold {
            return None;
        }
        // Rules are about the namespace that keeps the object.
        let ctx = &ctx.for_payload(encoded.slot).of_target();
        // Whoever reads it in plaintext could not follow a reference.
        if ctx.is_plaintext() {
            return None;
        }
        let original = encoded.original.as_ref().map(|original| &original.metadata);
        let metadata = original.unwrap_or(&encoded.payload.metadata);
        let own = ctx.namespace_name().and_then(|name| self.namespaces.get(name));
        let mut rules = own.into_iter().flat_map(NamespaceStorage::all_rules).chain(&self.rules);
        match rules.find(|rule| rule.matches(ctx, metadata, size)) {
            Some(rule) => rule.driver.as_deref(),
            None => self.store_with.as_deref(),
        }
    }

    /// Returns the size from which payloads of a call are stored.
    pub(crate) fn threshold_for(&self, ctx: &Context) -> ByteSize {
        let own = ctx.namespace_name().and_then(|name| self.namespaces.get(name));
        own.and_then(|own| own.threshold).unwrap_or(self.threshold)
    }

    /// Returns the driver of this name.
    ///
    /// # Errors
    /// `Unresolved` if there is none.
    pub(crate) fn driver(&self, name: &str) -> Result<(&Arc<str>, &Arc<dyn Driver>), Error> {
        self.drivers.get_key_value(name).ok_or_else(|| {
            let known: Vec<_> = self.drivers.keys().map(|name| &**name).collect();
            let text = format!(
                "stored by driver `{}`, which is not configured; there are `{}`: add a driver of \
                 that name",
                printable(name),
                known.join("`, `")
            );
            let text = with_code(&*self.format, ReferenceFailure::NoDriver, &text);
            Error::new(ErrorKind::Unresolved, text).with_remedies(&[Remedy::Drivers])
        })
    }

    /// Returns the key of an object in the cache.
    pub(crate) fn cache_key(&self, reference: &Reference) -> CacheKey {
        let identity = self.identities.get(&*reference.driver).map_or("", String::as_str);
        cache_key(identity, reference)
    }

    /// Refuses to store a payload that would be too large to be read back.
    pub(crate) fn refuse_unreadable(&self, size: usize) -> Result<(), Error> {
        if size <= self.largest.as_usize() {
            return Ok(());
        }
        let text = format!(
            "the encoded payload has {size} bytes, and no object above {} is read back: raise the \
             limit, or pass less at once",
            self.largest
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payload), text);
        Err(error.with_remedies(&[Remedy::LargestObject]))
    }

    /// Waits until an object of the call may be transferred. Namespaces take turns: one with thousands
    /// of large payloads must not make the others wait for all of them.
    pub(crate) async fn wait_for_turn(&self, ctx: &Context) -> Turn<Arc<str>> {
        let namespace = Arc::from(ctx.namespace_name().unwrap_or_default());
        let call = ctx.call().map_or(0, CallId::number);
        self.permits.take(&namespace, call).await
    }

    /// Waits for a driver's answer within the time limit, and notes how it ended. A panic is an error.
    pub(crate) async fn call_driver<T>(
        &self,
        name: &str,
        driver: &dyn Driver,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let answer = self.within_time(driver, catch_panic("the driver", call)).await;
        self.last_calls.note(name, &answer);
        answer
    }

    async fn within_time<T>(
        &self,
        driver: &dyn Driver,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // A plugin's own limit does not count the time that it waits for a turn to compute, for which
        // no store is to blame.
        if driver.time_limit().is_some_and(|limit| limit <= self.time) {
            return call.await;
        }
        tokio::time::timeout(self.time, call).await.unwrap_or_else(|_| {
            // Not a limit that the driver broke: it spends its time at the store, and the call may
            // be repeated.
            let text = format!("the driver did not answer within {:?}", self.time);
            let error = Error::new(ErrorKind::Unavailable, text);
            Err(error.with_remedies(&[Remedy::DriverTime]))
        })
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("threshold", &self.threshold)
            .field("drivers", &self.drivers.keys())
            .field("store_with", &self.store_with)
            .finish_non_exhaustive()
    }
}
