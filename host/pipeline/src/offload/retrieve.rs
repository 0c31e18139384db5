//! Retrieving: the objects of references are read, and checked before a codec sees a byte of them.

use std::{pin::pin, sync::Arc};

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Charge, Context, Direction, Error, ErrorKind, Limit, Message, Payload, Remedy,
};

use crate::{
    item::{self, CountedPayload, Item},
    metric,
    offload::{cache_key::CacheKey, claims, proofs::Proof, storage::Storage, store::HASHED_ASIDE},
    part::{PartCall, at_driver},
    reference::Reference,
    tasks,
};

/// Item that was read from a history.
enum Incoming {
    /// There is nothing to retrieve.
    Item(Item),
    /// An object takes the place of its reference. Equal references have the same key.
    Object { payload: CountedPayload, key: ReferenceKey, reference: Option<Box<Reference>> },
}

/// Key of an object in the cache, and the size that its reference has.
// The size is part of the key. Otherwise a reference with a forged size would get the object of an
// honest one without a check.
type ReferenceKey = (CacheKey, Option<i64>);

impl Storage {
    /// Retrieves the objects of all references that were read, equal ones once, and puts them into
    /// their places.
    pub(crate) async fn retrieve_items(
        self: &Arc<Self>,
        ctx: &Context,
        items: Vec<Item>,
    ) -> Result<Vec<Item>, Error> {
        let incoming = items.into_iter().map(|item| match item {
            Item::Reference(payload, Some(reference)) => {
                let key = (self.cache_key(&reference), reference.size);
                Incoming::Object { payload, key, reference: Some(reference) }
            }
            item => Incoming::Item(item),
        });
        let mut incoming: Vec<_> = incoming.collect();
        let references = incoming.iter_mut().filter_map(|one| match one {
            Incoming::Object { payload, key, reference } => {
                Some((*key, (payload.slot, reference.take()?)))
            }
            Incoming::Item(_) => None,
        });
        let retrieve = |(slot, reference): (usize, Box<Reference>)| {
            let (this, ctx) = (self.clone(), ctx.clone());
            async move {
                let _turn = this.wait_for_turn(&ctx).await;
                let retrieved = this.get_or_retrieve(&ctx, slot, &reference).await;
                retrieved.map_err(at_driver(&reference.driver, Direction::Decode, slot))
            }
        };
        let objects = tasks::run_once_per_key(self.permits_of_call, references, retrieve).await?;
        let memory = item::memory(ctx);
        let place = |one| match one {
            Incoming::Item(item) => Ok(item),
            Incoming::Object { payload, key, reference } => match objects.get(&key) {
                Some((object, charge)) => {
                    let (object, charge): (&Payload, &Arc<Charge>) = (object, charge);
                    let (object, charge) = (object.clone(), charge.clone());
                    let slot = payload.slot;
                    CountedPayload::retrieved(slot, &memory, object, charge).map(Item::Plain)
                }
                None => Ok(Item::Reference(payload, reference)),
            },
        };
        incoming.into_iter().map(place).collect()
    }

    /// Returns the payload of a reference from the cache, or from the store.
    async fn get_or_retrieve(
        &self,
        ctx: &Context,
        slot: usize,
        reference: &Reference,
    ) -> Result<(Payload, Arc<Charge>), Error> {
        let (name, _) = self.driver(&reference.driver)?;
        let refuse = |error| PartCall::refuse_claim(ctx, name, slot, error);
        let sha256 = claims::sha256(&reference.claim).map_err(refuse)?;
        let cached = self.cache.get(ctx, &self.cache_key(reference), &sha256).await?;
        metric::count_lookup(ctx, cached.is_some());
        let Some((cached, charge)) = cached else {
            return self.retrieve_payload(ctx, slot, reference).await;
        };
        // The cache must not answer where the store would refuse: the proof is checked for this call's
        // namespace, and the size against this reference.
        match self.expected_size(ctx, reference).map_err(refuse)? {
            Some(size) if size != cached.size => Err(refuse(wrong_size(cached.size, size))),
            _ => Ok((cached.payload, Arc::new(charge))),
        }
    }

    /// Returns the payload of a reference from the store.
    pub(crate) async fn retrieve_payload(
        &self,
        ctx: &Context,
        slot: usize,
        reference: &Reference,
    ) -> Result<(Payload, Arc<Charge>), Error> {
        let (name, _) = self.driver(&reference.driver)?;
        let retrieve = async {
            let (object, mut charge) = self.retrieve_object(ctx, reference).await?;
            let message = Message::measure(object.clone(), self.entries)?;
            charge.grow(message.cost())?;
            Ok((message.into_payload()?, object, charge))
        };
        let call = PartCall::retrieve(ctx, name, slot);
        let (payload, object, charge) =
            call.run(pin!(retrieve), |(_, object, _)| object.len()).await?;
        self.cache.put_bytes(ctx, self.cache_key(reference), object, &payload);
        Ok((payload, Arc::new(charge)))
    }

    /// Returns the object of a reference, checked by size and SHA-256.
    ///
    /// The order of the checks is by cost and trust. The claim comes from a history and may be forged, so
    /// digest, proof and size are checked before the driver is asked: a forged claim causes no request.
    /// Memory is counted before the object is read, if the reference has its size. The object comes from
    /// a store that may be compromised, so its bytes are compared with the claim before anybody parses
    /// them.
    pub(crate) async fn retrieve_object(
        &self,
        ctx: &Context,
        reference: &Reference,
    ) -> Result<(Bytes, Charge), Error> {
        let (name, driver) = self.driver(&reference.driver)?;
        let sha256 = claims::sha256(&reference.claim)?;
        let size = self.expected_size(ctx, reference)?;
        let claim = claims::without_ours(&reference.claim);
        let most = size.map_or(self.largest, ByteSize::bytes);
        let expected = size.map_or(0, |size| ByteSize::bytes(size).as_usize());
        let mut charge = item::memory(ctx).charge(expected)?;
        // Called within, so that a panic before the driver returns its future is caught too.
        let retrieve = async { driver.retrieve(ctx, &claim, most).await };
        let object = self.call_driver(name, &**driver, retrieve).await?;
        charge.resize(object.len())?;
        Ok((self.check_object(object, size, sha256).await?, charge))
    }

    /// Returns whether a reference has a configured driver, a claim within limits, and the proof that is
    /// required: whether decoding would ask the driver for it.
    pub(crate) fn accepts(&self, ctx: &Context, reference: &Reference) -> bool {
        self.drivers.contains_key(&*reference.driver)
            && claims::is_within_limits(&reference.claim)
            && claims::sha256(&reference.claim).is_ok()
            && self.expected_size(ctx, reference).is_ok()
    }

    /// Returns the size that the claim proves, or that the reference has; none if neither does. Whoever
    /// follows a reference asks this first, so the claim's scope is checked here.
    ///
    /// # Errors
    /// `Denied` if the claim is outside of the call's scope, `Corrupt` if both sizes differ,
    /// `LimitExceeded` if the object would be too large, and as the check of the proof.
    pub(crate) fn expected_size(
        &self,
        ctx: &Context,
        reference: &Reference,
    ) -> Result<Option<u64>, Error> {
        self.check_scope(ctx, &reference.claim)?;
        let written = match reference.size.map(u64::try_from) {
            Some(Err(_)) => return Err(negative_size()),
            Some(Ok(size)) => Some(size),
            None => None,
        };
        let proof = match &self.proofs {
            Some(proofs) => proofs.check(ctx, &reference.driver, &reference.claim)?,
            None => Proof::None,
        };
        // The size in the reference is outside of the claim, so no proof covers it and anybody
        // could change it.
        let size = match (proof, written) {
            (Proof::Size(proven), Some(written)) if proven != written => {
                return Err(wrong_size(proven, written));
            }
            (Proof::Size(proven), _) => Some(proven),
            (Proof::None, written) => written,
        };
        match size {
            Some(size) if size > self.largest.get() => Err(too_large(size, self.largest)),
            size => Ok(size),
        }
    }

    async fn check_object(
        &self,
        object: Bytes,
        size: Option<u64>,
        sha256: [u8; 32],
    ) -> Result<Bytes, Error> {
        let length = object.len() as u64;
        // The driver was told the largest size, but a driver may be a plugin, and its answer is
        // input.
        if length > self.largest.get() {
            return Err(too_large(length, self.largest));
        }
        if let Some(size) = size.filter(|size| *size != length) {
            return Err(wrong_size(length, size));
        }
        let is_equal =
            move |object: &Bytes| digest::digest(&digest::SHA256, object).as_ref() == sha256;
        let is_equal = if object.len() < HASHED_ASIDE {
            is_equal(&object)
        } else {
            let object = object.clone();
            tasks::run_blocking(move || is_equal(&object)).await?
        };
        if is_equal {
            return Ok(object);
        }
        let text = "what the store gave back is not what the claim names: its SHA-256 differs";
        Err(Error::new(ErrorKind::Corrupt, text))
    }
}

fn wrong_size(size: u64, written: u64) -> Error {
    let text = format!("the size of the object is {size} bytes, but its reference says {written}");
    Error::new(ErrorKind::Corrupt, text)
}

fn negative_size() -> Error {
    Error::new(ErrorKind::Corrupt, "the reference says that the size of the object is below zero")
}

fn too_large(size: u64, most: ByteSize) -> Error {
    let text = format!("the object has {size} bytes, and the most is {most}: raise the limit");
    let error = Error::new(ErrorKind::LimitExceeded(Limit::Payload), text);
    error.with_remedies(&[Remedy::LargestObject])
}
