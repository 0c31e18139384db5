//! The tables of `cloakroom-wire` against the descriptors of the locked SDK, and Dapr's protos. A
//! payload field that the protos gain is missed by the gateway until it is in the table: then these
//! tests fail. `cargo xtask wire-table` writes the tables again, and says what changed.

mod dapr;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
};

use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

pub(crate) const SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";

/// Payloads that the server reads, or that it wrote in the clear.
const KEEP: [&str; 7] = [
    "temporal.api.common.v1.SearchAttributes.indexed_fields",
    "temporal.api.compute.v1.ComputeProvider.details",
    "temporal.api.compute.v1.ComputeScaler.details",
    "temporal.api.workflowservice.v1.CountActivityExecutionsResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountNexusOperationExecutionsResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountSchedulesResponse.AggregationGroup.group_values",
    "temporal.api.workflowservice.v1.CountWorkflowExecutionsResponse.AggregationGroup.group_values",
];

/// Bytes that may hold the JSON of a failure.
pub(crate) const JSON: [&str; 1] = ["temporal.api.nexus.v1.Failure.details"];

/// Packages whose messages an `Any` may hold.
pub(crate) const IN_ANY: [&str; 4] = [
    "temporal.api.errordetails.v1.",
    "temporal.api.failure.v1.",
    "temporal.api.protocol.v1.",
    "temporal.api.update.v1.",
];

pub(crate) type Messages = BTreeMap<String, DescriptorProto>;

fn collect(prefix: &str, message: &DescriptorProto, messages: &mut Messages) {
    let name = format!("{prefix}.{}", message.name());
    let name = name.trim_start_matches('.').to_owned();
    for nested in &message.nested_type {
        collect(&name, nested, messages);
    }
    messages.insert(name, message.clone());
}

pub(crate) fn target(field: &FieldDescriptorProto) -> Option<&str> {
    (field.r#type() == Type::Message).then(|| field.type_name().trim_start_matches('.'))
}

/// Returns the descriptors of the locked SDK.
pub(crate) fn descriptors() -> FileDescriptorSet {
    read_descriptors(env!("CLOAKROOM_DESCRIPTORS"))
}

fn read_descriptors(file: &str) -> FileDescriptorSet {
    FileDescriptorSet::decode(&*fs::read(file).unwrap()).unwrap()
}

fn is_repeated(field: &FieldDescriptorProto) -> bool {
    field.label() == Label::Repeated
}

/// Returns all messages by their full names.
pub(crate) fn messages(set: &FileDescriptorSet) -> Messages {
    let mut messages = Messages::new();
    for file in &set.file {
        for message in &file.message_type {
            collect(file.package(), message, &mut messages);
        }
    }
    messages
}

fn reachable(messages: &Messages, mut open: Vec<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        let known = name == "google.protobuf.Any" || !name.starts_with("google.protobuf.");
        if known && messages.contains_key(&name) && found.insert(name.clone()) {
            open.extend(messages[&name].field.iter().filter_map(target).map(str::to_owned));
        }
    }
    found.remove("temporal.api.common.v1.Payload");
    found
}

fn line(message: &str, field: &FieldDescriptorProto) -> String {
    let kind = match target(field) {
        _ if KEEP.contains(&&*format!("{message}.{}", field.name())) => "keep",
        _ if JSON.contains(&&*format!("{message}.{}", field.name())) => "json",
        Some("temporal.api.common.v1.Payload") => "payload",
        Some("google.protobuf.Any") => "any",
        Some("temporal.api.common.v1.DataBlob") => "history",
        Some(name) if name.starts_with("google.protobuf.") => "bytes",
        Some(_) => "message",
        None if matches!(field.r#type(), Type::String | Type::Bytes) => "bytes",
        None => "number",
    };
    let repeated = if is_repeated(field) { "*" } else { "" };
    let target = target(field).filter(|_| kind == "message").map(|name| format!(" {name}"));
    let (number, name) = (field.number(), field.name());
    format!(" {number} {name} {kind}{repeated}{}\n", target.unwrap_or_default())
}

fn table() -> String {
    let set = descriptors();
    let messages = messages(&set);
    let mut table = String::from(
        "# Methods of WorkflowService and the message types in reach, from the descriptors of temporalio-protos 0.10.2.\n",
    );
    let mut roots =
        ["google.rpc.Status", "temporal.api.history.v1.History"].map(str::to_owned).to_vec();
    for file in &set.file {
        for service in &file.service {
            if format!("{}.{}", file.package(), service.name()) != SERVICE {
                continue;
            }
            for method in &service.method {
                let types = [method.input_type(), method.output_type()];
                let [request, response] = types.map(|name| name.trim_start_matches('.').to_owned());
                table += &format!("rpc /{SERVICE}/{} {request} {response}\n", method.name());
                roots.extend([request, response]);
            }
        }
    }
    let in_any = |name: &&String| IN_ANY.iter().any(|package| name.starts_with(package));
    roots.extend(messages.keys().filter(in_any).cloned());
    for name in reachable(&messages, roots) {
        table += &format!("message {name}\n");
        let mut fields: Vec<_> = messages[&name].field.iter().collect();
        fields.sort_by_key(|field| field.number());
        table.extend(fields.into_iter().map(|field| line(&name, field)));
    }
    table
}

/// Compares a table of `host/wire` with what was made from descriptors, or writes it.
#[track_caller]
fn check_table(name: &str, made: &str) {
    let file = format!("{}/../host/wire/src/{name}", env!("CARGO_MANIFEST_DIR"));
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, made).unwrap();
    }
    let kept = fs::read_to_string(file).unwrap();
    let missing = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(made == kept, "the table differs first at {missing:?}; run cargo xtask wire-table");
}

#[test]
fn the_table_is_made_from_the_descriptors_of_the_locked_sdk() {
    check_table("temporal.txt", &table());
}
