//! External storage at work: drivers by name, and who stores what.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

use cloakroom_core::{
    ByteSize, CallId, CallMemory, Charge, Context, Direction, Driver, Error, ErrorKind, Limit,
    Metadata, Payload, Turn, Turns,
};

use crate::{
    Rule, Verify, catch_panic,
    offload::cache::Cache,
    offload::proofs::Proofs,
    offload::reference::{CacheKey, Reference},
    offload::verify::UnverifiedObjects,
};

/// What [`crate::Offload`] describes, built. `keep` stores, `fetch` reads back.
pub(crate) struct Storage {
    pub(crate) threshold: ByteSize,
    pub(crate) drivers: BTreeMap<Arc<str>, Arc<dyn Driver>>,
    /// Identity of each driver: everything but a claim that its answers depend on.
    pub(crate) identities: BTreeMap<Arc<str>, String>,
    pub(crate) store_with: Option<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) proofs: Option<Proofs>,
    pub(crate) encode_references: bool,
    pub(crate) verify: Verify,
    pub(crate) unverified: UnverifiedObjects,
    pub(crate) largest: ByteSize,
    /// Entries of one payload that is read back.
    pub(crate) entries: usize,
    pub(crate) time: Duration,
    pub(crate) of_a_call: usize,
    /// Namespaces take turns, then calls.
    pub(crate) of_all: Arc<Turns<Arc<str>>>,
    pub(crate) cache: Cache,
}

impl Storage {
    /// Returns the metadata of payloads before they are encoded, if a rule asks for it, counted.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn noted(
        &self,
        memory: &CallMemory,
        batch: &[Payload],
    ) -> Result<(Vec<Metadata>, Option<Charge>), Error> {
        if !self.rules.iter().any(Rule::asks_for_metadata) {
            return Ok((Vec::new(), None));
        }
        let charge = memory.charge(batch.iter().map(Payload::footprint_around).sum())?;
        Ok((batch.iter().map(|payload| payload.metadata.clone()).collect(), Some(charge)))
    }

    /// The driver that stores a payload of this size, if it is to be stored.
    pub(crate) fn choose(&self, ctx: &Context, before: &Metadata, size: usize) -> Option<&str> {
        if size < self.threshold.as_usize() {
            return None;
        }
        match self.rules.iter().find(|rule| rule.matches(ctx, before, size)) {
            Some(rule) => rule.driver.as_deref(),
            None => self.store_with.as_deref(),
        }
    }

    pub(crate) fn driver(&self, name: &str) -> Result<(&Arc<str>, &Arc<dyn Driver>), Error> {
        self.drivers.get_key_value(name).ok_or_else(|| {
            let known: Vec<_> = self.drivers.keys().map(|name| &**name).collect();
            let text = format!(
                "[TMPRL1105] stored by driver `{}`, which is not configured; there are `{}`: \
                 add a [[storage.driver]] of that name",
                printable(name),
                known.join("`, `")
            );
            Error::new(ErrorKind::Unresolved, text)
        })
    }

    /// Returns what an object is found by in the cache.
    pub(crate) fn cache_key(&self, reference: &Reference) -> CacheKey {
        reference.cache_key(self.identities.get(&*reference.driver).map_or("", String::as_str))
    }

    /// Refuses to store what would be too large to be read back.
    pub(crate) fn refuse_unreadable(&self, size: usize) -> Result<(), Error> {
        if size <= self.largest.as_usize() {
            return Ok(());
        }
        let text = format!(
            "the encoded payload has {size} bytes, and no object above {} is read back \
             (`storage.largest`): raise it, or pass less at once",
            self.largest
        );
        Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), text))
    }

    /// Waits until an object of the call may be on its way.
    pub(crate) async fn turn(&self, ctx: &Context) -> Turn<Arc<str>> {
        let namespace = Arc::from(ctx.namespace_name().unwrap_or_default());
        let call = ctx.call().map_or(0, CallId::number);
        self.of_all.take(&namespace, call).await
    }

    /// Waits for a driver's answer, for as long as it has. Its silence and its panic are errors.
    pub(crate) async fn bounded<T>(
        &self,
        driver: &dyn Driver,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let asked = catch_panic::catch_panic("the driver", asked);
        // A plugin's own limit does not count the wait for a slot, for which no store is to blame.
        if driver.time_limit().is_some_and(|limit| limit <= self.time) {
            return asked.await;
        }
        tokio::time::timeout(self.time, asked).await.unwrap_or_else(|_| {
            let text = format!("the driver did not answer within {:?} (`storage.time`)", self.time);
            Err(Error::new(ErrorKind::Unavailable, text))
        })
    }
}

/// Says at which driver and for which payload it went wrong.
pub(crate) fn at_driver(
    driver: &str,
    direction: Direction,
    slot: usize,
) -> impl FnOnce(Error) -> Error {
    let stage = format!("storage {}", printable(driver));
    move |error| error.at_stage(&stage, direction, slot)
}

/// A driver's name as a reference has it, which could be any text.
pub(crate) fn printable(name: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    name.chars().take(64).map(printable).collect()
}

/// What is said where there is no storage at all.
pub(crate) fn unresolved() -> Error {
    let text = "[TMPRL1105] the payload is stored elsewhere, and no external storage is configured: \
                add [storage] with the driver that stored it";
    Error::new(ErrorKind::Unresolved, text)
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
