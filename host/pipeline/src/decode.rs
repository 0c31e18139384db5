//! Decoding: references are followed, then stages run in reverse order. The mirror of encoding.

use std::{pin::pin, sync::Arc};

use cloakroom_core::{Context, Direction, Error, Payload};

use crate::{
    Mode, Pipeline,
    admission::Call,
    item::{CountedPayload, Item},
    metric,
    stage::Stage,
    tasks::{self, Step, catch_panic},
};

impl Pipeline {
    /// Retrieves the objects of references, and decodes every payload by the stages that own its
    /// encoding, last to first. Returns as many payloads, in the same order. A payload whose encoding
    /// no stage owns comes back as it was, and so does every payload where the namespace of the call is
    /// off.
    ///
    /// Dropping the future stops the work.
    ///
    /// # Errors
    /// If one payload cannot be retrieved or decoded; then none is returned. `Busy` if a codec has more
    /// work than it can take, or if all calls hold more memory than they may;
    /// `LimitExceeded(Payloads)` and `LimitExceeded(CallBytes)` if the batch is too large.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        if self.mode(ctx) == Mode::Off {
            return Ok(batch);
        }
        let decoded = self.decode_batch(ctx, batch).await;
        decoded.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    pub(crate) async fn decode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let (call, items) = self.begin(ctx, Direction::Decode, batch).await?;
        // References come before the stages, and nobody looks again afterwards: what a stage
        // decodes may look like a reference and must not be followed.
        let mut items = self.open_references(&call, items).await?;
        if items.iter().any(|item| matches!(item, Item::Reference(..))) {
            let storage = self.storage.as_ref().ok_or_else(|| self.no_storage())?;
            items = storage.retrieve_items(&call.ctx, items).await?;
        }
        let items = self.decode_items(&call, items).await?;
        self.finish(call, items)
    }

    /// Decodes every payload as [`Pipeline::decode`] does, but leaves references as they are, in
    /// plaintext: for callers that show where an object lies, or retrieve it later.
    ///
    /// # Errors
    /// If one payload cannot be decoded; then none is returned.
    pub async fn decode_references(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        if self.mode(ctx) == Mode::Off {
            return Ok(batch);
        }
        let decode = async {
            let (call, items) = self.begin(ctx, Direction::Decode, batch).await?;
            let items = self.open_references(&call, items).await?;
            let items = self.decode_items(&call, items).await?;
            self.finish(call, items)
        };
        decode.await.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    /// Decodes plain payloads. References stay.
    async fn decode_items(&self, call: &Call, mut items: Vec<Item>) -> Result<Vec<Item>, Error> {
        if let [item] = &mut *items {
            // As encoding does.
            if let Item::Plain(payload) = item
                && !self.lets_pass(payload)
            {
                let decode = pin!(self.decode_payload(&call.ctx, payload));
                catch_panic("the pipeline", decode).await?;
            }
            return Ok(items);
        }
        let (this, ctx) = (Arc::new(self.clone()), Arc::new(call.ctx.clone()));
        let decode = |item| match item {
            // A page of a history has thousands of them, and a task for each takes longer than all else.
            Item::Plain(payload) if self.lets_pass(&payload) => Step::Done(Item::Plain(payload)),
            Item::Plain(mut payload) => {
                let (this, ctx) = (this.clone(), ctx.clone());
                Step::run(async move {
                    this.decode_payload(&ctx, &mut payload).await?;
                    Ok(Item::Plain(payload))
                })
            }
            item => Step::Done(item),
        };
        tasks::run_each(self.permits, items, decode).await
    }

    /// Returns whether decoding leaves a payload as it is, and counts nothing.
    fn lets_pass(&self, counted: &CountedPayload) -> bool {
        let is_nothing =
            |stage: &Stage| !stage.is_required_to_encode() && !stage.owns(&counted.payload);
        self.stages.iter().all(is_nothing)
            && self.check_payload(counted.slot, Direction::Decode, &counted.payload).is_ok()
    }

    /// Decodes a payload by the stages that own its encoding, last to first, in its place.
    pub(crate) async fn decode_payload(
        &self,
        ctx: &Context,
        counted: &mut CountedPayload,
    ) -> Result<(), Error> {
        let (slot, mut is_plaintext) = (counted.slot, false);
        for stage in self.stages.iter().rev() {
            is_plaintext |= stage.lets_plaintext_pass(&counted.payload);
            let before = counted.body_address();
            stage.decode(ctx, slot, &mut counted.payload).await?;
            // After each stage, because a few bytes may decompress to gigabytes.
            self.check_payload(slot, Direction::Decode, &counted.payload)?;
            let counted = counted.recount(before);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Decode, slot))?;
        }
        // Counted after all stages, because a payload that a later stage refuses did not pass.
        if is_plaintext {
            metric::count_plaintext(ctx);
        }
        Ok(())
    }
}
