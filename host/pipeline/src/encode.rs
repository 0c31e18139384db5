//! Encoding: stages in written order, then storage of large payloads.

use std::{borrow::Cow, mem::take, pin::pin, sync::Arc};

use cloakroom_core::{Context, Direction, Error, Payload};

use crate::{
    Mode, Pipeline,
    admission::Call,
    item::{CountedPayload, Item},
    offload::{room::Thresholds, storage::Storage, store::Outgoing},
    tasks::{self, Step, catch_panic},
};

impl Pipeline {
    /// Encodes every payload by every stage, first to last, and stores those that are large. Returns as
    /// many payloads, in the same order.
    ///
    /// References that decoding would follow come back as they are, in plaintext. A payload that only
    /// looks like one is encoded like any other. Of envelopes of the workflow engine the inner payloads
    /// are encoded. A payload whose context is in plaintext passes as it is. Where the namespace of the call
    /// does not encode, all payloads come back as they are.
    ///
    /// Dropping the future stops the work. Objects that were stored by then stay in their store.
    ///
    /// # Errors
    /// If one payload cannot be encoded or stored; if one cannot be encoded, none is stored. `Busy` if
    /// a codec has more work than it can take, or if all calls hold more memory than they may;
    /// `LimitExceeded(Payloads)` and `LimitExceeded(CallBytes)` if the batch is too large.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        if self.mode(ctx) != Mode::On {
            return Ok(batch);
        }
        let encoded = self.encode_batch(ctx, batch).await;
        encoded.map_err(|error| self.report_failure(ctx, Direction::Encode, error))
    }

    async fn encode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let (call, items) = self.begin(ctx, Direction::Encode, batch).await?;
        // A barrier: nothing is stored until all payloads are encoded. Otherwise each retry of a batch
        // with one bad payload would leave objects in the store that no history refers to.
        let mut items = self.encode_items(&call, items).await?;
        if let Some(storage) = &self.storage {
            items = self.offload_items(storage, &call, items).await?;
        }
        self.finish(call, items)
    }

    async fn encode_items(&self, call: &Call, mut items: Vec<Item>) -> Result<Vec<Item>, Error> {
        if let [item] = &mut *items {
            // Nearly every call. It is worked on in its place, and needs neither a copy of the pipeline nor
            // another list.
            if let Some(ctx) = context_of(&call.ctx, item) {
                let encode = pin!(self.encode_item(&ctx, item));
                catch_panic("the pipeline", encode).await?;
            }
            return Ok(items);
        }
        // One clone of each for all: they count their parts.
        let (this, ctx) = (Arc::new(self.clone()), Arc::new(call.ctx.clone()));
        let encode = |mut item: Item| {
            let own = match context_of(&call.ctx, &item) {
                Some(Cow::Borrowed(_)) => ctx.clone(),
                Some(Cow::Owned(own)) => Arc::new(own),
                None => return Step::Done(item),
            };
            let this = this.clone();
            Step::run(async move {
                this.encode_item(&own, &mut item).await?;
                Ok(item)
            })
        };
        tasks::run_each(self.permits, items, encode).await
    }

    /// Encodes an item in its place. After a failure, the item is not to be used.
    async fn encode_item(&self, ctx: &Context, item: &mut Item) -> Result<(), Error> {
        if let Some(payload) = item.payload() {
            self.check_payload(payload.slot, Direction::Encode, &payload.payload)?;
        }
        let Item::Plain(payload) = item else {
            // What is rare is boxed: each payload has room for the largest of all cases.
            *item = Box::pin(self.pass_item(ctx, item.take())).await?;
            return Ok(());
        };
        if self.keeps_own && Box::pin(self.is_own(ctx, payload)).await? {
            return Ok(());
        }
        self.encode_payload(ctx, payload, false).await
    }

    /// Lets an item pass that is no plain payload, or encodes it whole.
    async fn pass_item(&self, ctx: &Context, item: Item) -> Result<Item, Error> {
        match item {
            Item::Reference(payload, _) => self.pass_reference(ctx, payload).await,
            Item::EncodedReference(payload) => self.pass_encoded_reference(ctx, payload).await,
            item @ (Item::Plain(_) | Item::SystemEnvelope(_)) => Ok(item),
        }
    }

    /// Encodes a payload by all stages, in its place. With `always`, each must change it even if that makes it
    /// larger. After a failure, the payload is not to be used.
    pub(crate) async fn encode_payload(
        &self,
        ctx: &Context,
        counted: &mut CountedPayload,
        always: bool,
    ) -> Result<(), Error> {
        let slot = counted.slot;
        for stage in self.stages.iter() {
            let before = counted.body_address();
            stage.encode(ctx, slot, &mut counted.payload, always).await?;
            self.check_entries(slot, Direction::Encode, &counted.payload)?;
            let counted = counted.recount(before);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Encode, slot))?;
        }
        Ok(())
    }

    /// Stores large payloads, and puts references into their places.
    async fn offload_items(
        &self,
        storage: &Arc<Storage>,
        call: &Call,
        items: Vec<Item>,
    ) -> Result<Vec<Item>, Error> {
        let thresholds =
            Thresholds::new(storage.threshold_for(&call.ctx), &items, self.room.as_ref());
        // Most calls have nothing to store, and must not pay for another list.
        if items.iter().all(|item| storage.is_small(item, &thresholds)) {
            return Ok(items);
        }
        let mut outgoing = storage.prepare_objects(&call.ctx, items, &thresholds).await?;
        let references = storage.store_objects(&call.ctx, &mut outgoing).await?;
        let mut items = Vec::with_capacity(outgoing.len());
        for one in outgoing {
            items.push(match one {
                Outgoing::Item(item) => item,
                Outgoing::Object { payload, key, .. } => match references.get(&key) {
                    Some(reference) => {
                        self.put_reference(storage, call, payload, reference.clone()).await?
                    }
                    None => Item::Plain(payload),
                },
            });
        }
        Ok(items)
    }

    /// Puts a reference into the place of a stored payload, encoded by the stages if that is configured.
    async fn put_reference(
        &self,
        storage: &Storage,
        call: &Call,
        stored: CountedPayload,
        reference: Payload,
    ) -> Result<Item, Error> {
        // Stages encode the envelope and drop the sizes. Official readers take them from the
        // outermost payload.
        let sizes = reference.external_sizes.clone();
        let mut reference = CountedPayload::made(stored.slot, &call.memory, reference)?;
        // Dropped before the stages run: the object is stored, and its bytes would stay counted
        // beside the reference.
        drop(stored);
        if !storage.encode_references {
            return Ok(Item::Reference(reference, None));
        }
        let ctx = call.ctx.for_payload(reference.slot);
        self.encode_payload(&ctx, &mut reference, false).await?;
        let CountedPayload { payload, .. } = &mut reference;
        *payload = storage.format.mark_encoded(take(payload), sizes);
        Ok(Item::EncodedReference(reference))
    }
}

/// Returns the context in which an item is encoded, unless it passes as it is.
fn context_of<'a>(ctx: &'a Context, item: &Item) -> Option<Cow<'a, Context>> {
    if matches!(item, Item::SystemEnvelope(_)) {
        return None;
    }
    let slot = item.payload().map_or(0, |payload| payload.slot);
    Some(ctx.for_payload(slot)).filter(|ctx| !ctx.is_plaintext())
}
