//! The way out: payloads that reach the threshold are stored, and references take their places.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use aws_lc_rs::digest;
use cloakroom_core::{
    Charge, Context, Direction, Envelope, Error, Metadata, Object, Payload, PutOutcome,
};
use tracing::Instrument as _;

use crate::{
    Verify,
    item::{self, CountedPayload},
    metric,
    offload::claims,
    offload::reference::Reference,
    offload::storage::{Storage, at_driver},
    tasks,
};

/// From this size on, hashing is left to a thread that nobody else waits for.
const LONG: usize = 1 << 20;

/// A payload that is to be stored.
pub(crate) struct PendingObject {
    pub(crate) slot: usize,
    pub(crate) driver: String,
    pub(crate) payload: Payload,
    pub(crate) object: Object,
    /// Of what the payload and the object do not share with the batch.
    pub(crate) _charge: Charge,
}

impl Storage {
    /// Stores what is to be stored of an encoded batch, and gives the references by their slots.
    /// `skip` are those that never are.
    pub(crate) async fn store_items(
        self: &Arc<Self>,
        ctx: &Context,
        before: &[Metadata],
        batch: &[CountedPayload],
        skip: &[bool],
    ) -> Result<Vec<(usize, Payload)>, Error> {
        let (mut chosen, memory) = (Vec::new(), item::memory(ctx));
        for (slot, CountedPayload { payload, .. }) in batch.iter().enumerate() {
            let before = before.get(slot).unwrap_or(&payload.metadata);
            let driver = match skip.get(slot) {
                Some(true) => None,
                _ => self.choose(ctx, before, payload.encoded_len()),
            };
            if let Some(driver) = driver {
                let refused = self.refuse_unreadable(payload.encoded_len());
                // The metadata is copied twice: with the payload, and into the object.
                let charge = refused.and_then(|()| memory.charge(2 * payload.footprint_around()));
                let charge = charge.map_err(at_driver(driver, Direction::Encode, slot))?;
                chosen.push((slot, driver.to_owned(), payload.clone(), charge));
            }
        }
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = tasks::run_each(self.of_a_call, chosen, |_, chosen| async move {
            let (slot, driver, payload, charge) = chosen;
            let object = object(payload.envelope()).await?;
            Ok(PendingObject { slot, driver, payload, object, _charge: charge })
        });
        self.store_objects(ctx, chosen.await?).await
    }

    /// Equal payloads are stored once.
    async fn store_objects(
        self: &Arc<Self>,
        ctx: &Context,
        chosen: Vec<PendingObject>,
    ) -> Result<Vec<(usize, Payload)>, Error> {
        let (mut first, mut unique, mut slots) = (BTreeMap::new(), Vec::new(), Vec::new());
        for chosen in chosen {
            let index = match first.entry((chosen.driver.clone(), *chosen.object.sha256())) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => *entry.insert(unique.len()),
            };
            slots.push((chosen.slot, index));
            if index == unique.len() {
                unique.push(chosen);
            }
        }
        let stored = tasks::run_each(self.of_a_call, unique, |_, chosen| {
            let (this, ctx) = (self.clone(), ctx.clone());
            async move {
                let _turn = this.turn(&ctx).await;
                let reference = this.store_object(&ctx, &chosen, this.verify).await;
                reference.map_err(at_driver(&chosen.driver, Direction::Encode, chosen.slot))
            }
        });
        let references = stored.await?;
        let placed = slots.into_iter().filter_map(|(slot, index)| {
            references.get(index).map(|reference: &Payload| (slot, reference.clone()))
        });
        Ok(placed.collect())
    }

    /// Stores an object, and returns the reference to it.
    pub(crate) async fn store_object(
        &self,
        ctx: &Context,
        chosen: &PendingObject,
        verify: Verify,
    ) -> Result<Payload, Error> {
        let PendingObject { driver: name, payload, object, .. } = chosen;
        let size = object.envelope().len();
        let (name, driver) = self.driver(name)?;
        let was_suspect = self.begin_verify(verify, object.sha256());
        let call = metric::Call::begin(ctx, "driver", name, Direction::Encode, Some(size));
        let span =
            tracing::info_span!("driver", driver = &**name, direction = "encode", bytes = size);
        // Called within, so that a driver that panics before it gives its future is caught too.
        let stored = async { driver.store_with_outcome(ctx, object.clone()).await };
        let stored = self.bounded(&**driver, stored).instrument(span).await;
        // A driver hands the object on as it is.
        let (claim, outcome) = call.end(stored, |_| size)?;
        let mut claim = claims::complete(claim, object.sha256())?;
        if let Some(proofs) = &self.proofs {
            claim = proofs.sign(ctx, name, claim, size)?;
        }
        let reference = Reference { driver: name.to_string(), claim };
        let stands = reference.payload(size);
        let pending = self.as_in_history(ctx, &reference, &stands)?;
        let is_trusted = outcome == PutOutcome::AlreadyThere && !was_suspect;
        self.verify(ctx, &pending, object.sha256(), verify, is_trusted).await?;
        self.cache.stored(ctx, self.cache_key(&reference), object.envelope().clone(), payload);
        Ok(stands)
    }
}

pub(crate) async fn object(envelope: Envelope) -> Result<Object, Error> {
    let sha256 = match envelope.len() {
        0..LONG => sha256(&envelope),
        _ => {
            let envelope = envelope.clone();
            tasks::run_blocking(move || sha256(&envelope)).await?
        }
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
