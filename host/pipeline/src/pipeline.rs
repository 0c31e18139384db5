//! Stages in written order; decoding is the mirror.

use std::sync::Arc;

use cloakroom_core::{ByteSize, Context, Direction, Error, ErrorKind, Limit, Payload};
use tokio::sync::Semaphore;

use crate::{PipelineBuilder, Stage, batch};

/// Codec stages in written order. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub(crate) stages: Arc<[Stage]>,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) payload: ByteSize,
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

    /// Encodes every payload by every stage, first to last. As many come back, in the same order.
    ///
    /// # Errors
    /// If one payload cannot be encoded; then none is.
    pub async fn encode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        batch::each(&self.permits, batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            async move {
                let mut payload = this.bounded(slot, Direction::Encode, payload)?;
                for stage in this.stages.iter() {
                    payload = stage.encode(&ctx, slot, payload).await?;
                }
                Ok(payload)
            }
        })
        .await
    }

    /// Decodes every payload by the stages that know it, last to first. As many come back, in the
    /// same order; what no stage knows comes back as it was.
    ///
    /// # Errors
    /// If one payload cannot be decoded; then none is.
    pub async fn decode(&self, ctx: &Context, batch: Vec<Payload>) -> Result<Vec<Payload>, Error> {
        batch::each(&self.permits, batch, |slot, payload| {
            let (this, ctx) = (self.clone(), ctx.clone());
            async move {
                let mut payload = payload;
                for stage in this.stages.iter().rev() {
                    payload = stage.decode(&ctx, slot, payload).await?;
                    payload = this.bounded(slot, Direction::Decode, payload)?;
                }
                Ok(payload)
            }
        })
        .await
    }

    fn bounded(
        &self,
        slot: usize,
        direction: Direction,
        payload: Payload,
    ) -> Result<Payload, Error> {
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
