//! A probe of a driver: an object without meaning is stored, and read back as history would.

use aws_lc_rs::rand;
use bytes::Bytes;
use cloakroom_core::{Claim, Context, Direction, Error, ErrorKind, Payload};

use crate::{
    Pipeline, Verify, item,
    offload::reference::Reference,
    offload::storage::{self, at_driver},
    offload::store::{PendingObject, object},
};

/// The claim and object that a probe has left behind.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreProbe {
    /// The claim, as it would stand in the history.
    pub claim: Claim,
    /// The bytes of the object, which are random.
    pub object: Bytes,
}

/// Bytes of a probe's body: enough for no two to be equal.
const PROBE: usize = 64;

impl Pipeline {
    /// Returns the names of all drivers, in alphabetical order, and whether new payloads may be stored
    /// with each.
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

    /// Stores a small object of random bytes with this driver, reads it back by the claim as it
    /// would stand in the history, and compares size and SHA-256, whatever [`Verify`] says.
    /// No stage sees it. The object stays: its claim says where.
    ///
    /// # Errors
    /// `Unresolved` if there is no such driver; else why it cannot be stored or read.
    pub async fn check_store(&self, ctx: &Context, driver: &str) -> Result<StoreProbe, Error> {
        let storage = self.storage.as_ref().ok_or_else(storage::unresolved)?;
        let mut body = vec![0; PROBE];
        rand::fill(&mut body)
            .map_err(|_| Error::new(ErrorKind::Internal, "there is no randomness"))?;
        let payload = Payload::new("binary/plain", body);
        let object = object(payload.envelope()).await?;
        let _charge = item::memory(ctx).nothing();
        let chosen = PendingObject { slot: 0, driver: driver.to_owned(), payload, object, _charge };
        let stored = storage.store_object(ctx, &chosen, Verify::Always).await;
        let stored = stored.map_err(at_driver(driver, Direction::Encode, 0))?;
        let claim = Reference::read(&stored)?.claim;
        Ok(StoreProbe { claim, object: chosen.object.envelope().to_bytes() })
    }
}
