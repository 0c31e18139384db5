//! Payloads in the JSON of Nexus failures.

#![expect(clippy::expect_used, reason = "helpers of tests")]

mod protobuf;

use bytes::Bytes;
use cloakroom_wire::{MessageType, Scan, Schema, WireErrorKind, scan, splice};

use self::protobuf::{field, nested};

fn message(name: &str) -> MessageType {
    Schema::temporal().message(name).expect("is in the table")
}

fn entry(key: &str, value: &str) -> Bytes {
    field(1, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
}

/// A Nexus failure with these details.
fn failure(kind: &str, details: &str) -> Bytes {
    [field(1, b"in the clear"), entry_of_failure(kind), field(3, details.as_bytes())]
        .concat()
        .into()
}

fn entry_of_failure(kind: &str) -> Bytes {
    field(2, &[field(1, b"type"), field(2, kind.as_bytes())].concat())
}

/// Wraps a Nexus failure as `RespondNexusTaskFailedRequest.error.failure`.
fn respond(failure: &[u8]) -> Scan {
    let message = message("temporal.api.workflowservice.v1.RespondNexusTaskFailedRequest");
    let number = (1..99).find(|&number| message.field_name(number) == Some("error"));
    let bytes = [field(1, b"shop"), nested(&[number.expect("has a number"), 2], failure)].concat();
    scan(message, &bytes.into()).expect("is well-formed")
}

const TEMPORAL: &str = "temporal.api.failure.v1.Failure";

/// The text that the Go SDK writes, spaces included: one payload in canonical form, one in the forms that
/// parsers accept besides, and one below a cause.
const DETAILS: &str = r#"{"source":"GoSDK", "applicationFailureInfo":{"type":"Refused","details":{"payloads":[
  {"metadata":{"encoding":"anNvbi9wbGFpbg=="}, "data":"IiI\u003d"}, {"data":"-_8", "metadata":{}}]}},
  "cause":{"encoded_attributes":{"external\u0050ayloads":[{"sizeBytes":"77"}]}, "cause":null}, "more":[1.5e3,{"payloads":[]}]}"#;

#[test]
fn payloads_in_the_json_of_a_failure_are_replaced_in_their_text() {
    let found = respond(&failure(TEMPORAL, DETAILS));
    let payloads: Vec<_> = (0..found.sites().len()).map(|site| found.payload(site)).collect();
    let first = [entry("encoding", "json/plain"), field(2, b"\"\"")].concat();
    let expected: [&[u8]; 3] = [&first, &field(2, b"\xfb\xff"), &field(3, b"\x08\x4d")];
    assert_eq!(payloads, expected);
    assert!(found.unknown().is_empty(), "{:?}", found.unknown());
    assert_eq!(found.path(2), "RespondNexusTaskFailedRequest.error.failure.details");

    let same = payloads.into_iter().map(Some).collect();
    assert_eq!(&splice(&found, same).unwrap(), found.bytes(), "spaces and escapes stay");
    assert_eq!(splice(&found, vec![None; 3]).unwrap().as_ptr(), found.bytes().as_ptr());

    let sealed = [entry("encoding", "old"), entry("encoding", "a\"\n"), field(2, &[255; 3])];
    let sealed = Bytes::from(sealed.concat());
    let with_size = Bytes::from([&field(3, b"\x08\x4d")[..], &field(3, b"")].concat());
    let written = splice(&found, vec![None, Some(sealed), Some(with_size)]).unwrap();
    let expected = DETAILS
        .replace(
            r#"{"data":"-_8", "metadata":{}}"#,
            r#"{"metadata":{"encoding":"YSIK"},"data":"////"}"#,
        )
        .replace(
            r#"{"external\u0050ayloads":[{"sizeBytes":"77"}]}"#,
            r#"{"externalPayloads":[{"sizeBytes":"77"},{"sizeBytes":"0"}]}"#,
        );
    let expected = respond(&failure(TEMPORAL, &expected));
    assert_eq!(&written, expected.bytes());
    assert_eq!(expected.payload(1), [entry("encoding", "a\"\n"), field(2, &[255; 3])].concat());
}

#[test]
fn details_that_are_no_failure_of_temporal_stay_and_are_counted() {
    let deep = |depth| format!("{}{}", r#"{"cause":"#.repeat(depth), "}".repeat(depth));
    for (kind, details) in [
        ("other", DETAILS),
        (TEMPORAL, ""),
        (TEMPORAL, r#"{"encodedAttributes":{"data":"#),
        (TEMPORAL, r#"{"encodedAttributes":{"data":"AA"}} x"#),
        (TEMPORAL, r#"{"encodedAttributes":{"data":"A"}}"#),
        (TEMPORAL, r#"{"encodedAttributes":{"data":"AA","checksum":1}}"#),
        (TEMPORAL, r#"{"encodedAttributes":{"data":"AA"},"n":01}"#),
        (TEMPORAL, &deep(300)),
    ] {
        let found = respond(&failure(kind, details));
        assert_eq!(found.sites().len(), 0, "{details}");
        let unknown: Vec<_> = found.unknown().iter().map(|field| field.number).collect();
        assert_eq!(unknown, [3], "{details}");
    }
    let found = respond(&field(1, b"message only"));
    assert!(found.unknown().is_empty());
}

#[test]
fn a_payload_that_json_cannot_express_is_refused() {
    let found = respond(&failure(TEMPORAL, r#"{"encodedAttributes":{}}"#));
    for payload in [&b"\xff"[..], &field(9, b"new"), b"\x10\x01", &field(1, &field(1, b"\xff"))] {
        let payload = Bytes::copy_from_slice(payload);
        let error = splice(&found, vec![Some(payload)]).unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::Json);
    }
}
