//! Begin and end of a pipeline's call: how many payloads it may have, and whether there is room.

use std::pin::pin;

use cloakroom_core::{
    CallMemory, Context, Direction, Error, ErrorKind, Limit, MemoryBudget, Payload,
};
use futures::FutureExt as _;

use crate::{
    Pipeline,
    item::{CountedPayload, unbounded},
    metric,
};

/// A call that was let in.
pub(crate) struct AdmittedCall {
    pub(crate) ctx: Context,
    pub(crate) memory: CallMemory,
    /// True if the caller counts the results.
    keeps: bool,
}

impl AdmittedCall {
    /// The payloads that the caller passed in, which it counts itself.
    pub(crate) fn callers(&self, batch: Vec<Payload>) -> Vec<CountedPayload> {
        batch.into_iter().map(|payload| CountedPayload::callers(&self.memory, payload)).collect()
    }

    /// Ends a call. Its results are no longer counted, unless the caller brought the memory that
    /// counts them: then they are until that is over.
    pub(crate) fn finish(self, results: Vec<CountedPayload>) -> Vec<Payload> {
        let keeps = self.keeps;
        let payload = |held: CountedPayload| {
            if keeps {
                held.charge.keep();
            }
            held.payload
        };
        results.into_iter().map(payload).collect()
    }
}

impl Pipeline {
    /// Returns the memory budget that calls are counted by.
    pub fn memory(&self) -> &MemoryBudget {
        &self.memory
    }

    /// Returns how many payloads one call may have.
    pub fn most_payloads(&self) -> usize {
        self.payloads
    }

    /// Waits until a call may hold memory, for `limits.wait` at most.
    ///
    /// # Errors
    /// `Busy` if there is no room by then.
    async fn admit(&self) -> Result<CallMemory, Error> {
        let mut admission = pin!(self.memory.admit());
        // Mostly there is room, and no timer is needed.
        if let Some(memory) = admission.as_mut().now_or_never() {
            return Ok(memory);
        }
        tokio::time::timeout(self.wait, admission).await.map_err(|_| {
            let text = format!(
                "all calls together hold {} of memory (`limits.process_bytes`), and no room came up \
                 within {:?} (`limits.wait`): try again later, or raise a limit",
                self.memory.process_bytes(),
                self.wait
            );
            Error::new(ErrorKind::Busy, text)
        })
    }

    /// Begins a call if every codec takes it, and waits for memory. Once begun, no codec refuses a
    /// payload of it for having too much work.
    pub(crate) async fn begin(
        &self,
        ctx: &Context,
        direction: Direction,
        payloads: usize,
    ) -> Result<AdmittedCall, Error> {
        if payloads > self.payloads {
            return Err(self.too_many(direction, payloads));
        }
        if !ctx.is_probe() {
            for stage in self.stages.iter() {
                stage.admit(ctx, direction)?;
            }
        }
        let memory = self.memory_of(ctx).await?;
        metric::record_memory(&self.memory);
        let keeps = ctx.memory().is_some();
        Ok(AdmittedCall { ctx: ctx.in_new_call().with_memory(memory.clone()), memory, keeps })
    }

    /// Returns the memory that counts a call: the caller's if it brings one, else a new one once
    /// there is room.
    pub(crate) async fn memory_of(&self, ctx: &Context) -> Result<CallMemory, Error> {
        match ctx.memory() {
            Some(given) => Ok(given.clone()),
            // A reload is not refused because of the traffic that it is to help.
            None if ctx.is_probe() => Ok(unbounded()),
            None => self.admit().await,
        }
    }

    pub(crate) fn too_many(&self, direction: Direction, payloads: usize) -> Error {
        let text = format!(
            "{} {payloads} payloads in one call, and the most is {} (`limits.payloads`): split the \
             batch, or raise the limit",
            match direction {
                Direction::Encode => "encoding",
                Direction::Decode => "decoding",
            },
            self.payloads
        );
        Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text)
    }
}
