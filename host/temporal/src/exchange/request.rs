//! Encodes the request of a call.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context};
use http::{HeaderMap, HeaderValue};

use super::{
    Exchange,
    call::{Call, NAMESPACE},
    context::context,
    frontend::Frontend,
    request_log::RequestLog,
    status::{Code, Status},
};

/// What an encoded request is followed by.
pub(crate) enum Encoded {
    /// It is sent to the frontend, in this context.
    Request(Context, Bytes),
    /// It does not fit, and this is the answer to its call.
    Answer(Bytes),
}

impl Exchange {
    /// Encodes a request, and returns it with its context. If it does not fit and answers a task, the
    /// task is failed at the frontend, and the call is answered.
    ///
    /// # Errors
    /// The status that refuses the call.
    pub(crate) async fn encode_request(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        message: Bytes,
        memory: &CallMemory,
        log: &mut RequestLog,
    ) -> Result<Encoded, Status> {
        let ctx = context(call.method, &message);
        log.namespace = ctx.namespace_name().map(str::to_owned);
        check_namespace(&ctx, call.headers)?;
        call.caller.check(call.name, ctx.namespace_name(), call.headers)?;
        if !call.method.request.holds_payloads() {
            return Ok(Encoded::Request(ctx, message));
        }
        let counted = ctx.clone().with_memory(memory.clone());
        if self.adapter.pipeline().threshold().is_some() {
            self.unbounded_starts.note(call, ctx.namespace_name(), &message);
        }
        let allowance = self.allowance(frontend, call, &ctx, &message, memory).await;
        let request = message.clone();
        let encoding = self.encode_message(&counted, call.method.request, request, &allowance);
        match encoding.await {
            Ok((message, payloads)) => {
                log.payloads += payloads;
                Ok(Encoded::Request(ctx, message))
            }
            Err(error) => {
                let answer = self.answer_unsent(frontend, call, &ctx, &message, error, memory);
                Ok(Encoded::Answer(answer.await?))
            }
        }
    }
}

/// Refuses a header that names another namespace than the message: rings and grants are chosen by the
/// message, and something on the way may have admitted the caller by the header.
fn check_namespace(ctx: &Context, headers: &HeaderMap) -> Result<(), Status> {
    let named = headers.get_all(NAMESPACE);
    let differs = |name: &HeaderValue| {
        ctx.namespace_name().is_some_and(|namespace| name.as_bytes() != namespace.as_bytes())
    };
    if named.iter().any(differs) {
        let text = "the header `temporal-namespace` names another namespace than the message";
        return Err(Status::new(Code::PermissionDenied, text));
    }
    Ok(())
}
