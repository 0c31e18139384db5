//! Stages in written order, then storage; decoding is the mirror.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{
    ByteSize, Context, Direction, Error, ErrorKind, Limit, MemoryBudget, Payload,
};

use crate::{
    Envelopes, PipelineBuilder, Stage,
    admission::AdmittedCall,
    item::{BodyAddress, CountedPayload},
    metric,
    offload::reference::{self, Kind},
    offload::storage::{self, Storage},
    tasks,
};

/// Codec stages in written order, and where large payloads go. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) stages: Arc<[Stage]>,
    /// Payloads of one call in work at once.
    pub(crate) permits: usize,
    pub(crate) payload: ByteSize,
    /// Payloads that one call may have.
    pub(crate) payloads: usize,
    pub(crate) memory: MemoryBudget,
    /// How long a call waits for memory before it begins.
    pub(crate) wait: Duration,
    pub(crate) entries: usize,
    pub(crate) storage: Option<Arc<Storage>>,
    pub(crate) envelopes: Option<Arc<dyn Envelopes>>,
    pub(crate) quiet: bool,
}

impl Pipeline {
    /// A pipeline to be.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }

    /// The stages, in written order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// From which size on payloads are stored elsewhere; none if there is no storage.
    pub fn threshold(&self) -> Option<ByteSize> {
        self.storage.as_ref().map(|storage| storage.threshold)
    }

    /// Whether a payload stands for something that is stored elsewhere.
    pub fn is_reference(payload: &Payload) -> bool {
        matches!(Kind::of(payload), Kind::Reference | Kind::Marked)
    }

    /// Encodes every payload by every stage, first to last, and stores those that are large. As many
    /// come back, in the same order. References that decoding would follow come back as they are, in
    /// the clear: nothing of them is encrypted. What only looks like one is encoded like any payload.
    /// Of envelopes of the workflow engine the inner payloads are encoded.
    ///
    /// # Errors
    /// If one payload cannot be encoded or stored; then none is. `Busy` if a codec has more work than
    /// it can take, or if all calls hold more memory than they may; `LimitExceeded(Payloads)` and
    /// `LimitExceeded(CallBytes)` if the batch is too large.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        let encode = async |ctx, batch| self.encode_batch(&ctx, batch).await;
        let encoded = self.through_envelopes(ctx, Direction::Encode, batch, encode).await;
        encoded.map_err(|error| self.report_failure(ctx, Direction::Encode, error))
    }

    async fn encode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let admitted = self.begin(ctx, Direction::Encode, batch.len()).await?;
        let AdmittedCall { ctx, memory, .. } = &admitted;
        let noted =
            self.storage.as_ref().map(|storage| storage.noted(memory, &batch)).transpose()?;
        let (before, _noted) = noted.unwrap_or_default();
        let encoded = tasks::run_each(self.permits, batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let held = CountedPayload::callers(memory, payload);
            async move {
                this.bounded(slot, Direction::Encode, &held.payload)?;
                this.encode_or_pass(&ctx, slot, held).await
            }
        });
        let (mut encoded, passed): (Vec<_>, Vec<_>) = encoded.await?.into_iter().unzip();
        let Some(storage) = &self.storage else {
            return Ok(admitted.finish(encoded));
        };
        for (slot, reference) in storage.store_items(ctx, &before, &encoded, &passed).await? {
            let sizes = reference.external_sizes.clone();
            let mut reference = CountedPayload::own(memory, reference)?;
            if storage.encode_references {
                reference = self.encode_one(ctx, slot, reference).await?;
                reference.payload = reference::mark(reference.payload, sizes);
            }
            if let Some(place) = encoded.get_mut(slot) {
                *place = reference;
            }
        }
        Ok(admitted.finish(encoded))
    }

    /// Fetches what references stand for, and decodes every payload by the stages that know it, last
    /// to first. As many come back, in the same order; what no stage knows comes back as it was.
    ///
    /// # Errors
    /// If one payload cannot be fetched or decoded; then none is. `Busy` if a codec has more work than
    /// it can take, or if all calls hold more memory than they may; `LimitExceeded(Payloads)` and
    /// `LimitExceeded(CallBytes)` if the batch is too large.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        let decode = async |ctx, batch| self.decode_batch(&ctx, batch).await;
        let decoded = self.through_envelopes(ctx, Direction::Decode, batch, decode).await;
        decoded.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    async fn decode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        self.check_batch(Direction::Decode, &batch)?;
        let admitted = self.begin(ctx, Direction::Decode, batch.len()).await?;
        let (ctx, mut batch) = (&admitted.ctx, admitted.callers(batch));
        let references = self.reveal(ctx, &mut batch).await?;
        if !references.is_empty() {
            let storage = self.storage.as_ref().ok_or_else(storage::unresolved)?;
            for (slot, held) in storage.retrieve_items(ctx, references).await? {
                if let Some(place) = batch.get_mut(slot) {
                    *place = held;
                }
            }
        }
        let decoded = self.decode_all(ctx, batch, Vec::new()).await?;
        Ok(admitted.finish(decoded))
    }

    /// Decodes every payload as [`Pipeline::decode`] does, and leaves references as they are, in the
    /// clear: for those who want to see where an object lies, or fetch it later.
    ///
    /// # Errors
    /// If one payload cannot be decoded; then none is.
    pub async fn decode_references(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let decode = async |ctx: Context, batch: Vec<Payload>| {
            self.check_batch(Direction::Decode, &batch)?;
            let admitted = self.begin(&ctx, Direction::Decode, batch.len()).await?;
            let (ctx, mut batch) = (&admitted.ctx, admitted.callers(batch));
            let references = self.reveal(ctx, &mut batch).await?;
            let kept = references.iter().map(|pending| pending.slot).collect();
            let decoded = self.decode_all(ctx, batch, kept).await?;
            Ok(admitted.finish(decoded))
        };
        let decoded = self.through_envelopes(ctx, Direction::Decode, batch, decode).await;
        decoded.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    async fn decode_all(
        &self,
        ctx: &Context,
        batch: Vec<CountedPayload>,
        kept: Vec<usize>,
    ) -> Result<Vec<CountedPayload>, Error> {
        let mut is_kept = vec![false; batch.len()];
        for slot in kept {
            if let Some(place) = is_kept.get_mut(slot) {
                *place = true;
            }
        }
        tasks::run_each(self.permits, batch, |slot, held| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let kept = is_kept.get(slot) == Some(&true);
            async move { if kept { Ok(held) } else { this.decode_one(&ctx, slot, held).await } }
        })
        .await
    }

    pub(crate) async fn encode_one(
        &self,
        ctx: &Context,
        slot: usize,
        held: CountedPayload,
    ) -> Result<CountedPayload, Error> {
        self.encode_through(ctx, slot, held, false).await
    }

    /// Encodes a payload by all stages. Each must change it if `always`, also where that makes it larger.
    pub(crate) async fn encode_through(
        &self,
        ctx: &Context,
        slot: usize,
        held: CountedPayload,
        always: bool,
    ) -> Result<CountedPayload, Error> {
        let CountedPayload { mut payload, mut charge } = held;
        for stage in self.stages.iter() {
            let before = BodyAddress::of(&payload);
            payload = if always {
                stage.encode_always(ctx, slot, payload).await?
            } else {
                stage.encode(ctx, slot, payload).await?
            };
            self.check_entries(slot, Direction::Encode, &payload)?;
            let counted = charge.update(before, &payload);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Encode, slot))?;
        }
        Ok(CountedPayload { payload, charge })
    }

    pub(crate) async fn decode_one(
        &self,
        ctx: &Context,
        slot: usize,
        held: CountedPayload,
    ) -> Result<CountedPayload, Error> {
        let CountedPayload { mut payload, mut charge } = held;
        let mut unsealed = false;
        for stage in self.stages.iter().rev() {
            unsealed |= stage.lets_pass_unsealed(&payload);
            let before = BodyAddress::of(&payload);
            payload = stage.decode(ctx, slot, payload).await?;
            self.bounded(slot, Direction::Decode, &payload)?;
            let counted = charge.update(before, &payload);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Decode, slot))?;
        }
        if unsealed {
            metric::plaintext(ctx);
        }
        Ok(CountedPayload { payload, charge })
    }

    pub(crate) fn bounded(
        &self,
        slot: usize,
        direction: Direction,
        payload: &Payload,
    ) -> Result<(), Error> {
        self.check_entries(slot, direction, payload)?;
        if payload.encoded_len() <= self.payload.as_usize() {
            return Ok(());
        }
        let text = format!(
            "{} payload {slot}: it has {} bytes, and the most is {} (`limits.payload`)",
            match direction {
                Direction::Encode => "encoding",
                Direction::Decode => "decoding",
            },
            payload.encoded_len(),
            self.payload
        );
        Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), text))
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stages)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
