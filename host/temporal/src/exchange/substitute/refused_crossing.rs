//! A completed task with a payload that may not cross to its namespace: failed for the worker, which
//! would otherwise complete it again and again.

use cloakroom_core::{CallMemory, Context, Error, Remedy};
use cloakroom_grpc::Status;
use cloakroom_wire::View;

use super::own_failure::{IDENTITY, own_failure};
use crate::exchange::{
    Exchange,
    call::Call,
    frontend::Frontend,
    proto::{put_bytes, put_number},
};

/// Type of the failure, by which an operator finds it.
const FAILURE_TYPE: &[u8] = b"CloakroomCrossing";

/// `WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE`
const CAUSE: u64 = 14;

/// Returns whether an error says that a payload may not cross.
fn is_crossing(error: &Error) -> bool {
    let crossing = [Remedy::NexusEndpoints, Remedy::Shares, Remedy::UnscopedKeys];
    error.remedies().iter().any(|remedy| crossing.contains(remedy))
}

impl Exchange {
    /// Returns the status for an error of encoding. If it is a payload that may not cross, and the
    /// request completes a workflow task, the task is failed at the frontend first, with the reason.
    pub(crate) async fn refuse_request(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        request: View<'_>,
        error: Error,
        memory: &CallMemory,
    ) -> Status {
        let is_crossing = is_crossing(&error);
        let status = self.refuse(error);
        let namespace = ctx.namespace_name().unwrap_or_default();
        let token = request.bytes("task_token").unwrap_or_default();
        // On the first attempt only: the server hands a failed task out again at once, and later ones
        // time out, as SDKs do it. A task of another gateway counts as a first one.
        let attempt = self.tokens.task(namespace, token).map_or(1, |task| task.attempt);
        if !is_crossing || call.name != "RespondWorkflowTaskCompleted" || attempt > 1 {
            return status;
        }
        let failed = failed_task(token, namespace, &status.message);
        let asked =
            frontend.ask("RespondWorkflowTaskFailed", call.headers, failed.into(), memory).await;
        if let Err(reason) = asked {
            // The task times out, and the server hands it out again.
            let error = reason.message;
            tracing::warn!(target: "cloakroom::request", namespace, error, "not failed");
        }
        status
    }
}

/// Returns `RespondWorkflowTaskFailedRequest`.
fn failed_task(token: &[u8], namespace: &str, report: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(&mut request, 1, token);
    put_number(&mut request, 2, CAUSE);
    put_bytes(&mut request, 3, &own_failure(FAILURE_TYPE, report, None));
    put_bytes(&mut request, 4, IDENTITY);
    put_bytes(&mut request, 6, namespace.as_bytes());
    request
}
