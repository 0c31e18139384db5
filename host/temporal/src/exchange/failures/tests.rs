use cloakroom_wire::{MessageType, Schema, View, scan};

use super::*;

const COMPLETED: &str = "temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest";
const QUERY: &str = "temporal.api.workflowservice.v1.RespondQueryTaskCompletedRequest";
const ACTIVITY: &str = "temporal.api.workflowservice.v1.RespondActivityTaskFailedRequest";

fn message(name: &str) -> MessageType {
    Schema::temporal().message(name).unwrap()
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    put_bytes(&mut field, number, bytes);
    field
}

/// Returns a failure with a cause, the details of an application and a source, in no usual order.
fn failure(text: &str, cause: &[u8]) -> Vec<u8> {
    let info = field(5, &[field(1, b"Spilt"), field(2, b"")].concat());
    let texts = [field(MESSAGE, text.as_bytes()), field(STACK_TRACE, b"at home")].concat();
    [info, field(4, cause), texts, field(2, b"GoSDK")].concat()
}

/// Returns the message with hidden texts, and asserts that it comes back with the same values.
fn round_trip(name: &str, bytes: &[u8]) -> Bytes {
    let found = scan(message(name), &Bytes::copy_from_slice(bytes)).unwrap();
    let hidden = hide(&found).unwrap().expect("there are texts");
    let found = scan(message(name), &hidden).unwrap();
    assert!(hide(&found).unwrap().is_none(), "hiding twice changes something");
    assert!(holds_texts(&found));
    let shown = restore(&found).unwrap().unwrap().bytes;
    assert_eq!(shown.len(), bytes.len());
    hidden
}

/// Asserts that a text stands in no other place than in payloads of failures.
fn is_in_payloads_only(name: &str, hidden: &Bytes, text: &[u8]) {
    let found = scan(message(name), hidden).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(text.len()).filter(|part| *part == text).count();
    let inside: usize = (0..found.sites().len()).map(|site| holds(&found.payload(site))).sum();
    assert_eq!((holds(hidden), inside > 0), (inside, true));
}

#[test]
fn texts_of_a_failure_and_its_causes_go_into_payloads_and_come_back() {
    let failure = failure("outer secret", &failure("inner secret", &failure("last secret", b"")));
    let request = [field(1, b"token"), field(2, &failure), field(4, b"shop")].concat();
    let hidden = round_trip(ACTIVITY, &request);
    for text in [&b"outer secret"[..], b"inner secret", b"last secret", b"at home"] {
        is_in_payloads_only(ACTIVITY, &hidden, text);
    }
    let request = View::new(message(ACTIVITY), &hidden);
    let mut next = request.message("failure");
    for _ in 0..3 {
        let failure = next.unwrap();
        assert_eq!(failure.text("message"), Some(HIDDEN));
        assert_eq!(failure.text("stack_trace"), None);
        let info = failure.message("application_failure_info").unwrap();
        assert_eq!((info.text("type"), failure.text("source")), (Some("Spilt"), Some("GoSDK")));
        next = failure.message("cause");
    }
}

/// Names, order and encoding are those of all SDKs with encoded attributes.
#[test]
fn the_payload_is_the_one_that_the_sdks_write() {
    let texts =
        Texts { message: "no \"ü\"".into(), stack_trace: "a\nb".into(), ..Texts::default() };
    let json = "{\"message\":\"no \\\"ü\\\"\",\"stack_trace\":\"a\\nb\"}";
    let entry = [field(1, b"encoding"), field(2, b"json/plain")].concat();
    assert_eq!(texts.payload(), [field(1, &entry), field(2, json.as_bytes())].concat());
}

#[test]
fn a_failed_query_gets_a_failure_for_its_text() {
    let request = [field(1, b"token"), field(4, b"query secret"), field(6, b"shop")].concat();
    let found = scan(message(QUERY), &request.into()).unwrap();
    let hidden = hide(&found).unwrap().unwrap();
    is_in_payloads_only(QUERY, &hidden, b"query secret");
    let request = View::new(message(QUERY), &hidden);
    assert_eq!(request.text("error_message"), Some(HIDDEN));
    let failure = request.message("failure").unwrap();
    let texts = failure.bytes("encoded_attributes").unwrap();
    let texts = restore::read(Bytes::copy_from_slice(texts)).unwrap();
    assert_eq!((&*texts.message, texts.error_message), ("query secret", None));
}

/// The SDK for Go writes more into the query's text than into its failure.
#[test]
fn a_failed_query_keeps_both_of_its_texts() {
    let result = [field(3, b"no (type: Spilt)"), field(4, &failure("no", b""))].concat();
    let entry = [field(1, b"id"), field(2, &result)].concat();
    let request = field(8, &entry);
    let found = scan(message(COMPLETED), &request.into()).unwrap();
    let hidden = hide(&found).unwrap().unwrap();
    is_in_payloads_only(COMPLETED, &hidden, b"no (type: Spilt)");
    let found = scan(message(COMPLETED), &hidden).unwrap();
    let texts = restore::read(found.payload(found.sites().len() - 1)).unwrap();
    assert_eq!(texts.error_message.as_deref(), Some("no (type: Spilt)"));
    assert_eq!(texts.message, "no");
}

#[test]
fn what_an_sdk_has_encoded_stays() {
    let payload = Payload::new("binary/mine", "sealed").envelope();
    let payload = [payload.head, payload.body, payload.tail].concat();
    let encoded = [field(MESSAGE, HIDDEN.as_bytes()), field(ATTRIBUTES, &payload)].concat();
    let found = scan(message(FAILURE), &encoded.into()).unwrap();
    assert!(hide(&found).unwrap().is_none());
    assert!(restore(&found).unwrap().is_none());
    // A failure that is passed on has its texts in both places.
    let both = [field(MESSAGE, b"secret"), field(ATTRIBUTES, &payload)].concat();
    let found = scan(message(FAILURE), &both.into()).unwrap();
    let hidden = hide(&found).unwrap().unwrap();
    assert_eq!(hidden, [field(MESSAGE, HIDDEN.as_bytes()), field(ATTRIBUTES, &payload)].concat());
}

#[test]
fn messages_without_texts_are_not_written_again() {
    for request in [field(2, b""), field(2, &field(5, &field(1, b"Spilt"))), field(4, b"shop")] {
        let found = scan(message(ACTIVITY), &request.into()).unwrap();
        assert!(hide(&found).unwrap().is_none());
        assert!(!holds_texts(&found));
    }
}

#[test]
fn the_texts_of_a_nexus_failure_go_into_its_json() {
    const FAILED: &str = "temporal.api.workflowservice.v1.RespondNexusTaskFailedRequest";
    let metadata = [field(1, b"type"), field(2, FAILURE.as_bytes())].concat();
    let cause = r#"{"message":"inner secret","stackTrace":"at home","applicationFailureInfo":{"type":"Torn"}}"#;
    let details = format!(r#"{{"cause":{cause},"applicationFailureInfo":{{"type":"Spilt"}}}}"#);
    let texts = [field(1, b"outer secret"), field(4, b"at work")].concat();
    let failure = [texts, field(2, &metadata), field(3, details.as_bytes())].concat();
    let request = field(4, &field(2, &failure));
    let found = scan(message(FAILED), &request.into()).unwrap();
    let hidden = hide(&found).unwrap().unwrap();
    for text in [&b"secret"[..], b"at home", b"at work"] {
        assert!(!hidden.windows(text.len()).any(|part| part == text), "it is in the clear");
    }
    let found = scan(message(FAILED), &hidden).unwrap();
    assert!(hide(&found).unwrap().is_none(), "hiding twice changes something");
    let read = |site| restore::read(found.payload(site)).unwrap().message.into_owned();
    let mut read: Vec<_> = (0..found.sites().len()).map(read).collect();
    read.sort_unstable();
    assert_eq!(read, ["inner secret", "outer secret"]);
    let error = found.root().message("error").unwrap();
    let failure = error.message("failure").unwrap();
    assert_eq!((failure.text("message"), failure.text("stack_trace")), (Some(HIDDEN), None));
    let details: serde_json::Value =
        serde_json::from_str(failure.text("details").unwrap()).unwrap();
    assert_eq!(details["applicationFailureInfo"]["type"], "Spilt");
    assert_eq!(details["cause"]["applicationFailureInfo"]["type"], "Torn");
    // Of another program nothing is known.
    let other = field(4, &field(2, &field(1, b"text")));
    assert!(hide(&scan(message(FAILED), &other.into()).unwrap()).unwrap().is_none());
}
