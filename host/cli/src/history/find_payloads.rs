//! Finds the payloads of an event.
//!
//! A payload is recognised by its shape and not by the event's type, so that fields of later server
//! versions are found as well.

use serde_json::{Map, Value};

/// Payload of an event, still as JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct RawPayload {
    /// Field of the event, such as `input[0]` or `memo.note`.
    pub(crate) field: String,
    /// True for a search attribute, which no codec ever changes.
    pub(crate) search_attribute: bool,
    pub(crate) payload: Value,
}

/// Field that has a plain value in place of a payload.
#[derive(Debug, PartialEq)]
pub(crate) struct DecodedField(pub(crate) String);

/// Field names and indices, outermost first.
type Path = Vec<String>;

/// Returns the payloads of an event, in the order of their fields' names.
///
/// # Errors
/// If a field has a plain value in place of a payload, so the history was decoded.
pub(crate) fn payloads(event: Value) -> Result<Vec<RawPayload>, DecodedField> {
    let mut found = Vec::new();
    visit(event, &mut Vec::new(), &mut found)?;
    Ok(found)
}

fn visit(value: Value, path: &mut Path, found: &mut Vec<RawPayload>) -> Result<(), DecodedField> {
    match value {
        Value::Object(object) if is_payload(&object) || (object.is_empty() && is_slot(path)) => {
            let search_attribute =
                path.iter().any(|name| matches!(&**name, "searchAttributes" | "search_attributes"));
            let (field, payload) = (field(path), Value::Object(object));
            found.push(RawPayload { field, search_attribute, payload });
            Ok(())
        }
        _ if is_slot(path) => Err(DecodedField(field(path))),
        Value::Object(object) => {
            object.into_iter().try_for_each(|(name, value)| visit_child(name, value, path, found))
        }
        Value::Array(list) if is_message(path) => {
            // An empty list is not a `Payloads` message either, but hides no payload.
            if list.is_empty() { Ok(()) } else { Err(DecodedField(field(path))) }
        }
        Value::Array(list) => list
            .into_iter()
            .enumerate()
            .try_for_each(|(index, value)| visit_child(format!("[{index}]"), value, path, found)),
        Value::Null => Ok(()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if is_message(path) => {
            Err(DecodedField(field(path)))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn visit_child(
    name: String,
    value: Value,
    path: &mut Path,
    found: &mut Vec<RawPayload>,
) -> Result<(), DecodedField> {
    path.push(name);
    let visited = visit(value, path, found);
    path.pop();
    visited
}

/// Returns whether an object has only the fields of a payload, and a body or an encoding.
fn is_payload(object: &Map<String, Value>) -> bool {
    let known = |name: &String| {
        matches!(&**name, "metadata" | "data" | "externalPayloads" | "external_payloads")
    };
    let texts = |value: &Value| {
        value.as_object().is_some_and(|entries| entries.values().all(Value::is_string))
    };
    let metadata = object.get("metadata").filter(|metadata| !metadata.is_null());
    let has_body = object.get("data").is_some_and(Value::is_string);
    let has_encoding = metadata.is_some_and(|metadata| metadata.get("encoding").is_some());
    object.keys().all(known) && (has_body || has_encoding) && metadata.is_none_or(texts)
}

/// Returns whether the path is an entry of a list or map of payloads.
fn is_slot(path: &[String]) -> bool {
    match path {
        [.., list, index] if index.starts_with('[') => list == "payloads",
        [.., of, map, _] => match &**map {
            "fields" => matches!(&**of, "memo" | "upsertedMemo" | "upserted_memo" | "header"),
            "indexedFields" | "indexed_fields" => true,
            _ => false,
        },
        _ => false,
    }
}

/// Returns whether the path is a field of payloads. No event uses these names for anything else.
fn is_message(path: &[String]) -> bool {
    let name = path.last().map(String::as_str).unwrap_or_default();
    match name {
        "input" | "result" | "lastCompletionResult" | "lastHeartbeatDetails" | "details" => true,
        "summary" => path.iter().any(|name| name == "userMetadata"),
        "encodedAttributes" => true,
        _ => false,
    }
}

/// Returns a field for display, without the names that all events share.
fn field(path: &[String]) -> String {
    let mut text = String::new();
    for name in path {
        let common = matches!(&**name, "payloads" | "fields" | "indexedFields" | "indexed_fields")
            || name.ends_with("EventAttributes")
            || name.ends_with("_event_attributes");
        if common {
            continue;
        }
        if !text.is_empty() && !name.starts_with('[') {
            text.push('.');
        }
        text.extend(name.chars().take(80).map(|c| if c.is_control() { '?' } else { c }));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(data: &str) -> Value {
        json!({ "metadata": { "encoding": "anNvbi9wbGFpbg==" }, "data": data })
    }

    fn fields(event: Value) -> Vec<String> {
        payloads(event).unwrap().into_iter().map(|found| found.field).collect()
    }

    /// As `temporal workflow show -o json` of 1.9.1 writes it.
    #[test]
    fn finds_payloads_in_every_field() {
        let event = json!({
            "eventId": "1",
            "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
            "userMetadata": { "summary": payload("MQ=="), "details": payload("Mg==") },
            "workflowExecutionStartedEventAttributes": {
                "workflowType": { "name": "payloads" },
                "taskQueue": { "name": "data", "kind": "TASK_QUEUE_KIND_NORMAL" },
                "input": { "payloads": [payload("Mw=="), { "data": "NA==" }, {}] },
                "memo": { "fields": { "note": payload("NQ=="), "data": payload("Ng==") } },
                "searchAttributes": { "indexedFields": { "City": payload("Nw==") } },
                "header": {},
                "continuedFailure": {
                    "message": "Encoded failure",
                    "encodedAttributes": payload("OA=="),
                    "cause": {
                        "applicationFailureInfo": { "details": { "payloads": [payload("OQ==")] } }
                    }
                },
                "lastCompletionResult": { "payloads": [
                    { "metadata": { "encoding": "YmluYXJ5L251bGw=" } },
                ]},
            }
        });
        assert_eq!(
            fields(event),
            [
                "userMetadata.details",
                "userMetadata.summary",
                "continuedFailure.cause.applicationFailureInfo.details[0]",
                "continuedFailure.encodedAttributes",
                "input[0]",
                "input[1]",
                "input[2]",
                "lastCompletionResult[0]",
                "memo.data",
                "memo.note",
                "searchAttributes.City",
            ]
        );
    }

    #[test]
    fn finds_maps_references_and_other_spellings() {
        let reference = json!({
            "metadata": { "encoding": "anNvbi9wcm90b2J1Zg==" },
            "data": "e30=",
            "external_payloads": [{ "size_bytes": 30 }],
        });
        let marker = json!({ "marker_recorded_event_attributes": {
            "marker_name": "x", "details": { "data": { "payloads": [reference] } },
        }});
        assert_eq!(fields(marker), ["details.data[0]"]);
        let upsert = json!({ "upsertWorkflowSearchAttributesEventAttributes": {
            "search_attributes": { "indexed_fields": { "a\u{1b}b": payload("MQ==") } },
        }});
        let found = payloads(upsert).unwrap();
        assert_eq!(found[0].field, "search_attributes.a?b");
        assert!(found[0].search_attribute);
    }

    #[test]
    fn ignores_lookalikes() {
        let event = json!({
            "metadata": { "a": "b" },
            "failure": { "message": "m", "metadata": { "encoding": "x" }, "details": {} },
            "a": { "metadata": { "encoding": 7 } },
            "b": { "data": { "data": 7 } },
            "input": {}, "result": null, "links": [1, "x"], "data": "x",
        });
        assert!(fields(event).is_empty());
    }

    #[test]
    fn refuses_plain_values_in_place_of_payloads() {
        for (attributes, field) in [
            (json!({ "input": ["two"] }), "input"),
            (json!({ "result": "secret" }), "result"),
            (json!({ "input": { "payloads": ["two"] } }), "input[0]"),
            (json!({ "input": { "payloads": [{ "k": "v" }] } }), "input[0]"),
            (json!({ "memo": { "fields": { "note": "hello" } } }), "memo.note"),
            (json!({ "header": { "fields": { "trace": { "a": 1 } } } }), "header.trace"),
            (json!({ "failure": { "encodedAttributes": true } }), "failure.encodedAttributes"),
        ] {
            let event = json!({ "eventId": "1", "xEventAttributes": attributes });
            assert_eq!(payloads(event), Err(DecodedField(field.to_owned())));
        }
    }
}
