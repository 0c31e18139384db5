//! Stages in written order, then storage; decoding is the mirror.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{
    ByteSize, Context, Direction, Error, ErrorKind, Limit, MemoryBudget, Payload,
};

use crate::{
    PipelineBuilder, Stage,
    admission::Admitted,
    batch,
    held::{Held, Place},
    metric,
    reference::{self, Kind, Reference},
    reveal::Revealed,
    storage::{self, Storage},
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
    /// come back, in the same order. References come back as they are, whoever wrote them.
    ///
    /// # Errors
    /// If one payload cannot be encoded or stored; then none is. `Busy` if a codec has more work than
    /// it can take, or if all calls hold more memory than they may; `LimitExceeded(Payloads)` and
    /// `LimitExceeded(CallBytes)` if the batch is too large.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        let encoded = self.encode_batch(ctx, batch).await;
        encoded.map_err(|error| self.report_failure(ctx, Direction::Encode, error))
    }

    async fn encode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let admitted = self.begin(ctx, Direction::Encode, batch.len()).await?;
        let Admitted { ctx, memory, .. } = &admitted;
        let is_done = |payload: &Payload| !matches!(Kind::of(payload), Kind::Ordinary);
        // Most batches hold none, and need no list.
        let done: Vec<_> = match batch.iter().any(is_done) {
            true => batch.iter().map(is_done).collect(),
            false => Vec::new(),
        };
        let noted =
            self.storage.as_ref().map(|storage| storage.noted(memory, &batch)).transpose()?;
        let (before, _noted) = noted.unwrap_or_default();
        let encoded = batch::each(self.permits, batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let done = done.get(slot) == Some(&true);
            let held = Held::callers(memory, payload);
            async move {
                let payload = &held.payload;
                this.bounded(slot, Direction::Encode, payload)?;
                if !done {
                    return this.encode_one(&ctx, slot, held).await;
                }
                if let Kind::Reference = Kind::of(payload) {
                    let read = Reference::read(payload);
                    read.map_err(|error| error.at_stage("storage", Direction::Encode, slot))?;
                }
                Ok(held)
            }
        });
        let mut encoded = encoded.await?;
        let Some(storage) = &self.storage else {
            return Ok(admitted.finish(encoded));
        };
        for (slot, reference) in storage.keep(ctx, &before, &encoded, &done).await? {
            let sizes = reference.external_sizes.clone();
            let mut reference = Held::own(memory, reference)?;
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
        let decoded = self.decode_batch(ctx, batch).await;
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
        let Revealed { references, kept } = self.reveal(ctx, &mut batch).await?;
        if !references.is_empty() {
            let storage = self.storage.as_ref().ok_or_else(storage::unresolved)?;
            for (slot, held) in storage.fetch(ctx, references).await? {
                if let Some(place) = batch.get_mut(slot) {
                    *place = held;
                }
            }
        }
        let decoded = self.decode_all(ctx, batch, kept).await?;
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
        let decoded = async {
            self.check_batch(Direction::Decode, &batch)?;
            let admitted = self.begin(ctx, Direction::Decode, batch.len()).await?;
            let (ctx, mut batch) = (&admitted.ctx, admitted.callers(batch));
            let Revealed { references, mut kept } = self.reveal(ctx, &mut batch).await?;
            kept.extend(references.iter().map(|standing| standing.slot));
            let decoded = self.decode_all(ctx, batch, kept).await?;
            Ok(admitted.finish(decoded))
        };
        decoded.await.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    async fn decode_all(
        &self,
        ctx: &Context,
        batch: Vec<Held>,
        kept: Vec<usize>,
    ) -> Result<Vec<Held>, Error> {
        let mut is_kept = vec![false; batch.len()];
        for slot in kept {
            if let Some(place) = is_kept.get_mut(slot) {
                *place = true;
            }
        }
        batch::each(self.permits, batch, |slot, held| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let kept = is_kept.get(slot) == Some(&true);
            async move {
                match kept {
                    true => Ok(held),
                    false => this.decode_one(&ctx, slot, held).await,
                }
            }
        })
        .await
    }

    async fn encode_one(&self, ctx: &Context, slot: usize, held: Held) -> Result<Held, Error> {
        let Held { mut payload, mut count } = held;
        for stage in self.stages.iter() {
            let before = Place::of(&payload);
            payload = stage.encode(ctx, slot, payload).await?;
            self.check_entries(slot, Direction::Encode, &payload)?;
            let counted = count.follow(before, &payload);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Encode, slot))?;
        }
        Ok(Held { payload, count })
    }

    pub(crate) async fn decode_one(
        &self,
        ctx: &Context,
        slot: usize,
        held: Held,
    ) -> Result<Held, Error> {
        let Held { mut payload, mut count } = held;
        let mut unsealed = false;
        for stage in self.stages.iter().rev() {
            unsealed |= stage.lets_pass_unsealed(&payload);
            let before = Place::of(&payload);
            payload = stage.decode(ctx, slot, payload).await?;
            self.bounded(slot, Direction::Decode, &payload)?;
            let counted = count.follow(before, &payload);
            counted.map_err(|error| error.at_stage(stage.name(), Direction::Decode, slot))?;
        }
        if unsealed {
            metric::plaintext(ctx);
        }
        Ok(Held { payload, count })
    }

    fn bounded(&self, slot: usize, direction: Direction, payload: &Payload) -> Result<(), Error> {
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
