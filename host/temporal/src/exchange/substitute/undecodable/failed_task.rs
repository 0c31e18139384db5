//! Requests that fail a task for its worker.

use super::task::{Task, TaskKind};
use crate::exchange::{
    proto::{put_bytes, put_number},
    substitute::own_failure::{IDENTITY, QUERY_FAILED, SOURCE, own_failure},
};

/// Type of the failure, by which an operator finds it.
const FAILURE_TYPE: &[u8] = b"CloakroomUndecodable";

/// `WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE`
const CAUSE: u64 = 14;

/// `NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE`
const RETRYABLE: u64 = 1;

/// Nexus error type of a handler that may work later.
const UNAVAILABLE: &[u8] = b"UNAVAILABLE";

/// Seconds after which an activity is tried again, first and at most. The activity's own policy may
/// say a millisecond, and the store of a payload that is gone would be asked as often.
const FIRST_RETRY: u64 = 5;
const LAST_RETRY: u64 = 60;

/// Returns the method and the request that fail a task with this cause; none for a task that is left
/// to time out.
///
/// A workflow task is failed on its first attempt only, as SDKs do: the server hands a failed one out
/// again at once, and the two would keep each other busy.
pub(super) fn failing_request(
    task: &Task<'_>,
    namespace: &str,
    report: &str,
) -> Option<(&'static str, Vec<u8>)> {
    let (namespace, cause) = (namespace.as_bytes(), report.as_bytes());
    let mut request = Vec::new();
    let method = match task.kind {
        TaskKind::Workflow if task.is_query() => {
            put_bytes(&mut request, 1, task.token());
            put_number(&mut request, 2, QUERY_FAILED);
            put_bytes(&mut request, 4, cause);
            put_bytes(&mut request, 6, namespace);
            put_number(&mut request, 8, CAUSE);
            put_group(&mut request, 9, task);
            "RespondQueryTaskCompleted"
        }
        TaskKind::Workflow if task.attempt() > 1 => return None,
        TaskKind::Workflow => {
            put_bytes(&mut request, 1, task.token());
            put_number(&mut request, 2, CAUSE);
            put_bytes(&mut request, 3, &own_failure(FAILURE_TYPE, report, None));
            put_bytes(&mut request, 4, IDENTITY);
            put_bytes(&mut request, 6, namespace);
            "RespondWorkflowTaskFailed"
        }
        TaskKind::Activity => {
            let delay = retry_seconds(task.attempt());
            put_bytes(&mut request, 1, task.token());
            put_bytes(&mut request, 2, &own_failure(FAILURE_TYPE, report, Some(delay)));
            put_bytes(&mut request, 3, IDENTITY);
            put_bytes(&mut request, 4, namespace);
            "RespondActivityTaskFailed"
        }
        TaskKind::Nexus => {
            put_bytes(&mut request, 1, namespace);
            put_bytes(&mut request, 2, IDENTITY);
            put_bytes(&mut request, 3, task.token());
            put_handler_error(&mut request, task, cause);
            put_group(&mut request, 6, task);
            "RespondNexusTaskFailed"
        }
    };
    Some((method, request))
}

/// Returns the seconds until an activity is tried again, after so many attempts.
fn retry_seconds(attempt: u64) -> u64 {
    let doublings = u32::try_from(attempt - 1).unwrap_or(u32::MAX).min(8);
    (FIRST_RETRY << doublings).min(LAST_RETRY)
}

/// Repeats the group of pollers that the task came with: the answer finds its way by it.
fn put_group(request: &mut Vec<u8>, number: u32, task: &Task<'_>) {
    if let Some(group) = task.view.bytes("poller_group_id").filter(|group| !group.is_empty()) {
        put_bytes(request, number, group);
    }
}

/// Appends the error of a Nexus handler, in the form that the server of this task knows.
fn put_handler_error(request: &mut Vec<u8>, task: &Task<'_>, cause: &[u8]) {
    let asked = task.view.message("request").and_then(|request| request.message("capabilities"));
    let is_newer = asked.and_then(|can| can.number("temporal_failure_responses")) == Some(1);
    let (mut error, mut failure) = (Vec::new(), Vec::new());
    put_bytes(&mut failure, 1, cause);
    put_bytes(&mut error, 1, UNAVAILABLE);
    if is_newer {
        put_bytes(&mut failure, 2, SOURCE);
        put_number(&mut error, 2, RETRYABLE);
        put_bytes(&mut failure, 14, &error);
        put_bytes(request, 5, &failure);
    } else {
        put_bytes(&mut error, 2, &failure);
        put_number(&mut error, 3, RETRYABLE);
        put_bytes(request, 4, &error);
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_wire::{Schema, View};

    use super::*;

    /// Returns the request that fails a task of these bytes, if it is failed.
    fn failed(kind: TaskKind, task: &[u8]) -> Option<(&'static str, Vec<u8>)> {
        failing_request(&Task::new(kind, task).unwrap(), "shop", "no such object")
    }

    fn view<'a>(method: &str, request: &'a [u8]) -> View<'a> {
        let name = format!("temporal.api.workflowservice.v1.{method}Request");
        let view = View::new(Schema::temporal().message(&name).unwrap(), request);
        assert_eq!(view.bytes("task_token"), Some(&b"token"[..]));
        assert_eq!(view.text("namespace"), Some("shop"));
        view
    }

    fn task(attempt: Option<(u32, u64)>) -> Vec<u8> {
        let mut task = Vec::new();
        put_bytes(&mut task, 1, b"token");
        if let Some((field, attempt)) = attempt {
            put_number(&mut task, field, attempt);
        }
        task
    }

    #[test]
    fn a_workflow_task_is_failed_on_its_first_attempt_alone() {
        for first in [None, Some((6, 1))] {
            let (method, request) = failed(TaskKind::Workflow, &task(first)).unwrap();
            assert_eq!(method, "RespondWorkflowTaskFailed");
            let failure = view(method, &request).message("failure").unwrap();
            assert_eq!(failure.text("message"), Some("no such object"));
        }
        assert_eq!(failed(TaskKind::Workflow, &task(Some((6, 2)))), None);
    }

    #[test]
    fn a_query_is_failed_on_every_attempt() {
        let mut query = task(Some((6, 3)));
        put_bytes(&mut query, 10, b"");
        let (method, request) = failed(TaskKind::Workflow, &query).unwrap();
        assert_eq!(method, "RespondQueryTaskCompleted");
        let view = view(method, &request);
        assert_eq!(view.number("completed_type"), Some(QUERY_FAILED));
        assert_eq!(view.text("error_message"), Some("no such object"));
    }

    #[test]
    fn an_activity_is_tried_again_later_and_later() {
        for (attempt, delay) in [(1, 5), (2, 10), (4, 40), (5, 60), (u64::from(u32::MAX), 60)] {
            let (method, request) = failed(TaskKind::Activity, &task(Some((13, attempt)))).unwrap();
            assert_eq!(method, "RespondActivityTaskFailed");
            let failure = view(method, &request).message("failure").unwrap();
            let info = failure.message("application_failure_info").unwrap();
            assert_eq!(info.text("type"), Some("CloakroomUndecodable"));
            let after = info.bytes("next_retry_delay").and_then(crate::exchange::proto::seconds);
            assert_eq!(after, Some(delay), "{attempt}");
            assert_eq!(info.number("non_retryable"), None);
        }
    }

    #[test]
    fn a_nexus_task_gets_the_error_that_its_server_knows() {
        let (method, request) = failed(TaskKind::Nexus, &task(None)).unwrap();
        let error = view(method, &request).message("error").unwrap();
        assert_eq!(error.number("retry_behavior"), Some(RETRYABLE));
        assert_eq!(error.message("failure").unwrap().text("message"), Some("no such object"));

        let mut newer = task(None);
        // request.capabilities.temporal_failure_responses = true, and poller_group_id.
        put_bytes(&mut newer, 2, b"\xa2\x06\x02\x08\x01");
        put_bytes(&mut newer, 4, b"group");
        let (method, request) = failed(TaskKind::Nexus, &newer).unwrap();
        let view = view(method, &request);
        assert_eq!(view.text("poller_group_id"), Some("group"));
        assert!(view.message("error").is_none());
        let failure = view.message("failure").unwrap();
        let info = failure.message("nexus_handler_failure_info").unwrap();
        assert_eq!(info.number("retry_behavior"), Some(RETRYABLE));
    }
}
