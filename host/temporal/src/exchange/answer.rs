//! Decodes the answer to a call.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context, Direction};
use cloakroom_wire::View;

use super::{Exchange, call::Call, frontend::Frontend, request_log::RequestLog, status::Status};
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
        let (response, reads) = (call.method.response, call.reads());
        let decoded = self.decode_message(&ctx, response, message.clone(), reads).await;
        let received = decoded.and_then(|(decoded, payloads)| {
            let checked = self.answers.check(call.headers, decoded.len(), self.max_message);
            self.report(&ctx, Direction::Decode, checked)?;
            Ok((decoded, payloads))
        });
        match received {
            Ok((message, payloads)) => {
                log.payloads += payloads;
                Ok(message)
            }
            Err(error) => {
                let error = self.named(error);
                self.without_undecodable(frontend, call, &ctx, message, &error).await
            }
        }
    }
}
