//! The rewriter of gRPC messages: no byte is lost, whatever the message.

mod json;

use bytes::Bytes;
use cloakroom_wire::{MessageType, Scan, Schema, WireErrorKind, scan, set_number, splice};
use prost::Message;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryResponse, RespondWorkflowTaskCompletedRequest,
    StartWorkflowExecutionRequest,
};

use crate::input::Input;

/// Message types; the first byte of the input selects one.
const TYPES: [&str; 4] = [
    "temporal.api.workflowservice.v1.StartWorkflowExecutionRequest",
    "temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse",
    "temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest",
    "temporal.api.workflowservice.v1.DescribeNamespaceResponse",
];

/// Payloads that take the place of others: of other sizes, and no messages within a payload.
const SMALL: &[u8] = b"";
const LARGE: &[u8] = &[0x12; 300];

/// Scans and rewrites a message, or the JSON of a Nexus failure.
pub(crate) fn wire(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = usize::from(input.byte()) % (TYPES.len() + 1);
    let bytes = Bytes::copy_from_slice(input.rest());
    let Some(name) = TYPES.get(kind) else { return json::json(&bytes) };
    let message = Schema::temporal().message(name).expect("is in the table");
    let parsed = StartWorkflowExecutionRequest::decode(&*bytes).is_ok();
    match scan(message, &bytes) {
        Ok(found) => {
            let written = rewrite(&found);
            let is_same = match kind {
                0 => same::<StartWorkflowExecutionRequest>(&bytes, &written),
                1 => same::<GetWorkflowExecutionHistoryResponse>(&bytes, &written),
                2 => same::<RespondWorkflowTaskCompletedRequest>(&bytes, &written),
                _ => true,
            };
            assert!(is_same, "another parser reads another message");
        }
        // This message has no `Any` and no history: its contents are all that a parser reads.
        Err(error) if kind == 0 && parsed => {
            let is_twice = matches!(error.kind(), WireErrorKind::Twice(_));
            assert!(is_twice, "refuses what a parser takes: {error}");
        }
        Err(_) => {}
    }
    let path = ["namespace_info", "limits", "blob_size_limit_error"];
    if let Ok(written) = set_number(message, &bytes, &path, 77) {
        assert!(written.len() >= bytes.len());
    }
}

/// Writes the message with other payloads, and with its own again. Returns that one, whose lengths
/// have their shortest form where the payloads are.
pub(super) fn rewrite(found: &Scan) -> Bytes {
    let count = found.sites().len();
    let own: Vec<_> = (0..count).map(|site| Some(found.payload(site))).collect();
    assert_eq!(&splice(found, own.clone()).expect("fits"), found.bytes(), "the same payloads");
    assert_eq!(&splice(found, vec![None; count]).expect("fits"), found.bytes(), "no payloads");
    for site in 0..count {
        assert!(found.around(site).last().is_some() && !found.path(site).contains('?'));
    }
    let mut message = found.bytes().clone();
    for size in [SMALL, LARGE] {
        let there = replaced(found.root().message_type(), message, size);
        message = splice(&there, own.clone()).expect("fits");
    }
    assert!(message.len() <= found.bytes().len(), "longer than it was");
    let again = scanned(found.root().message_type(), &message);
    assert!((0..count).all(|site| Some(again.payload(site)) == own[site]), "other payloads");
    assert_eq!(again.unknown(), found.unknown(), "unknown fields are lost");
    let canonical = splice(&replaced(found.root().message_type(), message.clone(), LARGE), own);
    assert_eq!(canonical.expect("fits"), message, "changes once more");
    message
}

fn replaced(message: MessageType, bytes: Bytes, payload: &'static [u8]) -> Scan {
    let found = scanned(message, &bytes);
    let payloads = vec![Some(Bytes::from_static(payload)); found.sites().len()];
    let written = scanned(message, &splice(&found, payloads).expect("fits"));
    assert_eq!(written.sites().len(), found.sites().len(), "payloads come or go");
    assert!((0..found.sites().len()).all(|site| written.payload(site) == payload));
    written
}

fn scanned(message: MessageType, bytes: &Bytes) -> Scan {
    scan(message, bytes).expect("reads what it wrote")
}

/// Returns whether both messages are the same to a parser, or both none.
pub(super) fn same<M: Message + Default + PartialEq + Clone>(before: &[u8], after: &[u8]) -> bool {
    match (M::decode(before), M::decode(after)) {
        (Ok(before), Ok(after)) => {
            // A message with a number that is not one does not equal itself.
            let is_equal = before.clone() == before;
            before == after || !is_equal
        }
        (Err(_), Err(_)) => true,
        _ => false,
    }
}
