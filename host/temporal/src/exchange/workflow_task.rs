//! Workflow tasks in the answers to calls, wherever they lie.

use bytes::Bytes;
use cloakroom_wire::{MessageType, Schema, View};

use super::proto::put_bytes;

/// Method that starts a workflow and updates it. The start may be answered with a workflow task.
pub(super) const MULTI_OPERATION: &str = "ExecuteMultiOperation";

const OPERATION: &str = "temporal.api.workflowservice.v1.ExecuteMultiOperationResponse.Response";

/// Number of the answers to operations in that of the whole call.
const RESPONSES: u32 = 1;

/// Numbers of the fields that lead to the workflow task in the answer to a method.
fn path(method: &str) -> Option<&'static [u32]> {
    match method {
        MULTI_OPERATION => Some(&[RESPONSES, 1, 2]),
        "PollWorkflowTaskQueue" => Some(&[]),
        "RespondWorkflowTaskCompleted" => Some(&[1]),
        "StartWorkflowExecution" => Some(&[2]),
        _ => None,
    }
}

/// Returns the workflow task in the answer to this method, if it has one.
pub(super) fn workflow_task<'a>(method: &str, answer: View<'a>) -> Option<View<'a>> {
    match method {
        MULTI_OPERATION => {
            let operation = Schema::temporal().message(OPERATION)?;
            let fields = answer.fields().into_iter().filter(|field| field.number == RESPONSES);
            let mut operations =
                fields.filter_map(|field| Some(View::new(operation, field.content?)));
            let start = operations.find_map(|operation| operation.message("start_workflow"))?;
            start.message("eager_workflow_task")
        }
        "PollWorkflowTaskQueue" => Some(answer),
        "RespondWorkflowTaskCompleted" => answer.message("workflow_task"),
        "StartWorkflowExecution" => answer.message("eager_workflow_task"),
        _ => None,
    }
}

/// Returns the answer to this method with another workflow task, or without one.
pub(super) fn with_task(
    method: &str,
    message: MessageType,
    answer: &[u8],
    task: Option<&[u8]>,
) -> Option<Bytes> {
    Some(replace(message, answer, path(method)?, task).into())
}

/// Returns a message with another content of the field at the end of a path. Raw fields are read without
/// a type, so that of the outermost message serves for all.
fn replace(message: MessageType, bytes: &[u8], path: &[u32], task: Option<&[u8]>) -> Vec<u8> {
    let Some((number, below)) = path.split_first() else {
        return task.unwrap_or_default().to_vec();
    };
    let size = bytes.len() + task.map_or(0, <[u8]>::len);
    let mut written = Vec::with_capacity(size);
    for field in View::new(message, bytes).fields() {
        let content = field.content.filter(|content| {
            // Of several operations, only the start leads to a task.
            field.number == *number && (below.len() < 2 || has(message, content, below))
        });
        match content {
            None => written.extend_from_slice(field.whole),
            Some(_) if below.is_empty() => {}
            Some(content) => {
                put_bytes(&mut written, *number, &replace(message, content, below, task));
            }
        }
    }
    if let Some(task) = task.filter(|_| below.is_empty()) {
        put_bytes(&mut written, *number, task);
    }
    written
}

/// Returns whether a message has the first field of a path.
fn has(message: MessageType, bytes: &[u8], path: &[u32]) -> bool {
    let fields = View::new(message, bytes).fields();
    fields.iter().any(|field| path.first() == Some(&field.number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::SERVICE;

    fn message(number: u32, content: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        put_bytes(&mut message, number, content);
        message
    }

    #[test]
    fn a_task_is_found_replaced_and_taken_out_wherever_it_lies() {
        let task = message(1, b"token");
        let run = message(1, b"run");
        let started = [run.clone(), message(2, &task)].concat();
        // The answer to the update before that to the start, and its field 2 is no task.
        let updated = message(1, &message(2, &message(2, b"outcome")));
        let operations = |start: &[u8]| [updated.clone(), message(1, &message(1, start))].concat();
        for (name, answer, without) in [
            (MULTI_OPERATION, operations(&started), operations(&run)),
            ("PollWorkflowTaskQueue", task.clone(), Vec::new()),
            ("RespondWorkflowTaskCompleted", message(1, &task), Vec::new()),
            ("StartWorkflowExecution", started.clone(), run.clone()),
        ] {
            let response = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap().response;
            let found = |bytes| {
                let task = workflow_task(name, View::new(response, bytes));
                task.and_then(|task| task.bytes("task_token"))
            };
            assert_eq!(found(&answer), Some(&b"token"[..]), "{name}");
            let taken = with_task(name, response, &answer, None).unwrap();
            assert_eq!(taken, without, "{name}");
            assert_eq!(found(&taken), None, "{name}");
            let other = with_task(name, response, &taken, Some(&message(1, b"other"))).unwrap();
            assert_eq!(found(&other), Some(&b"other"[..]), "{name}");
            assert_eq!(with_task(name, response, &taken, Some(&task)).unwrap(), answer, "{name}");
        }
        assert!(
            with_task("QueryWorkflow", Schema::temporal().message(OPERATION).unwrap(), b"", None)
                .is_none()
        );
    }
}
