//! Scanning and splicing of messages that a test fills from the schema, and of hostile ones.

#![expect(clippy::expect_used, reason = "helpers of tests")]

mod protobuf;

use bytes::{Bytes, BytesMut};
use cloakroom_wire::{
    Edit, MessageType, Method, ScanLimits, Schema, WireErrorKind, apply, scan, scan_within,
    set_number, splice,
};

use self::protobuf::{field, nested, varint};

fn method(name: &str) -> Method {
    let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{name}");
    Schema::temporal().method(&path).expect("is in the table")
}

fn request(name: &str) -> MessageType {
    method(name).request
}

fn response(name: &str) -> MessageType {
    method(name).response
}

const PAYLOAD: &[u8] = b"\x12\x02hi";

#[test]
fn replaces_payloads_and_keeps_every_other_byte() {
    let message = request("SignalWorkflowExecution");
    // Unknown field 900, a length in long form, a group, then the input with two payloads.
    let before =
        [&field(900, b"new")[..], b"\x0a\x84\x00shop", b"\xfb\x3e\x08\x01\xfc\x3e"].concat();
    let input =
        |payloads: [&[u8]; 2]| field(4, &payloads.map(|payload| field(1, payload)).concat());
    let bytes = Bytes::from([&before[..], &input([PAYLOAD, b""])].concat());
    let found = scan(message, &bytes).unwrap();
    assert_eq!(found.sites().len(), 2);
    assert_eq!((found.payload(0), found.payload(1)), (PAYLOAD.into(), Bytes::new()));
    assert_eq!(found.path(1), "SignalWorkflowExecutionRequest.input.payloads");
    let unknown: Vec<_> = found.unknown().iter().map(|field| (field.number, field.count)).collect();
    assert_eq!(unknown, [(900, 1), (1007, 1)]);

    let large = vec![7; 300];
    let written = splice(&found, vec![Some(large.clone().into()), None]).unwrap();
    assert_eq!(written, [&before[..], &input([&large, b""])].concat());
    let again = scan(message, &written).unwrap();
    assert_eq!(again.payload(0), large);

    let same = vec![Some(PAYLOAD.into()), Some(Bytes::new())];
    assert_eq!(splice(&found, same).unwrap(), bytes);
    assert_eq!(splice(&found, vec![None, None]).unwrap().as_ptr(), bytes.as_ptr());
    let error = splice(&found, vec![]).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Count { payloads: 2, replacements: 0 });
}

#[test]
fn opens_any_histories_failures_and_maps() {
    let schema = Schema::temporal();
    let url = b"type.googleapis.com/temporal.api.update.v1.Request";
    // input.args.payloads
    let value = nested(&[2, 3, 1], PAYLOAD);
    let update = [field(2, &value), field(1, url)].concat();
    let poll = schema.message("temporal.api.protocol.v1.Message").unwrap();
    let found = scan(poll, &field(5, &update)).unwrap();
    assert_eq!(found.payload(0), PAYLOAD, "the type may follow the value");

    let stranger = [field(1, b"x/stranger"), field(2, &value)].concat();
    let found = scan(poll, &field(5, &stranger)).unwrap();
    assert_eq!((found.sites().len(), found.unknown().len()), (0, 1));

    // events.workflow_execution_signaled_event_attributes.input.payloads
    let event = schema.message("temporal.api.history.v1.HistoryEvent").unwrap();
    let number = (1..400).find(|&number| {
        event.field_name(number) == Some("workflow_execution_signaled_event_attributes")
    });
    let history = nested(&[1, number.unwrap(), 2, 1], PAYLOAD);
    for (encoding, sites) in [(1, 1), (2, 0)] {
        let blob = [&[8, encoding][..], &field(2, &history)].concat();
        let answer = response("GetWorkflowExecutionHistory");
        let found = scan(answer, &field(2, &blob)).unwrap();
        assert_eq!(found.sites().len(), sites, "encoding {encoding}");
    }

    let failure = schema.message("temporal.api.failure.v1.Failure").unwrap();
    // cause.cause.encoded_attributes
    let found = scan(failure, &nested(&[4, 4, 20], PAYLOAD)).unwrap();
    assert_eq!(found.path(0), "Failure.cause.cause.encoded_attributes");

    let memo = schema.message("temporal.api.common.v1.Memo").unwrap();
    let entry = [field(1, b"key"), field(2, PAYLOAD)].concat();
    let found = scan(memo, &[field(1, &entry), field(1, &entry)].concat().into()).unwrap();
    assert_eq!(found.path(1), "Memo.fields[1].value");
    let attributes = schema.message("temporal.api.common.v1.SearchAttributes").unwrap();
    assert_eq!(scan(attributes, &field(1, &entry)).unwrap().sites().len(), 0);
}

#[test]
fn names_message_and_offset_of_what_is_malformed() {
    let message = request("SignalWorkflowExecution");
    for (bytes, expected) in [
        (
            &b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x10"[..],
            WireErrorKind::Length { length: 1 << 60, left: 0 },
        ),
        (b"\x22\x03\x0a\x05h", WireErrorKind::Length { length: 5, left: 1 }),
        (b"\x00", WireErrorKind::FieldNumber),
        (b"\x0f", WireErrorKind::WireType(7)),
        (b"\xfb\x3e\xf4\x3e", WireErrorKind::Group),
        (b"\xfb\x3e", WireErrorKind::Group),
        (b"\x0a", WireErrorKind::Varint),
    ] {
        let error = scan(message, &Bytes::from_static(bytes)).unwrap_err();
        assert_eq!(error.kind(), expected, "{bytes:?}");
    }
    let error = scan(message, &Bytes::from_static(b"\x22\x03\x0a\x05h")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "temporal.api.common.v1.Payloads at byte 3: a field states 5 bytes, and 1 are left"
    );
}

#[test]
fn bounds_nesting_and_payloads() {
    let failure = Schema::temporal().message("temporal.api.failure.v1.Failure").unwrap();
    let deep = |depth| {
        // Built from the inside by prepending, reversed at the end.
        let mut bytes = Vec::new();
        for _ in 0..depth {
            let mut head = BytesMut::new();
            varint(4 << 3 | 2, &mut head);
            varint(bytes.len() as u64, &mut head);
            bytes.extend(head.iter().rev());
        }
        bytes.reverse();
        Bytes::from(bytes)
    };
    assert_eq!(scan(failure, &deep(9_999)).unwrap().spans().count(), 10_000);
    let error = scan(failure, &deep(10_000)).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Nesting(10_000));
    let groups = Bytes::from([0xa3, 0x06].repeat(20_000));
    assert_eq!(scan(failure, &groups).unwrap_err().kind(), WireErrorKind::Nesting(10_000));

    let payloads = Schema::temporal().message("temporal.api.common.v1.Payloads").unwrap();
    let many = Bytes::from(b"\x0a\x00".repeat(1_000_001));
    let error = scan(payloads, &many).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Payloads(1_000_000));
    let limits = ScanLimits { payloads: 2, ..ScanLimits::default() };
    assert!(scan_within(&limits, payloads, &many.slice(..4)).is_ok());
    assert!(scan_within(&limits, payloads, &many.slice(..6)).is_err());
}

#[test]
fn sets_numbers_and_makes_edits() {
    let message = response("DescribeNamespace");
    let path = ["namespace_info", "limits", "blob_size_limit_error"];
    let limit = |bytes: &Bytes| {
        let found = scan(message, bytes).unwrap();
        let limits = found.root().message("namespace_info")?.message("limits")?;
        limits.number("blob_size_limit_error")
    };
    let named = field(1, &field(1, b"shop"));
    for before in [Bytes::new(), named.clone(), nested(&[1, 8], b"\x08\x05"), field(1, &[0x0a; 0])]
    {
        let after = set_number(message, &before, &path, 1 << 40).unwrap();
        assert_eq!(limit(&after), Some(1 << 40), "{before:?}");
    }
    let after = set_number(message, &named, &path, 7).unwrap();
    let info = scan(message, &after)
        .unwrap()
        .root()
        .message("namespace_info")
        .unwrap()
        .text("name")
        .map(str::to_owned);
    assert_eq!(info.as_deref(), Some("shop"));

    let failure = Schema::temporal().message("temporal.api.failure.v1.Failure").unwrap();
    let bytes = field(4, &field(1, b"secret"));
    let found = scan(failure, &bytes).unwrap();
    let (span, _) = found.spans().last().unwrap();
    let range = found.span(span).unwrap().range();
    let text = field(1, b"Encoded failure");
    let edit = Edit { span, range, bytes: text.clone() };
    assert_eq!(apply(&found, vec![edit.clone()]).unwrap(), field(4, &text));
    assert_eq!(apply(&found, vec![edit.clone(), edit]).unwrap_err().kind(), WireErrorKind::Edit);
}

#[test]
fn refuses_a_singular_message_that_occurs_twice() {
    let start = request("StartWorkflowExecution");
    let input = (1..99).find(|&number| start.field_name(number) == Some("input")).unwrap();
    let header = [nested(&[input, 1], PAYLOAD), field(1, b"shop"), field(1, b"other")].concat();
    // Repeated scalars: the last one counts, and is what a view returns.
    let found = scan(start, &Bytes::from(header.clone())).unwrap();
    assert_eq!(found.root().text("namespace"), Some("other"));
    let twice = Bytes::from([header, nested(&[input, 1], PAYLOAD).to_vec()].concat());
    let error = scan(start, &twice).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Twice(input));

    // A payload in two pieces, in a value of a map; entries of a map may repeat.
    let memo = Schema::temporal().message("temporal.api.common.v1.Memo").unwrap();
    let entry = [field(1, b"key"), field(2, PAYLOAD)].concat();
    let entries = [field(1, &entry), field(1, &entry)].concat();
    assert_eq!(scan(memo, &Bytes::from(entries)).unwrap().sites().len(), 2);
    let entry = [entry, field(2, b"").to_vec()].concat();
    assert_eq!(scan(memo, &field(1, &entry)).unwrap_err().kind(), WireErrorKind::Twice(2));
}

#[test]
fn messages_with_the_text_of_a_failure_have_spans_without_payloads() {
    let names = |method: &str, bytes: Vec<u8>| -> Vec<&str> {
        let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{method}");
        let request = Schema::temporal().method(&path).unwrap().request;
        let found = scan(request, &bytes.into()).unwrap();
        found.spans().map(|(_, message)| message.name()).collect()
    };
    let query = field(8, &field(2, &field(3, b"no")));
    let found = names("RespondWorkflowTaskCompleted", query.to_vec());
    assert_eq!(found.last(), Some(&"temporal.api.query.v1.WorkflowQueryResult"));
    let handler = field(4, &field(2, &field(1, b"no")));
    let found = names("RespondNexusTaskFailed", handler.to_vec());
    assert_eq!(found.last(), Some(&"temporal.api.nexus.v1.Failure"));
}
