//! Probe of a driver: stores an object without meaning, and reads it back by its claim.

use aws_lc_rs::rand;
use bytes::Bytes;
use cloakroom_core::{Claim, Context, Direction, Error, ErrorKind, Payload};

use crate::{
    item,
    offload::{
        store::{PendingObject, make_object},
        verify::Verify,
    },
    part::at_driver,
    pipeline::Pipeline,
};

/// Claim and object that a probe has left in the store.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreProbe {
    /// Claim, as a history would hold it.
    pub claim: Claim,
    /// Bytes of the object, which are random.
    pub object: Bytes,
}

/// Bytes of a probe's body: enough for no two probes to be equal.
const PROBE: usize = 64;

impl Pipeline {
    /// Returns the names of all drivers, in alphabetical order, and whether new payloads may be stored
    /// with each.
    #[must_use]
    pub fn drivers(&self) -> Vec<(&str, bool)> {
        let Some(storage) = &self.storage else {
            return Vec::new();
        };
        let is_used = |name: &str| {
            let rules = storage.rules.iter().filter_map(|rule| rule.driver.as_deref());
            rules.chain(storage.store_with.as_deref()).any(|used| used == name)
        };
        storage.drivers.keys().map(|name| (&**name, is_used(name))).collect()
    }

    /// Stores a small object of random bytes with this driver, reads it back by its claim, and compares
    /// size and SHA-256, also with [`Verify::Off`]. No stage sees it. The object stays in the store: its
    /// claim says where.
    ///
    /// # Errors
    /// `Unresolved` if there is no such driver; otherwise the reason why it cannot be stored or read.
    pub async fn check_store(&self, ctx: &Context, driver: &str) -> Result<StoreProbe, Error> {
        let stored = self.store_probe(ctx, driver).await;
        stored.map_err(|error| self.name_remedies(error))
    }

    async fn store_probe(&self, ctx: &Context, driver: &str) -> Result<StoreProbe, Error> {
        let storage = self.storage.as_ref().ok_or_else(|| self.no_storage())?;
        let mut body = vec![0; PROBE];
        rand::fill(&mut body)
            .map_err(|_| Error::new(ErrorKind::Internal, "there is no randomness"))?;
        let payload = Payload::new("binary/plain", body);
        let object = make_object(payload.envelope()).await?;
        let _charge = item::memory(ctx).nothing();
        let pending = PendingObject { slot: 0, driver: driver.into(), payload, object, _charge };
        let stored = storage.store_object(ctx, &pending, Verify::Always).await;
        let reference = stored.map_err(at_driver(driver, Direction::Encode, 0))?;
        let claim = storage.format.read(&reference)?.claim;
        Ok(StoreProbe { claim, object: pending.object.envelope().to_bytes() })
    }
}
