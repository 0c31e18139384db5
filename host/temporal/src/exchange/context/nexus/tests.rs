//! Two operations in one completed task: one for an endpoint of another namespace, one for a URL.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cloakroom_core::Kind;
use cloakroom_wire::{Schema, scan};

use super::*;
use crate::exchange::{context::targets::targets, proto::put_bytes};

fn fields(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    fields.iter().for_each(|(number, value)| put_bytes(&mut message, *number, value));
    message
}

fn found(name: &str, message: Vec<u8>) -> Scan {
    let name = format!("temporal.api.workflowservice.v1.{name}Request");
    scan(Schema::temporal().message(&name).unwrap(), &Bytes::from(message)).unwrap()
}

/// Returns a completed task that calls this endpoint, with a summary beside the command.
fn scheduled(endpoint: &str) -> Scan {
    let payload = fields(&[(2, b"data")]);
    let operation =
        fields(&[(1, endpoint.as_bytes()), (2, b"carrier"), (3, b"carry"), (4, &payload)]);
    let command = fields(&[(18, &operation), (301, &fields(&[(1, &payload)]))]);
    found("RespondWorkflowTaskCompleted", fields(&[(2, &command)]))
}

fn caller(namespace: &str) -> Context {
    Context::namespace(namespace).with_target(Kind::Workflow, "order", "Order", Some("r1"))
}

/// `shop` may call both endpoints.
fn policies() -> NamespacePolicies {
    let callers = || BTreeSet::from(["shop".to_owned()]);
    let payments = NexusEndpoint::of_namespace("billing").with_callers(callers());
    let partner = NexusEndpoint::external_in_plaintext().with_callers(callers());
    let endpoints = [("payments".to_owned(), payments), ("partner".to_owned(), partner)];
    NamespacePolicies::default().with_endpoints(BTreeMap::from(endpoints))
}

fn verdict(namespace: &str, endpoint: &str, binds: bool, is_required: bool) -> String {
    let (found, ctx) = (scheduled(endpoint), caller(namespace));
    match check(&policies(), &found, &ctx, binds, is_required) {
        Ok(()) => "passes".to_owned(),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Denied);
            error.to_string()
        }
    }
}

#[test]
fn an_input_belongs_to_the_operation_and_a_summary_to_the_workflow() {
    let contexts = targets(&caller("shop"), None, &scheduled("payments"));
    let shown: Vec<_> =
        contexts.iter().map(|ctx| (ctx.kind(), ctx.id(), ctx.type_name())).collect();
    let operation = (Some(Kind::Nexus), Some("payments"), Some("carrier/carry"));
    assert_eq!(shown, [operation, (Some(Kind::Workflow), Some("order"), Some("Order"))]);
    assert!(contexts.iter().all(|ctx| ctx.of_target().namespace_name() == Some("shop")));
    // The server's own operations start workflows of the same namespace.
    assert!(targets(&caller("shop"), None, &scheduled(SYSTEM)).is_empty());
}

#[test]
fn an_operation_without_a_workflow_has_the_same_target() {
    let payload = fields(&[(2, b"data")]);
    let start =
        [(1, &b"shop"[..]), (5, b"payments"), (6, b"carrier"), (7, b"carry"), (11, &payload)];
    let found = found("StartNexusOperationExecution", fields(&start));
    let contexts = targets(&Context::namespace("shop"), None, &found);
    assert_eq!(contexts[0].type_name(), Some("carrier/carry"));
    assert_eq!(contexts[0].id(), Some("payments"));
}

#[test]
fn an_endpoint_has_callers() {
    assert_eq!(verdict("shop", "payments", true, true), "passes");
    assert_eq!(verdict("billing", "payments", true, true), "passes");
    assert_eq!(verdict("audit", "payments", false, false), "passes");
    let refused = verdict("audit", "payments", true, false);
    assert!(refused.contains("between namespaces `audit` and `billing`"), "{refused}");
    // Where an external one sends what it gets is nobody's to know.
    assert_eq!(verdict("shop", "partner", false, false), "passes");
    let refused = verdict("audit", "partner", false, false);
    assert!(refused.contains("`audit` is not among the callers of the external"), "{refused}");
}

#[test]
fn an_unknown_endpoint_is_refused_where_a_stage_is_required() {
    let refused = verdict("shop", "nobody", true, true);
    assert!(refused.contains("endpoint `nobody` is not known"), "{refused}");
    assert_eq!(verdict("shop", "nobody", true, false), "passes");
    assert_eq!(verdict("shop", SYSTEM, true, true), "passes");
}

#[test]
fn only_the_input_of_a_plaintext_endpoint_leaves_in_plaintext() {
    let plain = |endpoint: &str| {
        let found = scheduled(endpoint);
        let mut contexts = targets(&caller("shop"), None, &found);
        leave_plaintext(&policies(), &found, &mut contexts);
        contexts.iter().map(Context::is_plaintext).collect::<Vec<_>>()
    };
    assert_eq!(plain("partner"), [true, false]);
    assert_eq!(plain("payments"), [false, false]);
    assert!(plain(SYSTEM).is_empty());
}
