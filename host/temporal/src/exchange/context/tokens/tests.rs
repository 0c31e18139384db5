//! Tasks as the server hands them out.

use super::*;
use crate::exchange::proto::{put_bytes, put_number};

/// Returns a message of fields with a length.
fn fields(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    fields.iter().for_each(|(number, value)| put_bytes(&mut message, *number, value));
    message
}

fn event(id: u64, number: u32, attributes: &[u8]) -> Vec<u8> {
    let mut event = Vec::new();
    put_number(&mut event, 1, id);
    put_bytes(&mut event, number, attributes);
    event
}

/// Returns a task of a child of `invoice` in `billing`.
fn workflow_task(token: &[u8]) -> Vec<u8> {
    let parent = fields(&[(1, b"invoice"), (2, b"r0")]);
    let queue = fields(&[(1, b"q")]);
    let first = event(1, 6, &fields(&[(2, b"billing"), (3, &parent), (5, &queue)]));
    let mut started = Vec::new();
    put_number(&mut started, 5, 4711);
    let history = fields(&[(1, &first), (1, &event(3, 11, &started))]);
    let (execution, workflow_type) =
        (fields(&[(1, b"order-1"), (2, b"r1")]), fields(&[(1, b"Order")]));
    fields(&[(1, token), (2, &execution), (3, &workflow_type), (8, &history), (11, &queue)])
}

fn activity_task(token: &[u8], more: &[(u32, &[u8])]) -> Vec<u8> {
    let name = fields(&[(1, b"Charge")]);
    [fields(&[(1, token), (5, &name), (6, b"a-1")]), fields(more)].concat()
}

fn learned(name: &str, answer: &[u8]) -> Tokens {
    let full = format!("temporal.api.workflowservice.v1.{name}Response");
    let message = Schema::temporal().message(&full).unwrap();
    let tokens = Tokens::default();
    tokens.learn(name, "shop", View::new(message, answer));
    tokens
}

#[test]
fn a_token_leads_to_its_workflow_and_its_parent() {
    let tokens = learned("PollWorkflowTaskQueue", &workflow_task(b"t1"));
    let task = tokens.task("shop", b"t1").unwrap();
    assert_eq!((task.history_size, &*task.task_queue), (4711, "q"));
    let expected =
        Context::namespace("shop").with_target(Kind::Workflow, "order-1", "Order", Some("r1"));
    assert_eq!(task.context(), expected.with_task_queue("q"));
    let parent = tokens.parent("shop", "r1").unwrap();
    let parent = parent.execution.as_ref().unwrap();
    let names = [&parent.namespace, &parent.workflow_id, &parent.run_id];
    assert_eq!(names, ["billing", "invoice", "r0"]);
    // Nobody but the namespace that the token was handed to.
    assert_eq!(tokens.task("other", b"t1"), None);
    assert_eq!(tokens.task("shop", b"t2"), None);
    assert!(tokens.parent("other", "r1").is_none());
}

#[test]
fn tasks_inside_an_answer_are_remembered_too() {
    let (execution, name) = (fields(&[(1, b"order-1"), (2, b"r1")]), fields(&[(1, b"Order")]));
    let eager = activity_task(b"a1", &[(3, &name), (4, &execution)]);
    let alone = activity_task(b"a2", &[(20, b"r9")]);
    let answer = fields(&[(1, &workflow_task(b"t1")), (2, &eager), (2, &alone)]);
    let tokens = learned("RespondWorkflowTaskCompleted", &answer);
    let [task, eager, alone] =
        [&b"t1"[..], b"a1", b"a2"].map(|token| tokens.task("shop", token).unwrap().context());
    assert_eq!(task, eager, "an activity's result is read by its workflow");
    let expected =
        Context::namespace("shop").with_target(Kind::Activity, "a-1", "Charge", Some("r9"));
    assert_eq!(alone, expected);
}
