//! Requests that do not fit: the request that the frontend gets in their place, and the answer to the
//! caller.
//!
//! Each is what Temporal's server itself does with a field over its limit: it fails the task with the
//! reason, and answers the worker as if all were well. Every SDK copes with that, and none sends the same
//! request again.

use cloakroom_wire::View;

use super::own_failure::{IDENTITY, QUERY_FAILED, own_failure};
use crate::exchange::proto::{put_bytes, put_number};

/// Type of the failure: the one that the SDKs' own check gives, so that a retry policy that names it
/// holds here too.
const FAILURE_TYPE: &[u8] = b"PayloadsTooLarge";

/// `WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE`
const WORKFLOW_CAUSE: u64 = 37;

/// `ACTIVITY_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE`
const ACTIVITY_CAUSE: u64 = 1;

/// `NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE`
const NOT_RETRIED: u64 = 2;

/// `RecordActivityTaskHeartbeatResponse` with `cancel_requested`.
const CANCEL: &[u8] = b"\x08\x01";

/// Replacement for a request that does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Substitute {
    /// Method and request for the frontend. `None` if the task is left to time out.
    pub(crate) request: Option<(&'static str, Vec<u8>)>,
    /// Answer to the caller, once the frontend has accepted the request. `None` if the caller gets the
    /// status of the refusal.
    pub(crate) answer: Option<&'static [u8]>,
}

/// Returns what happens instead of a request. `None` for a request that answers no task: the caller gets
/// the status of the refusal, and nothing goes upstream.
pub(crate) fn substitute(
    method: &str,
    request: View<'_>,
    report: &str,
    attempt: u64,
) -> Option<Substitute> {
    let failed = Failed { request, report, attempt };
    let send = |method, request, answer| Substitute { request: Some((method, request)), answer };
    Some(match method {
        // The SDK learns that its completion failed: it must not take its commands for accepted.
        "RespondWorkflowTaskCompleted" => Substitute { answer: None, ..failed.workflow_task() },
        "RespondWorkflowTaskFailed" => failed.workflow_task(),
        "RespondQueryTaskCompleted" => send("RespondQueryTaskCompleted", failed.query(), Some(b"")),
        "RespondNexusTaskCompleted" | "RespondNexusTaskFailed" => {
            send("RespondNexusTaskFailed", failed.nexus(), Some(b""))
        }
        "RespondActivityTaskCompleted"
        | "RespondActivityTaskFailed"
        | "RespondActivityTaskCanceled" => {
            send("RespondActivityTaskFailed", failed.activity(), Some(b""))
        }
        "RespondActivityTaskCompletedById"
        | "RespondActivityTaskFailedById"
        | "RespondActivityTaskCanceledById" => {
            send("RespondActivityTaskFailedById", failed.activity_by_id(), Some(b""))
        }
        // The activity is over for the server, and so its worker has to end it.
        "RecordActivityTaskHeartbeat" => {
            send("RespondActivityTaskFailed", failed.activity(), Some(CANCEL))
        }
        "RecordActivityTaskHeartbeatById" => {
            send("RespondActivityTaskFailedById", failed.activity_by_id(), Some(CANCEL))
        }
        _ => return None,
    })
}

/// A task that fails because its answer does not fit.
struct Failed<'a> {
    request: View<'a>,
    report: &'a str,
    /// Attempt of the task, from 1.
    attempt: u64,
}

impl Failed<'_> {
    /// Fails a workflow task on its first attempt, and leaves it to time out later on, as SDKs do: the
    /// server would hand a failed one out again at once.
    fn workflow_task(&self) -> Substitute {
        let request = (self.attempt <= 1).then(|| {
            let mut request = Vec::new();
            self.put(&mut request, 1, "task_token");
            put_number(&mut request, 2, WORKFLOW_CAUSE);
            put_bytes(&mut request, 3, &self.failure());
            put_bytes(&mut request, 4, IDENTITY);
            self.put(&mut request, 6, "namespace");
            self.put(&mut request, 11, "resource_id");
            ("RespondWorkflowTaskFailed", request)
        });
        Substitute { request, answer: Some(b"") }
    }

    fn activity(&self) -> Vec<u8> {
        let mut request = Vec::new();
        self.put(&mut request, 1, "task_token");
        put_bytes(&mut request, 2, &self.failure());
        put_bytes(&mut request, 3, IDENTITY);
        self.put(&mut request, 4, "namespace");
        self.put(&mut request, 9, "resource_id");
        put_number(&mut request, 10, ACTIVITY_CAUSE);
        request
    }

    fn activity_by_id(&self) -> Vec<u8> {
        let mut request = Vec::new();
        self.put(&mut request, 1, "namespace");
        self.put(&mut request, 2, "workflow_id");
        self.put(&mut request, 3, "run_id");
        self.put(&mut request, 4, "activity_id");
        put_bytes(&mut request, 5, &self.failure());
        put_bytes(&mut request, 6, IDENTITY);
        self.put(&mut request, 8, "resource_id");
        put_number(&mut request, 9, ACTIVITY_CAUSE);
        request
    }

    fn query(&self) -> Vec<u8> {
        let mut request = Vec::new();
        self.put(&mut request, 1, "task_token");
        put_number(&mut request, 2, QUERY_FAILED);
        put_bytes(&mut request, 4, self.report.as_bytes());
        self.put(&mut request, 6, "namespace");
        put_number(&mut request, 8, WORKFLOW_CAUSE);
        self.put(&mut request, 9, "poller_group_id");
        request
    }

    fn nexus(&self) -> Vec<u8> {
        let (mut request, mut error, mut failure) = (Vec::new(), Vec::new(), Vec::new());
        put_bytes(&mut failure, 1, self.report.as_bytes());
        put_bytes(&mut error, 1, b"INTERNAL");
        put_bytes(&mut error, 2, &failure);
        put_number(&mut error, 3, NOT_RETRIED);
        self.put(&mut request, 1, "namespace");
        put_bytes(&mut request, 2, IDENTITY);
        self.put(&mut request, 3, "task_token");
        put_bytes(&mut request, 4, &error);
        self.put(&mut request, 6, "poller_group_id");
        request
    }

    /// Returns `temporal.api.failure.v1.Failure` of an application. It is retryable, as that of the SDKs'
    /// own check: storage may be configured by then.
    fn failure(&self) -> Vec<u8> {
        own_failure(FAILURE_TYPE, self.report, None)
    }

    /// Copies a field of the request.
    fn put(&self, into: &mut Vec<u8>, number: u32, name: &str) {
        if let Some(value) = self.request.bytes(name) {
            put_bytes(into, number, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_wire::{MessageType, Schema};

    use super::*;

    fn method(name: &str) -> cloakroom_wire::Method {
        let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{name}");
        Schema::temporal().method(&path).unwrap()
    }

    /// Fields that name a task.
    const NAMES: [&str; 5] = ["task_token", "namespace", "workflow_id", "run_id", "activity_id"];

    fn names(message: MessageType) -> Vec<&'static str> {
        (1..30).filter_map(|number| message.field_name(number)).collect()
    }

    /// Returns a request with each field that names a task set to the field's name.
    fn request(message: MessageType) -> Vec<u8> {
        let mut request = Vec::new();
        for number in 1..30 {
            if let Some(name) = message.field_name(number).filter(|name| NAMES.contains(name)) {
                put_bytes(&mut request, number, name.as_bytes());
            }
        }
        request
    }

    /// Every field of the request that names the task arrives under the same name.
    #[test]
    fn a_substitute_names_the_same_task() {
        for (name, sent, answer) in [
            ("RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed", None),
            ("RespondWorkflowTaskFailed", "RespondWorkflowTaskFailed", Some(&b""[..])),
            ("RespondQueryTaskCompleted", "RespondQueryTaskCompleted", Some(b"")),
            ("RespondNexusTaskCompleted", "RespondNexusTaskFailed", Some(b"")),
            ("RespondNexusTaskFailed", "RespondNexusTaskFailed", Some(b"")),
            ("RespondActivityTaskCompleted", "RespondActivityTaskFailed", Some(b"")),
            ("RespondActivityTaskFailed", "RespondActivityTaskFailed", Some(b"")),
            ("RespondActivityTaskCanceled", "RespondActivityTaskFailed", Some(b"")),
            ("RespondActivityTaskCompletedById", "RespondActivityTaskFailedById", Some(b"")),
            ("RespondActivityTaskFailedById", "RespondActivityTaskFailedById", Some(b"")),
            ("RespondActivityTaskCanceledById", "RespondActivityTaskFailedById", Some(b"")),
            ("RecordActivityTaskHeartbeat", "RespondActivityTaskFailed", Some(CANCEL)),
            ("RecordActivityTaskHeartbeatById", "RespondActivityTaskFailedById", Some(CANCEL)),
        ] {
            let message = method(name).request;
            let bytes = request(message);
            let substitute = substitute(name, View::new(message, &bytes), "too large", 1).unwrap();
            assert_eq!(substitute.answer, answer, "{name}");
            let (method_name, bytes) = substitute.request.unwrap();
            assert_eq!(method_name, sent, "{name}");
            let message = method(sent).request;
            let view = View::new(message, &bytes);
            let named = |message: MessageType| NAMES.map(|name| names(message).contains(&name));
            for (field, is_there) in NAMES.into_iter().zip(named(method(name).request)) {
                let expected = Some(field).filter(|_| is_there);
                assert_eq!(view.text(field), expected, "{name}: {field}");
            }
        }
    }

    #[test]
    fn clients_get_the_status_alone() {
        for name in ["StartWorkflowExecution", "SignalWorkflowExecution", "QueryWorkflow"] {
            let message = method(name).request;
            assert_eq!(substitute(name, View::new(message, b""), "too large", 1), None);
        }
    }

    #[test]
    fn a_later_attempt_of_a_workflow_task_times_out() {
        let name = "RespondWorkflowTaskCompleted";
        let message = method(name).request;
        for (attempt, is_failed) in [(1, true), (2, false)] {
            let request = View::new(message, b"");
            let substitute = substitute(name, request, "too large", attempt).unwrap();
            assert_eq!((substitute.request.is_some(), substitute.answer), (is_failed, None));
        }
    }
}
