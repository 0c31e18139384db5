//! Finds the payloads of an event, wherever they are.
//!
//! A payload is known by its shape and not by the event's type, so that fields which a later server
//! adds are found too.

use serde_json::{Map, Value};

/// A payload in an event, still in JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct RawPayload {
    /// Where in the event, such as `input[0]` or `memo.note`.
    pub(crate) field: String,
    /// Whether it is a search attribute, which no codec ever touches.
    pub(crate) search_attribute: bool,
    pub(crate) payload: Value,
}

/// The field that holds a plain value where a payload belongs.
#[derive(Debug, PartialEq)]
pub(crate) struct NotRaw(pub(crate) String);

/// Names and indices, outermost first.
type Path = Vec<String>;

/// Returns the payloads of an event, in the order of their fields' names.
///
/// # Errors
/// If a field has a plain value where a payload belongs: then the history was decoded on its way.
pub(crate) fn payloads(event: Value) -> Result<Vec<RawPayload>, NotRaw> {
    let mut found = Vec::new();
    visit(event, &mut Vec::new(), &mut found)?;
    Ok(found)
}

fn visit(value: Value, path: &mut Path, found: &mut Vec<RawPayload>) -> Result<(), NotRaw> {
    match value {
        Value::Object(object) if is_payload(&object) || (object.is_empty() && is_slot(path)) => {
            let search_attribute =
                path.iter().any(|name| matches!(&**name, "searchAttributes" | "search_attributes"));
            let (field, payload) = (field(path), Value::Object(object));
            found.push(RawPayload { field, search_attribute, payload });
            Ok(())
        }
        _ if is_slot(path) => Err(NotRaw(field(path))),
        Value::Object(object) => {
            object.into_iter().try_for_each(|(name, value)| inside(name, value, path, found))
        }
        Value::Array(list) if is_message(path) => {
            // An empty list is no `Payloads` either, but there is nothing to lose.
            if list.is_empty() { Ok(()) } else { Err(NotRaw(field(path))) }
        }
        Value::Array(list) => list
            .into_iter()
            .enumerate()
            .try_for_each(|(index, value)| inside(format!("[{index}]"), value, path, found)),
        Value::Null => Ok(()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) if is_message(path) => {
            Err(NotRaw(field(path)))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn inside(
    name: String,
    value: Value,
    path: &mut Path,
    found: &mut Vec<RawPayload>,
) -> Result<(), NotRaw> {
    path.push(name);
    let visited = visit(value, path, found);
    path.pop();
    visited
}

/// Whether an object has nothing but what a payload has. One without a body has an encoding.
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

/// Returns whether a payload must be here: in a list of payloads, or in a map of them.
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

/// Whether payloads, or a message of them, must be here. No event has another field of these names.
fn is_message(path: &[String]) -> bool {
    let name = path.last().map(String::as_str).unwrap_or_default();
    match name {
        "input" | "result" | "lastCompletionResult" | "lastHeartbeatDetails" | "details" => true,
        "summary" => path.iter().any(|name| name == "userMetadata"),
        "encodedAttributes" => true,
        _ => false,
    }
}

/// What a person calls the field: without the names that all events have.
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
    fn payloads_are_found_wherever_they_are() {
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
    fn maps_of_lists_references_and_other_spellings_are_found() {
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
    fn what_only_looks_alike_is_left_alone() {
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
    fn plain_values_in_place_of_payloads_are_refused() {
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
            assert_eq!(payloads(event), Err(NotRaw(field.to_owned())));
        }
    }
}
