//! One completed task with a command of each kind.

use bytes::Bytes;
use cloakroom_wire::{Schema, scan};

use super::*;
use crate::exchange::{
    context::task_parent::{Parent, ParentExecution},
    proto::put_bytes,
};

fn fields(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    fields.iter().for_each(|(number, value)| put_bytes(&mut message, *number, value));
    message
}

/// Returns `Payloads` with one payload.
fn payloads() -> Vec<u8> {
    fields(&[(1, &fields(&[(2, b"data")]))])
}

fn found(name: &str, message: Vec<u8>) -> Scan {
    let name = format!("temporal.api.workflowservice.v1.{name}Request");
    scan(Schema::temporal().message(&name).unwrap(), &Bytes::from(message)).unwrap()
}

/// Returns a completed task with commands of these attributes.
fn completed(commands: &[(u32, &[u8])]) -> Scan {
    let commands: Vec<_> =
        commands.iter().map(|command| fields(&[*command])).map(|command| (2, command)).collect();
    let commands: Vec<_> = commands.iter().map(|(number, bytes)| (*number, &bytes[..])).collect();
    found("RespondWorkflowTaskCompleted", fields(&commands))
}

fn current() -> Context {
    Context::namespace("shop").with_target(Kind::Workflow, "order", "Order", Some("r1"))
}

/// Returns namespace, id, type and run of each target.
fn shown(targets: &[Context]) -> Vec<[String; 4]> {
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let show = |target: &Context| {
        let target = target.of_target();
        let ids = [target.namespace_name(), target.id(), target.type_name(), target.run_id()];
        ids.map(text)
    };
    targets.iter().map(show).collect()
}

#[test]
fn each_command_has_the_target_that_reads_it() {
    let (input, name) = (payloads(), fields(&[(1, b"Other")]));
    let addressed = fields(&[(1, b"target"), (2, b"r9")]);
    let found = completed(&[
        (2, &fields(&[(1, b"a-1"), (6, &input)])),
        (12, &fields(&[(1, b"billing"), (2, b"child"), (3, &name), (5, &input)])),
        (13, &fields(&[(2, &addressed), (4, &input)])),
        (11, &fields(&[(1, &name), (3, &input)])),
        (11, &fields(&[(3, &input)])),
    ]);
    let targets = targets(&current(), None, &found);
    let expected = [
        ["shop", "order", "Order", "r1"],
        ["billing", "child", "Other", "-"],
        ["shop", "target", "-", "r9"],
        ["shop", "order", "Other", "-"],
        ["shop", "order", "Order", "-"],
    ];
    assert_eq!(shown(&targets), expected);
    // Encoded for the sender in every case.
    assert!(targets.iter().all(|target| target.namespace_name() == Some("shop")));
}

#[test]
fn a_child_and_a_run_that_continues_have_their_own_queue_or_the_workflows() {
    let (input, bulk) = (payloads(), fields(&[(1, b"bulk")]));
    let found = completed(&[
        (12, &fields(&[(2, b"child"), (4, &bulk), (5, &input)])),
        (12, &fields(&[(2, b"child"), (5, &input)])),
        (11, &fields(&[(2, &bulk), (3, &input)])),
        (11, &fields(&[(3, &input)])),
        (13, &fields(&[(2, &fields(&[(1, b"target")])), (4, &input)])),
    ]);
    let targets = targets(&current().with_task_queue("orders"), None, &found);
    let queues: Vec<_> = targets.iter().map(Context::task_queue).collect();
    assert_eq!(queues, [Some("bulk"), Some("orders"), Some("bulk"), Some("orders"), None]);
}

#[test]
fn a_result_belongs_to_the_parent_unless_the_run_continues_another() {
    let input = payloads();
    let found = completed(&[(4, &fields(&[(1, &input)])), (8, &fields(&[(1, &input)]))]);
    let execution = |namespace: &str| ParentExecution {
        namespace: namespace.to_owned(),
        workflow_id: "parent".to_owned(),
        run_id: "r0".to_owned(),
    };
    let mut parent = Parent { execution: Some(execution("billing")), ..Parent::default() };
    let of_parent = |parent: &Parent| shown(&targets(&current(), Some(parent), &found));
    // The details of a cancellation stay with the workflow, and yet the parent reads them.
    let cancelled = ["billing", "order", "Order", "r1"];
    assert_eq!(of_parent(&parent), [["billing", "parent", "-", "r0"], cancelled]);
    parent.is_continued = true;
    assert_eq!(of_parent(&parent), [cancelled, cancelled]);
    assert!(targets(&current(), Some(&Parent::default()), &found).is_empty());
    assert!(targets(&current(), None, &found).is_empty(), "no list where nothing differs");
}

#[test]
fn requests_inside_a_request_name_their_own_workflow() {
    let (input, name) = (payloads(), fields(&[(1, b"Report")]));
    let start = fields(&[(2, b"report"), (3, &name), (5, &input)]);
    let operation = fields(&[(1, &start)]);
    let found = found("ExecuteMultiOperation", fields(&[(1, b"shop"), (2, &operation)]));
    let targets = targets(&Context::namespace("shop"), None, &found);
    assert_eq!(shown(&targets), [["shop", "report", "Report", "-"]]);
}
