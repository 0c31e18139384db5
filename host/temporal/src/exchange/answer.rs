//! Decodes the answer to a call.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context};
use cloakroom_grpc::{RequestLog, Status};
use cloakroom_wire::View;
use tokio::time::Instant;

use super::{Exchange, call::Call, frontend::Frontend, substitute::undecodable::Answer};
use crate::namespaces::Mode;

impl Exchange {
    /// Decodes the answer to a call with this context. Tasks that cannot be decoded are failed at the
    /// frontend, and taken out.
    ///
    /// # Errors
    /// The status for the caller.
    pub(crate) async fn decode_answer(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        message: Bytes,
        memory: &CallMemory,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        if call.asks_for_limits() {
            let raised = self.raise_limits(call.method.response, ctx, &message);
            return Ok(raised.unwrap_or(message));
        }
        let namespace = ctx.namespace_name().unwrap_or_default();
        self.tokens.learn(call.name, namespace, View::new(call.method.response, &message));
        self.histories.note(call, ctx, &message);
        if self.namespaces().mode(namespace) == Mode::Off {
            return Ok(message);
        }
        let ctx = ctx.clone().with_memory(memory.clone());
        let answer = Answer { frontend, call, ctx: &ctx, began: Instant::now() };
        let decoded = self.decode_patiently(&answer, message, log).await?;
        if call.history.is_some() {
            // Boxed, as it is nearly never more than a look.
            return Box::pin(self.of_one_run(&answer, decoded, log)).await;
        }
        Ok(self.own_token(call, &ctx, decoded))
    }
}
