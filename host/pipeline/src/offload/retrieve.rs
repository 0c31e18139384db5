//! The way back: what references stand for is fetched, and checked before any codec sees a byte.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Charge, Context, Direction, Error, ErrorKind, Limit, Message, Payload,
};
use tracing::Instrument as _;

use crate::{
    item::{self, CountedPayload},
    metric,
    offload::claims,
    offload::proofs::Proof,
    offload::reference::Reference,
    offload::storage::{Storage, at_driver},
    tasks,
};

/// From this size on, hashing is left to a thread that nobody else waits for.
const LONG: usize = 1 << 20;

/// A reference at its place in a batch.
pub(crate) struct PendingReference {
    pub(crate) slot: usize,
    pub(crate) reference: Reference,
    /// What the history says of the object's size, which need not be true.
    pub(crate) sizes: Vec<i64>,
}

impl PendingReference {
    pub(crate) fn read(slot: usize, payload: &Payload) -> Result<Self, Error> {
        let sizes = payload.external_sizes.clone();
        Ok(Self { slot, reference: Reference::read(payload)?, sizes })
    }
}

impl Storage {
    /// What the references stand for, by their slots. Equal references are fetched once.
    pub(crate) async fn retrieve_items(
        self: &Arc<Self>,
        ctx: &Context,
        pending: Vec<PendingReference>,
    ) -> Result<Vec<(usize, CountedPayload)>, Error> {
        let (mut first, mut unique, mut slots) = (BTreeMap::new(), Vec::new(), Vec::new());
        for pending in pending {
            let index =
                match first.entry((self.cache_key(&pending.reference), pending.sizes.clone())) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => *entry.insert(unique.len()),
                };
            slots.push((pending.slot, index));
            if index == unique.len() {
                unique.push(pending);
            }
        }
        let fetched = tasks::run_each(self.of_a_call, unique, |_, pending| {
            let (this, ctx) = (self.clone(), ctx.clone());
            async move {
                let _turn = this.turn(&ctx).await;
                let fetched = this.retrieve_or_cached(&ctx, &pending).await;
                fetched.map_err(at_driver(
                    &pending.reference.driver,
                    Direction::Decode,
                    pending.slot,
                ))
            }
        });
        let (fetched, memory) = (fetched.await?, item::memory(ctx));
        let mut placed = Vec::with_capacity(slots.len());
        for (slot, index) in slots {
            if let Some((payload, object)) = fetched.get(index) {
                let (payload, object): (&Payload, &Arc<Charge>) = (payload, object);
                placed.push((
                    slot,
                    CountedPayload::fetched(&memory, payload.clone(), object.clone())?,
                ));
            }
        }
        Ok(placed)
    }

    async fn retrieve_or_cached(
        &self,
        ctx: &Context,
        pending: &PendingReference,
    ) -> Result<(Payload, Arc<Charge>), Error> {
        let PendingReference { reference, sizes, .. } = pending;
        let (name, _) = self.driver(&reference.driver)?;
        let refused = |error| metric::refused(ctx, "driver", name, Direction::Decode, error);
        let sha256 = claims::sha256(&reference.claim).map_err(refused)?;
        let cached = self.cache.get(ctx, &self.cache_key(reference), &sha256).await?;
        metric::count_lookup(ctx, cached.is_some());
        match cached {
            None => self.retrieve_payload(ctx, pending).await,
            Some((cached, charge)) => {
                match self.expected_size(ctx, reference, sizes).map_err(refused)? {
                    Some(size) if size != cached.size => {
                        Err(refused(wrong_size(cached.size, size)))
                    }
                    _ => Ok((cached.payload, Arc::new(charge))),
                }
            }
        }
    }

    /// The same without looking into the cache.
    pub(crate) async fn retrieve_payload(
        &self,
        ctx: &Context,
        pending: &PendingReference,
    ) -> Result<(Payload, Arc<Charge>), Error> {
        let reference = &pending.reference;
        let (name, _) = self.driver(&reference.driver)?;
        let call = metric::Call::begin(ctx, "driver", name, Direction::Decode, None);
        let span = tracing::info_span!("driver", driver = &**name, direction = "decode");
        let fetched = async {
            let (object, mut charge) = self.retrieve_object(ctx, pending).await?;
            let message = Message::measure(object.clone(), self.entries)?;
            charge.grow(message.cost())?;
            Ok((message.into_payload()?, object, charge))
        };
        let fetched = call.end(fetched.instrument(span).await, |(_, object, _)| object.len());
        let (payload, object, charge) = fetched?;
        self.cache.fetched(ctx, self.cache_key(reference), object, &payload);
        Ok((payload, Arc::new(charge)))
    }

    /// Returns the object of a reference, checked by size and SHA-256. It is counted before it is
    /// read, if its size is told.
    pub(crate) async fn retrieve_object(
        &self,
        ctx: &Context,
        pending: &PendingReference,
    ) -> Result<(Bytes, Charge), Error> {
        let PendingReference { reference, sizes, .. } = pending;
        let (_, driver) = self.driver(&reference.driver)?;
        let sha256 = claims::sha256(&reference.claim)?;
        let size = self.expected_size(ctx, reference, sizes)?;
        let claim = claims::without_ours(&reference.claim);
        let most = size.map_or(self.largest, ByteSize::bytes);
        let told = size.map_or(0, |size| ByteSize::bytes(size).as_usize());
        let mut charge = item::memory(ctx).charge(told)?;
        // Called within, so that a driver that panics before it gives its future is caught too.
        let object =
            self.bounded(&**driver, async { driver.retrieve(ctx, &claim, most).await }).await?;
        charge.resize(object.len())?;
        Ok((self.checked(object, size, sha256).await?, charge))
    }

    /// Returns whether a reference has a configured driver, a claim within limits, and the proof that
    /// is asked for.
    pub(crate) fn accepts(&self, ctx: &Context, pending: &PendingReference) -> bool {
        let PendingReference { reference, sizes, .. } = pending;
        self.drivers.contains_key(&*reference.driver)
            && claims::is_within_limits(&reference.claim)
            && claims::sha256(&reference.claim).is_ok()
            && self.expected_size(ctx, reference, sizes).is_ok()
    }

    /// The size that the claim proves, or the history tells; none if neither does.
    pub(crate) fn expected_size(
        &self,
        ctx: &Context,
        reference: &Reference,
        told: &[i64],
    ) -> Result<Option<u64>, Error> {
        let told = match told.first().map(|&size| u64::try_from(size)) {
            Some(Err(_)) => return Err(no_size()),
            Some(Ok(size)) => Some(size),
            None => None,
        };
        let proven = match &self.proofs {
            Some(proofs) => proofs.check(ctx, &reference.driver, &reference.claim)?,
            None => Proof::Nothing,
        };
        let size = match (proven, told) {
            (Proof::Size(proven), Some(told)) if proven != told => {
                return Err(wrong_size(proven, told));
            }
            (Proof::Size(proven), _) => Some(proven),
            (Proof::Nothing, told) => told,
        };
        match size {
            Some(size) if self.largest.get() < size => Err(too_large(size, self.largest)),
            size => Ok(size),
        }
    }

    async fn checked(
        &self,
        object: Bytes,
        size: Option<u64>,
        sha256: [u8; 32],
    ) -> Result<Bytes, Error> {
        let length = object.len() as u64;
        if self.largest.get() < length {
            return Err(too_large(length, self.largest));
        }
        if let Some(size) = size.filter(|size| *size != length) {
            return Err(wrong_size(length, size));
        }
        let is_it =
            move |object: &Bytes| digest::digest(&digest::SHA256, object).as_ref() == sha256;
        let (object, is_it) = match object.len() {
            0..LONG => {
                let is_it = is_it(&object);
                (object, is_it)
            }
            _ => {
                tasks::run_blocking(move || {
                    let is_it = is_it(&object);
                    (object, is_it)
                })
                .await?
            }
        };
        match is_it {
            true => Ok(object),
            false => Err(Error::new(
                ErrorKind::Corrupt,
                "what the store gave back is not what the claim names: its SHA-256 differs",
            )),
        }
    }
}

fn wrong_size(size: u64, told: u64) -> Error {
    let text = format!("the size of the object is {size} bytes, but its reference says {told}");
    Error::new(ErrorKind::Corrupt, text)
}

fn no_size() -> Error {
    Error::new(ErrorKind::Corrupt, "the reference says that the size of the object is below zero")
}

fn too_large(size: u64, most: ByteSize) -> Error {
    let text = format!("the object has {size} bytes, and the most is {most} (`storage.largest`)");
    Error::new(ErrorKind::LimitExceeded(Limit::Payload), text)
}
