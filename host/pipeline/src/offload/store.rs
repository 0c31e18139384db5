//! Storing: large payloads become objects, and references to them are written.

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use aws_lc_rs::digest;
use cloakroom_core::{Charge, Context, Direction, Envelope, Error, Object, Payload, PutOutcome};

use crate::{
    item::{self, CountedPayload, Item},
    offload::{claims, room::Thresholds, storage::Storage, verify::Verify},
    part::{PartCall, at_driver},
    reference::StoredObject,
    tasks::{self, Step},
};

/// Size from which hashing moves to a thread for blocking work: there it holds up nobody.
pub(crate) const HASHED_ASIDE: usize = 1 << 20;

/// Item that was encoded, once it is known whether it is stored.
#[expect(clippy::large_enum_variant, reason = "a list of them lives for one call")]
pub(crate) enum Outgoing {
    /// It stays in the history.
    Item(Item),
    /// It is stored. Equal objects of one driver and target have the same key.
    Object { payload: CountedPayload, key: ObjectKey, object: Option<PendingObject> },
}

/// Driver, SHA-256 and target of an object. Two targets do not share an object: whoever deletes those of
/// one must not delete the other's.
pub(crate) type ObjectKey = (Arc<str>, [u8; 32], usize);

/// Object that is to be stored.
pub(crate) struct PendingObject {
    pub(crate) slot: usize,
    pub(crate) driver: Arc<str>,
    pub(crate) payload: Payload,
    pub(crate) object: Object,
    /// Memory that payload and object do not share with the batch.
    pub(crate) _charge: Charge,
}

impl Storage {
    /// Decides for each item whether it is stored, and hashes those that are.
    pub(crate) async fn prepare_objects(
        self: &Arc<Self>,
        ctx: &Context,
        items: Vec<Item>,
        thresholds: &Thresholds,
    ) -> Result<Vec<Outgoing>, Error> {
        let prepare = |item| {
            let Item::Plain(payload) = item else {
                return Step::Done(Outgoing::Item(item));
            };
            let threshold = thresholds.of(payload.slot);
            let Some(driver) = self.choose_driver(ctx, &payload, threshold).map(Arc::from) else {
                return Step::Done(Outgoing::Item(Item::Plain(payload)));
            };
            let (this, ctx) = (self.clone(), ctx.for_payload(payload.slot).into_owned());
            Step::run(async move { this.prepare_object(&ctx, driver, payload).await })
        };
        tasks::run_each(self.permits_of_call, items, prepare).await
    }

    async fn prepare_object(
        &self,
        ctx: &Context,
        driver: Arc<str>,
        payload: CountedPayload,
    ) -> Result<Outgoing, Error> {
        let (slot, encoded) = (payload.slot, &payload.payload);
        let readable = self.refuse_unreadable(encoded.encoded_len());
        // The metadata is copied twice: with the payload, and into the object.
        let copied = 2 * encoded.footprint_around();
        let charge = readable.and_then(|()| item::memory(ctx).charge(copied));
        let _charge = charge.map_err(at_driver(&driver, Direction::Encode, slot))?;
        let encoded = encoded.clone();
        let object = make_object(encoded.envelope()).await?;
        let key = (driver.clone(), *object.sha256(), ctx.target_id());
        let object = PendingObject { slot, driver, payload: encoded, object, _charge };
        Ok(Outgoing::Object { payload, key, object: Some(object) })
    }

    /// Stores the objects among the items, equal ones once, and returns the references to them.
    pub(crate) async fn store_objects(
        self: &Arc<Self>,
        ctx: &Context,
        outgoing: &mut [Outgoing],
    ) -> Result<BTreeMap<ObjectKey, Payload>, Error> {
        let objects = outgoing.iter_mut().filter_map(|one| match one {
            Outgoing::Object { key, object, .. } => Some((key.clone(), object.take()?)),
            Outgoing::Item(_) => None,
        });
        let store = |object: PendingObject| {
            let (this, ctx) = (self.clone(), ctx.for_payload(object.slot).into_owned());
            async move {
                let _turn = this.wait_for_turn(&ctx).await;
                let reference = this.store_object(&ctx, &object, this.verify).await;
                reference.map_err(at_driver(&object.driver, Direction::Encode, object.slot))
            }
        };
        // Duplicates are dropped with their memory before the first object is stored.
        tasks::run_once_per_key(self.permits_of_call, objects, store).await
    }

    /// Stores an object, and returns the reference to it.
    pub(crate) async fn store_object(
        &self,
        ctx: &Context,
        pending: &PendingObject,
        verify: Verify,
    ) -> Result<Payload, Error> {
        let PendingObject { slot, driver: name, payload, object, .. } = pending;
        let (size, sha256) = (object.envelope().len(), object.sha256());
        let (name, driver) = self.driver(name)?;
        // Before the object is stored: if the call is dropped halfway, the object may be in the store.
        let was_unverified = verify == Verify::New && self.unverified.add(sha256);
        // Called within, so that a panic before the driver returns its future is caught too.
        let target = ctx.of_target();
        let store = async { driver.store_with_outcome(&target, object.clone()).await };
        let store = self.call_driver(name, &**driver, store);
        let call = PartCall::store(ctx, name, *slot, size);
        // A driver passes the object on as it is.
        let (claim, outcome) = call.run(pin!(store), |_| size).await?;
        let mut claim = claims::complete(claim, sha256)?;
        if let Some(proofs) = &self.proofs {
            claim = proofs.sign(ctx, name, claim, size)?;
        }
        let stored = StoredObject::new(name, &claim, size, sha256);
        let reference = self.format.write(&stored);
        let read = self.as_in_history(ctx, &stored, &reference)?;
        // What was there before was verified when it was written, unless that call did not finish.
        let is_trusted =
            outcome == PutOutcome::AlreadyThere && !was_unverified && verify != Verify::Always;
        self.verify_object(ctx, &read, sha256, verify, is_trusted).await?;
        // Last, and by the claim as decoding will read it: a replay must find only what passed
        // every check.
        self.cache.put(ctx, self.cache_key(&read), object.envelope().clone(), payload);
        Ok(reference)
    }
}

/// Returns the object of these bytes.
pub(crate) async fn make_object(envelope: Envelope) -> Result<Object, Error> {
    let sha256 = if envelope.len() < HASHED_ASIDE {
        sha256(&envelope)
    } else {
        let envelope = envelope.clone();
        tasks::run_blocking(move || sha256(&envelope)).await?
    };
    Ok(Object::new(envelope, sha256))
}

fn sha256(envelope: &Envelope) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [&envelope.head, &envelope.body, &envelope.tail] {
        context.update(part);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    sha256
}
