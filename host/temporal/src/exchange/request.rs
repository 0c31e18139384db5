//! Encodes the request of a call.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context, Kind};
use cloakroom_grpc::{Code, RequestLog, Status};
use cloakroom_wire::View;
use http::{HeaderMap, HeaderValue};

use super::{
    Exchange,
    call::{
        Call,
        rights::{self, NAMESPACE},
    },
    context::context,
    frontend::Frontend,
    history_request::HistoryRequest,
    substitute::answer_unsent::is_too_large,
};

/// The next step after a request was encoded.
pub(crate) enum Encoded {
    /// It is sent to the frontend, in this context.
    Request(Context, Bytes),
    /// This is the answer to its call: the request does not fit, or asks for a page of our own.
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
        let ctx = context(call.method, &message, &self.tokens);
        log.namespace = ctx.namespace_name().map(str::to_owned);
        check_namespace(&ctx, call.headers)?;
        rights::check(call.caller, call.name, ctx.namespace_name(), call.headers)?;
        let policies = self.namespaces();
        let namespace = log.namespace.as_deref().unwrap_or_default();
        let ctx = policies.reading(ctx, namespace, call.name == "PollNexusTaskQueue");
        if let Some(asked) = HistoryRequest::read(call.method, call.name, &ctx, &message) {
            let resumed = Box::pin(self.resume(frontend, call, &ctx, &asked, memory, log));
            return Ok(match resumed.await? {
                Some(answer) => Encoded::Answer(answer),
                None => Encoded::Request(ctx, message),
            });
        }
        if !call.method.request.holds_payloads() {
            return Ok(Encoded::Request(ctx, message));
        }
        let allowance = self.allowance(frontend, call, &ctx, &message, memory).await;
        let request = call.method.request;
        let queue = ctx.task_queue().unwrap_or_default();
        let encoded = if policies.encodes(namespace, workflow_type(&ctx), queue) {
            if self.adapter.pipeline().threshold_in(namespace).is_some() {
                self.unbounded_starts.note(call, namespace, &message);
            }
            let counted = ctx.clone().with_memory(memory.clone());
            let parent = self.parent_of_ended(frontend, call, &counted, &message).await?;
            self.encode_message(&counted, parent, request, message.clone(), &allowance).await
        } else {
            let checked = self.check_plain(request, &message, &allowance.limits);
            checked.map(|()| (message.clone(), 0))
        };
        match encoded {
            Ok((message, payloads)) => {
                log.payloads += payloads;
                Ok(Encoded::Request(ctx, message))
            }
            Err(error) if is_too_large(&error) => {
                let answer = self.answer_unsent(frontend, call, &ctx, &message, error, memory);
                Ok(Encoded::Answer(answer.await?))
            }
            Err(error) => {
                let view = View::new(request, &message);
                Err(self.refuse_request(frontend, call, &ctx, view, error, memory).await)
            }
        }
    }
}

/// Returns the type of the workflow that the payloads of a request belong to, if it is known.
fn workflow_type(ctx: &Context) -> &str {
    let is_workflow = ctx.kind() == Some(Kind::Workflow);
    ctx.type_name().filter(|_| is_workflow).unwrap_or_default()
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
