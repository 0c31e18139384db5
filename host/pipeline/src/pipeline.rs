//! Stages in written order, then storage; decoding is the mirror.

use std::{fmt, sync::Arc};

use cloakroom_core::{ByteSize, Context, Direction, Error, ErrorKind, Limit, Payload};
use tokio::sync::Semaphore;

use crate::{
    PipelineBuilder, Stage,
    batch::{self, Permits},
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
    /// it can take.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        let encoded = self.encode_batch(ctx, batch).await;
        encoded.map_err(|error| self.report_failure(ctx, Direction::Encode, error))
    }

    async fn encode_batch(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        let ctx = &self.admit(ctx, Direction::Encode)?;
        let is_done = |payload: &Payload| !matches!(Kind::of(payload), Kind::Ordinary);
        // Most batches hold none, and need no list.
        let done: Vec<_> = match batch.iter().any(is_done) {
            true => batch.iter().map(is_done).collect(),
            false => Vec::new(),
        };
        let before = self.storage.as_ref().map(|storage| storage.noted(&batch)).unwrap_or_default();
        let permits = self.permits(batch.len());
        let encoded = batch::each(&permits, batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let done = done.get(slot) == Some(&true);
            async move {
                let payload = this.bounded(slot, Direction::Encode, payload)?;
                if !done {
                    return this.encode_one(&ctx, slot, payload).await;
                }
                if let Kind::Reference = Kind::of(&payload) {
                    let read = Reference::read(&payload);
                    read.map_err(|error| error.at_stage("storage", Direction::Encode, slot))?;
                }
                Ok(payload)
            }
        });
        let mut encoded = encoded.await?;
        let Some(storage) = &self.storage else {
            return Ok(encoded);
        };
        for (slot, reference) in storage.keep(ctx, &before, &encoded, &done).await? {
            let reference = match storage.encode_references {
                true => {
                    let sizes = reference.external_sizes.clone();
                    reference::mark(self.encode_one(ctx, slot, reference).await?, sizes)
                }
                false => reference,
            };
            if let Some(place) = encoded.get_mut(slot) {
                *place = reference;
            }
        }
        Ok(encoded)
    }

    /// Fetches what references stand for, and decodes every payload by the stages that know it, last
    /// to first. As many come back, in the same order; what no stage knows comes back as it was.
    ///
    /// # Errors
    /// If one payload cannot be fetched or decoded; then none is. `Busy` if a codec has more work than
    /// it can take.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        let decoded = self.decode_batch(ctx, batch).await;
        decoded.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    async fn decode_batch(
        &self,
        ctx: &Context,
        mut batch: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        self.check_batch(Direction::Decode, &batch)?;
        let ctx = &self.admit(ctx, Direction::Decode)?;
        let Revealed { references, kept } = self.reveal(ctx, &mut batch).await?;
        if !references.is_empty() {
            let storage = self.storage.as_ref().ok_or_else(storage::unresolved)?;
            for (slot, payload) in storage.fetch(ctx, references).await? {
                if let Some(place) = batch.get_mut(slot) {
                    *place = payload;
                }
            }
        }
        self.decode_all(ctx, batch, &kept).await
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
        let mut batch = batch;
        let decoded = async {
            self.check_batch(Direction::Decode, &batch)?;
            let ctx = &self.admit(ctx, Direction::Decode)?;
            let Revealed { references, mut kept } = self.reveal(ctx, &mut batch).await?;
            kept.extend(references.iter().map(|standing| standing.slot));
            self.decode_all(ctx, batch, &kept).await
        };
        decoded.await.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    /// Begins a call if every codec takes it, and returns its context. Once begun, no codec refuses
    /// a payload of it for having too much work.
    fn admit(&self, ctx: &Context, direction: Direction) -> Result<Context, Error> {
        // A reload is not refused because of the traffic that it is to help.
        if !ctx.is_probe() {
            for stage in self.stages.iter() {
                stage.admit(ctx, direction)?;
            }
        }
        Ok(ctx.in_new_call())
    }

    /// The permits that the payloads of one call are worked on under, if they need any.
    fn permits(&self, payloads: usize) -> Permits {
        let needed = self.permits < payloads;
        [needed.then(|| Arc::new(Semaphore::new(self.permits))), None]
    }

    async fn decode_all(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
        kept: &[usize],
    ) -> Result<Vec<Payload>, Error> {
        batch::each(&self.permits(batch.len()), batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            let kept = kept.contains(&slot);
            async move {
                match kept {
                    true => Ok(payload),
                    false => this.decode_one(&ctx, slot, payload).await,
                }
            }
        })
        .await
    }

    async fn encode_one(
        &self,
        ctx: &Context,
        slot: usize,
        mut payload: Payload,
    ) -> Result<Payload, Error> {
        for stage in self.stages.iter() {
            payload = stage.encode(ctx, slot, payload).await?;
            self.check_entries(slot, Direction::Encode, &payload)?;
        }
        Ok(payload)
    }

    pub(crate) async fn decode_one(
        &self,
        ctx: &Context,
        slot: usize,
        mut payload: Payload,
    ) -> Result<Payload, Error> {
        let mut unsealed = false;
        for stage in self.stages.iter().rev() {
            unsealed |= stage.lets_pass_unsealed(&payload);
            payload = stage.decode(ctx, slot, payload).await?;
            payload = self.bounded(slot, Direction::Decode, payload)?;
        }
        if unsealed {
            metric::plaintext(ctx);
        }
        Ok(payload)
    }

    fn bounded(
        &self,
        slot: usize,
        direction: Direction,
        payload: Payload,
    ) -> Result<Payload, Error> {
        self.check_entries(slot, direction, &payload)?;
        if payload.encoded_len() <= self.payload.as_usize() {
            return Ok(payload);
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
