//! Decoding payload by payload, for readers: one that cannot be decoded hides no other.

use std::sync::Arc;

use cloakroom_core::{Context, Direction, Error, Payload};

use crate::{
    Pipeline,
    tasks::{self, Step},
};

impl Pipeline {
    /// Decodes every payload as [`Pipeline::decode`] does, each alone. Returns a result for each, in
    /// the same order.
    ///
    /// Equal references are not joined, and each payload is a call of its own. Decode a batch as a
    /// whole first, and ask for this only if that fails.
    ///
    /// Dropping the future stops the work.
    ///
    /// # Errors
    /// `LimitExceeded(Payloads)` if the batch is too large, and `Busy` if all calls hold more memory
    /// than they may.
    pub async fn decode_each(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Result<Payload, Error>>, Error> {
        let decoded = self.decode_alone(ctx, batch).await;
        decoded.map_err(|error| self.report_failure(ctx, Direction::Decode, error))
    }

    async fn decode_alone(
        &self,
        ctx: &Context,
        batch: Vec<Payload>,
    ) -> Result<Vec<Result<Payload, Error>>, Error> {
        self.check_count(Direction::Decode, batch.len())?;
        // One memory for all. Calls that each waited for their own could fill it together, and none
        // of them would go on.
        let ctx = ctx.clone().with_memory(self.call_memory(ctx).await?);
        let batch = batch.into_iter().enumerate().collect();
        let this = Arc::new(self.clone());
        let decode = |(slot, payload)| {
            let (this, ctx) = (this.clone(), ctx.clone());
            Step::run(async move {
                let decoded = this.decode_batch(&ctx, vec![payload]).await;
                let decoded = decoded.and_then(|mut one| one.pop().ok_or_else(tasks::lost));
                Ok(decoded.map_err(|error| {
                    this.report_failure(&ctx, Direction::Decode, error.at_slot(slot))
                }))
            })
        };
        tasks::run_each(self.permits, batch, decode).await
    }
}
