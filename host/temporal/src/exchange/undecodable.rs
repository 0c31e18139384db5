//! Tasks with a payload that cannot be decoded: failed for the worker, which never sees them.
//!
//! A worker that got the payload as it came would take ciphertext for a value, or fail a workflow that
//! only lacks an object for a minute.

use bytes::Bytes;
use cloakroom_core::{Context, Error};
use cloakroom_wire::{MessageType, Schema, View};
use http::HeaderMap;

use super::{
    Exchange,
    call::Call,
    frontend::Frontend,
    proto::{put_bytes, put_number},
    status::Status,
};

/// Identity in Temporal's history of a task that the gateway failed.
const IDENTITY: &[u8] = b"cloakroom-gateway";

/// Type of the failure, by which an operator finds it.
const FAILURE_TYPE: &[u8] = b"CloakroomUndecodable";

/// `WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE`
const CAUSE: u64 = 14;

/// `QUERY_RESULT_TYPE_FAILED`
const QUERY_FAILED: u64 = 2;

/// Seconds after which an activity is tried again: a store that is down for longer is asked rarely.
const RETRY_SECONDS: u64 = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Workflow,
    Activity,
}

impl Task {
    fn message(self) -> Option<MessageType> {
        Schema::temporal().message(match self {
            Self::Workflow => "temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse",
            Self::Activity => "temporal.api.workflowservice.v1.PollActivityTaskQueueResponse",
        })
    }
}

impl Exchange {
    /// Returns the answer without the tasks that cannot be decoded. These are failed upstream. An
    /// answer that is no task and has none is refused.
    ///
    /// # Errors
    /// The status for the caller, if the answer is not about tasks.
    pub(super) async fn without_undecodable(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        answer: Bytes,
        error: &Error,
    ) -> Result<Bytes, Status> {
        let caller = call.headers;
        // Fields of the answer that are tasks.
        let tasks: &[(u32, Task)] = match call.name {
            "PollWorkflowTaskQueue" => {
                self.fail(frontend, Task::Workflow, ctx, caller, &answer, error).await;
                return Ok(Bytes::new());
            }
            "PollActivityTaskQueue" => {
                self.fail(frontend, Task::Activity, ctx, caller, &answer, error).await;
                return Ok(Bytes::new());
            }
            "RespondWorkflowTaskCompleted" => &[(1, Task::Workflow), (2, Task::Activity)],
            "StartWorkflowExecution" => &[(2, Task::Workflow)],
            _ => return Err(Status::from_error(error)),
        };
        let mut kept = Vec::with_capacity(answer.len());
        for field in View::new(call.method.response, &answer).fields() {
            let task = tasks.iter().find(|(number, _)| *number == field.number);
            let (Some((number, task)), Some(content)) = (task, field.content) else {
                kept.extend_from_slice(field.whole);
                continue;
            };
            let Some(message) = task.message() else { continue };
            let bytes = answer.slice_ref(content);
            match self.decode_message(ctx, message, bytes.clone(), call.reads()).await {
                Ok((decoded, _)) => put_bytes(&mut kept, *number, &decoded),
                Err(error) => {
                    let error = self.named(error);
                    self.fail(frontend, *task, ctx, caller, &bytes, &error).await;
                }
            }
        }
        Ok(kept.into())
    }

    /// Fails a task for the worker. A workflow task is failed on its first attempt and left to time out
    /// later on, as SDKs do: the server would hand a failed one out again at once.
    async fn fail(
        &self,
        frontend: &impl Frontend,
        task: Task,
        ctx: &Context,
        caller: &HeaderMap,
        bytes: &[u8],
        error: &Error,
    ) {
        let Some(view) = task.message().map(|message| View::new(message, bytes)) else { return };
        let namespace = ctx.namespace_name().unwrap_or_default();
        let token = view.bytes("task_token").unwrap_or_default();
        let report = error.report();
        let is_query = task == Task::Workflow && view.message("query").is_some();
        let attempt = view.number("attempt").unwrap_or(1);
        tracing::warn!(
            target: "cloakroom::request",
            kind = error.kind().as_str(),
            namespace,
            attempt = (task == Task::Workflow).then_some(attempt),
            error = report,
            "a task cannot be decoded: failed it for the worker"
        );
        let (method, request) = match task {
            Task::Workflow if is_query => {
                ("RespondQueryTaskCompleted", failed_query(token, namespace, &report))
            }
            Task::Workflow if attempt > 1 => return,
            Task::Workflow => {
                ("RespondWorkflowTaskFailed", failed_workflow_task(token, namespace, &report))
            }
            Task::Activity => {
                ("RespondActivityTaskFailed", failed_activity(token, namespace, &report))
            }
        };
        let memory =
            ctx.memory().cloned().unwrap_or_else(|| self.adapter.pipeline().memory().call());
        if let Err(status) = frontend.ask(method, caller, request.into(), &memory).await {
            // The task times out, and the server hands it out again.
            let code = status.code.as_str();
            tracing::warn!(
                target: "cloakroom::request", method, code, error = status.message, "not failed"
            );
        }
    }
}

/// Returns `RespondWorkflowTaskFailedRequest`.
fn failed_workflow_task(token: &[u8], namespace: &str, report: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(&mut request, 1, token);
    put_number(&mut request, 2, CAUSE);
    put_bytes(&mut request, 3, &failure(report, false));
    put_bytes(&mut request, 4, IDENTITY);
    put_bytes(&mut request, 6, namespace.as_bytes());
    request
}

/// Returns `RespondActivityTaskFailedRequest`, which uses up one attempt.
fn failed_activity(token: &[u8], namespace: &str, report: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(&mut request, 1, token);
    put_bytes(&mut request, 2, &failure(report, true));
    put_bytes(&mut request, 3, IDENTITY);
    put_bytes(&mut request, 4, namespace.as_bytes());
    request
}

/// Returns `RespondQueryTaskCompletedRequest`.
fn failed_query(token: &[u8], namespace: &str, report: &str) -> Vec<u8> {
    let mut request = Vec::new();
    put_bytes(&mut request, 1, token);
    put_number(&mut request, 2, QUERY_FAILED);
    put_bytes(&mut request, 4, report.as_bytes());
    put_bytes(&mut request, 6, namespace.as_bytes());
    request
}

/// Returns `temporal.api.failure.v1.Failure` of an application, retryable.
fn failure(report: &str, has_delay: bool) -> Vec<u8> {
    let mut info = Vec::new();
    put_bytes(&mut info, 1, FAILURE_TYPE);
    if has_delay {
        let mut delay = Vec::new();
        put_number(&mut delay, 1, RETRY_SECONDS);
        put_bytes(&mut info, 4, &delay);
    }
    let mut failure = Vec::new();
    put_bytes(&mut failure, 1, report.as_bytes());
    put_bytes(&mut failure, 2, b"Cloakroom");
    put_bytes(&mut failure, 5, &info);
    failure
}
