//! The table of Dapr's messages against its protos (`tests/protos/dapr`), which are those of
//! durabletask-protobuf of June 2026 and of Dapr 1.18.1. A text that the protos gain is no payload and
//! no exception yet: then these tests fail.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{FieldDescriptorProto, field_descriptor_proto::Type};

use super::{Messages, check_table, is_repeated, read_descriptors, target};

/// Payloads and texts of failures that are a `StringValue`.
const PAYLOADS: [&str; 28] = [
    "ActivityRequest.input",
    "ActivityResponse.result",
    "ChildWorkflowInstanceCompletedEvent.result",
    "ChildWorkflowInstanceCreatedEvent.input",
    "CompleteWorkflowAction.details",
    "CompleteWorkflowAction.result",
    "ContinueAsNewEvent.input",
    "CreateChildWorkflowAction.input",
    "CreateDetachedWorkflowAction.input",
    "CreateInstanceRequest.input",
    "EventRaisedEvent.input",
    "EventSentEvent.input",
    "ExecutionCompletedEvent.result",
    "ExecutionStartedEvent.input",
    "ExecutionTerminatedEvent.input",
    "RaiseEventRequest.input",
    "RerunWorkflowFromEventRequest.input",
    "ScheduleTaskAction.input",
    "SendEventAction.data",
    "TaskCompletedEvent.result",
    "TaskFailureDetails.stackTrace",
    "TaskScheduledEvent.input",
    "TerminateRequest.output",
    "TerminateWorkflowAction.reason",
    "WorkflowResponse.customStatus",
    "WorkflowState.customStatus",
    "WorkflowState.input",
    "WorkflowState.output",
];

/// Payloads and texts of failures that are a field of their own.
const TEXTS: [&str; 4] = [
    "TaskFailureDetails.errorMessage",
    "dapr.proto.runtime.v1.GetWorkflowResponse.PropertiesEntry.value",
    "dapr.proto.runtime.v1.RaiseEventWorkflowRequest.event_data",
    "dapr.proto.runtime.v1.StartWorkflowRequest.input",
];

/// Texts that stay as they are, with the reason.
const KEPT: [(&str, &str); 9] = [
    ("executionId", "Dapr compares it"),
    ("name", "Dapr finds the parent by it"),
    ("newVersion", "Dapr finds the code by it"),
    ("parentAppId", "Dapr finds the parent by it"),
    ("parentInstanceId", "Dapr finds the parent by it"),
    ("reason", "operators read it, and Dapr logs it: the reason of a suspension or a resumption"),
    ("traceState", "Dapr sends it to the tracing backend"),
    ("version", "Dapr finds the code by it"),
    ("workflowSpanID", "Dapr sends it to the tracing backend"),
];

/// Texts that stay as they are in one message, with the reason.
const KEPT_IN: [(&str, &str); 2] = [
    ("ExecutionResumedEvent.input", "it is the reason of `ResumeRequest`, which stays as it is"),
    ("ExecutionSuspendedEvent.input", "it is the reason of `SuspendRequest`, which stays as it is"),
];

const STRING: &str = "google.protobuf.StringValue";

/// Signed pieces of histories of other workflows. They are opened only where nobody signed them.
const CHUNKS: &str = "PropagatedHistory.chunks";

/// The type that the bytes of a piece hold.
const EVENT: &str = "HistoryEvent";

const DAPR: &str = "dapr.proto.runtime.v1";

/// Methods of the service `Dapr` for workflows, with the message that each is called with and its
/// answer. The protos of the whole service are many, and hold no other payload of a workflow.
const METHODS: [(&str, &str, &str); 7] = [
    ("StartWorkflow", "StartWorkflowRequest", "StartWorkflowResponse"),
    ("GetWorkflow", "GetWorkflowRequest", "GetWorkflowResponse"),
    ("PurgeWorkflow", "PurgeWorkflowRequest", ""),
    ("TerminateWorkflow", "TerminateWorkflowRequest", ""),
    ("PauseWorkflow", "PauseWorkflowRequest", ""),
    ("ResumeWorkflow", "ResumeWorkflowRequest", ""),
    ("RaiseEventWorkflow", "RaiseEventWorkflowRequest", ""),
];

fn is_payload(field: &str) -> bool {
    PAYLOADS.contains(&field) || TEXTS.contains(&field)
}

fn line(message: &str, field: &FieldDescriptorProto) -> String {
    let full = format!("{message}.{}", field.name());
    let kind = match target(field) {
        Some(STRING) if is_payload(&full) => "message",
        Some(STRING) => "bytes",
        Some(_) if full == CHUNKS => "chunk",
        Some(name) if name.starts_with("google.protobuf.") => "bytes",
        Some(_) => "message",
        None if is_payload(&full) => "text",
        None if matches!(field.r#type(), Type::String | Type::Bytes) => "bytes",
        None => "number",
    };
    let repeated = if is_repeated(field) { "*" } else { "" };
    let is_named = matches!(kind, "message" | "chunk");
    let target = target(field).filter(|_| is_named).map(|name| format!(" {name}"));
    format!(" {} {} {kind}{repeated}{}\n", field.number(), field.name(), target.unwrap_or_default())
}

/// Returns the methods of both services: path, request and answer.
fn methods(set: &prost_types::FileDescriptorSet) -> Vec<[String; 3]> {
    let services = set.file.iter().flat_map(|file| &file.service);
    let own = services.flat_map(|service| {
        service.method.iter().map(|method| {
            let types = [method.input_type(), method.output_type()];
            let [request, answer] = types.map(|name| name.trim_start_matches('.').to_owned());
            [format!("/{}/{}", service.name(), method.name()), request, answer]
        })
    });
    let of_dapr = METHODS.iter().flat_map(|(name, request, answer)| {
        ["Alpha1", "Beta1"].map(|version| {
            let answer = match *answer {
                "" => "google.protobuf.Empty".to_owned(),
                answer => format!("{DAPR}.{answer}"),
            };
            [format!("/{DAPR}.Dapr/{name}{version}"), format!("{DAPR}.{request}"), answer]
        })
    });
    own.chain(of_dapr).collect()
}

fn messages() -> (prost_types::FileDescriptorSet, Messages) {
    let set = read_descriptors(env!("CLOAKROOM_DAPR_DESCRIPTORS"));
    let messages = super::messages(&set);
    (set, messages)
}

/// Returns the names of all messages within reach of the methods.
fn reachable(messages: &Messages, mut open: Vec<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        let is_known = [STRING, "google.protobuf.Empty"].contains(&&*name)
            || !name.starts_with("google.protobuf.");
        if is_known && messages.contains_key(&name) && found.insert(name.clone()) {
            open.extend(messages[&name].field.iter().filter_map(target).map(str::to_owned));
        }
    }
    found
}

fn table() -> String {
    let (set, messages) = messages();
    let mut table = String::from(
        "# Methods for workflows and the message types in reach, from the protos in tests/protos/dapr.\n",
    );
    let mut roots = vec![EVENT.to_owned()];
    for [path, request, answer] in methods(&set) {
        table += &format!("rpc {path} {request} {answer}\n");
        roots.extend([request, answer]);
    }
    for name in reachable(&messages, roots) {
        table += &format!("message {name}\n");
        let mut fields: Vec<_> = messages[&name].field.iter().collect();
        fields.sort_by_key(|field| field.number());
        if name == STRING {
            table += " 1 value text\n";
        } else {
            table.extend(fields.into_iter().map(|field| line(&name, field)));
        }
    }
    table
}

#[test]
fn the_table_is_made_from_the_protos_of_dapr() {
    check_table("dapr.txt", &table());
}

/// Each text is named above, so that a new one is not overlooked.
#[test]
fn every_text_of_dapr_is_a_payload_or_kept_for_a_reason() {
    let (set, messages) = messages();
    let roots = methods(&set).into_iter().flat_map(|[_, request, answer]| [request, answer]);
    let in_reach = reachable(&messages, roots.chain([EVENT.to_owned()]).collect());
    let (mut unknown, mut seen) = (Vec::new(), BTreeSet::new());
    for name in &in_reach {
        for field in &messages[name].field {
            let full = format!("{name}.{}", field.name());
            let is_text = target(field) == Some(STRING);
            let is_kept = is_text
                && (KEPT.iter().any(|(kept, _)| *kept == field.name())
                    || KEPT_IN.iter().any(|(kept, _)| *kept == full));
            if is_payload(&full) {
                seen.insert(full);
            } else if is_text && !is_kept {
                unknown.push(full);
            }
        }
    }
    assert!(unknown.is_empty(), "neither payload nor kept: {unknown:?}");
    let listed: BTreeSet<_> =
        PAYLOADS.iter().chain(&TEXTS).map(|name| (*name).to_owned()).collect();
    assert_eq!(seen, listed, "listed, but not in the protos");
}

/// The gateway names fields and messages by these names. None may go.
#[test]
fn the_table_has_what_is_read_by_name() {
    let schema = cloakroom_wire::Schema::dapr();
    let read = BTreeMap::from([
        ("WorkItem", &["workflowRequest", "activityRequest", "completionToken"][..]),
        ("WorkflowRequest", &["instanceId", "pastEvents", "newEvents", "propagatedHistory"]),
        ("ActivityRequest", &["name", "workflowInstance", "taskId"]),
        ("HistoryEvent", &["executionStarted", "taskScheduled", "router"]),
    ]);
    for (message, names) in read {
        let message = schema.message(message).unwrap();
        let known: BTreeSet<_> = (0..64).filter_map(|number| message.field_name(number)).collect();
        assert!(names.iter().all(|name| known.contains(name)), "{message:?}: {known:?}");
    }
    assert_eq!(schema.methods().count(), 17 + 14);
}
