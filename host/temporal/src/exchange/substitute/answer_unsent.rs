//! Answers a call whose request does not fit, in place of the frontend.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context, Error, ErrorKind, Limit};
use cloakroom_grpc::Status;
use cloakroom_wire::View;
use metrics::counter;

use super::unsent::{Substitute, substitute};
use crate::exchange::{Exchange, call::Call, frontend::Frontend, metric};

impl Exchange {
    /// Returns the answer to a call whose request does not fit. If it answers a task, the task is failed at
    /// the frontend.
    ///
    /// # Errors
    /// The status for the caller: that of the error, or of the frontend if the task could not be failed.
    pub(crate) async fn answer_unsent(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        request: &[u8],
        error: Error,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let status = self.refuse(error);
        counter!(metric::UNSENT, "method" => call.name.to_owned()).increment(1);
        let message = View::new(call.method.request, request);
        let namespace = ctx.namespace_name().unwrap_or_default();
        let token = message.bytes("task_token").unwrap_or_default();
        // A task that another gateway handed out counts as a first attempt.
        let attempt = self.tokens.task(namespace, token).map_or(1, |task| task.attempt);
        let substitute = substitute(call.name, message, &status.message, attempt);
        let Some(Substitute { request, answer }) = substitute else {
            return Err(status);
        };
        tracing::warn!(
            target: "cloakroom::request",
            kind = status.kind,
            namespace,
            method = call.name,
            is_failed = request.is_some(),
            error = status.message,
            "an answer to a task does not fit: failed the task for the worker"
        );
        if let Some((method, request)) = request {
            self.ask_for(frontend, method, call, namespace, request, memory).await?;
        }
        answer.map(Bytes::from_static).ok_or(status)
    }
}

/// Returns whether an error says that a request does not fit.
pub(crate) fn is_too_large(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::LimitExceeded(Limit::Message | Limit::Payload | Limit::Payloads)
    )
}
