//! Tasks with a payload that cannot be decoded: failed for the worker, which never sees them.
//!
//! A worker that got the payload as it came would take ciphertext for a value, or fail a workflow that
//! only lacks an object for a minute.

use bytes::Bytes;
use cloakroom_core::{Context, Error};
use cloakroom_wire::{MessageType, Method, Schema, View};
use http::{HeaderMap, Method as HttpMethod, Request, Uri, Version, uri::Scheme};

use super::{
    body::GatewayBody,
    connection::{Connection, SERVICE},
    proto::{put_bytes, put_number},
    status::{GRPC_STATUS, Status},
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

impl Connection {
    /// Returns the answer without the tasks that cannot be decoded. These are failed upstream. An
    /// answer that is no task and has none is refused.
    ///
    /// # Errors
    /// The status for the caller, if the answer is not about tasks.
    pub(super) async fn without_undecodable(
        &self,
        method: &Method,
        name: &str,
        ctx: &Context,
        caller: &HeaderMap,
        answer: Bytes,
        error: &Error,
    ) -> Result<Bytes, Status> {
        // Fields of the answer that are tasks.
        let tasks: &[(u32, Task)] = match name {
            "PollWorkflowTaskQueue" => {
                self.fail(Task::Workflow, ctx, caller, &answer, error).await;
                return Ok(Bytes::new());
            }
            "PollActivityTaskQueue" => {
                self.fail(Task::Activity, ctx, caller, &answer, error).await;
                return Ok(Bytes::new());
            }
            "RespondWorkflowTaskCompleted" => &[(1, Task::Workflow), (2, Task::Activity)],
            "StartWorkflowExecution" => &[(2, Task::Workflow)],
            _ => return Err(Status::from_error(error)),
        };
        let mut kept = Vec::with_capacity(answer.len());
        for field in View::new(method.response, &answer).fields() {
            let task = tasks.iter().find(|(number, _)| *number == field.number);
            let (Some((number, task)), Some(content)) = (task, field.content) else {
                kept.extend_from_slice(field.whole);
                continue;
            };
            let Some(message) = task.message() else { continue };
            let bytes = answer.slice_ref(content);
            match self.gateway.decode_message(ctx, message, bytes.clone()).await {
                Ok((decoded, _)) => put_bytes(&mut kept, *number, &decoded),
                Err(error) => {
                    let error = self.gateway.named(error);
                    self.fail(*task, ctx, caller, &bytes, &error).await;
                }
            }
        }
        Ok(kept.into())
    }

    /// Fails a task for the worker. A workflow task is failed on its first attempt and left to time out
    /// later on, as SDKs do: the server would hand a failed one out again at once.
    async fn fail(
        &self,
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
        if let Err(reason) = self.send_answer(method, caller, request).await {
            // The task times out, and the server hands it out again.
            tracing::warn!(target: "cloakroom::request", method, error = reason, "not failed");
        }
    }

    /// Sends a request of the gateway's own, with the credentials of the caller.
    async fn send_answer(
        &self,
        method: &str,
        caller: &HeaderMap,
        message: Vec<u8>,
    ) -> Result<(), String> {
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.gateway.settings.upstream.authority().clone())
            .path_and_query(format!("{SERVICE}{method}"))
            .build()
            .map_err(|error| error.to_string())?;
        let mut request = Request::new(GatewayBody::message(message.into(), None, None));
        *request.uri_mut() = uri;
        *request.method_mut() = HttpMethod::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = caller.clone();
        request.headers_mut().remove(super::deadline::GRPC_TIMEOUT);
        let response = self.upstream.send(request).await.map_err(|status| status.message)?;
        match response.headers().get(GRPC_STATUS) {
            Some(code) if code != "0" => {
                Err(format!("code {}", code.to_str().unwrap_or("unknown")))
            }
            _ => Ok(()),
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
