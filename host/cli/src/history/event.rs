//! Event of a history, with its payloads.

use cloakroom::{Payload, temporal::json};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    history::{find_payloads, read::EXPORT},
    table::printable,
};

/// Run of a history, as its first event names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) workflow_id: Option<String>,
    pub(crate) workflow_type: Option<String>,
    pub(crate) run_id: Option<String>,
}

/// Event of a history.
pub(crate) struct Event {
    pub(crate) id: i64,
    /// Type, such as `ActivityTaskCompleted`.
    pub(crate) kind: String,
    /// Run of the history, if this event names it.
    pub(crate) run: Option<Run>,
    /// Time as the export has it.
    pub(crate) time: Option<String>,
    pub(crate) payloads: Vec<EventPayload>,
}

/// Payload of an event.
pub(crate) struct EventPayload {
    pub(crate) field: String,
    pub(crate) search_attribute: bool,
    pub(crate) payload: Payload,
}

impl Event {
    /// Parses an event.
    ///
    /// # Errors
    /// If it is not an event, or its payloads were decoded during the export.
    pub(crate) fn parse(event: Value) -> Result<Self, Failure> {
        let id = number(event.get("eventId").or_else(|| event.get("event_id")));
        let kind = event.get("eventType").or_else(|| event.get("event_type"));
        let (Some(id), Some(kind)) = (id, kind.and_then(Value::as_str)) else {
            let text = format!("an entry of `events` lacks `eventId` or `eventType`: {EXPORT}");
            return Err(Failure::operation(text));
        };
        let (kind, run) = (camel(kind), run(&event));
        let time = event.get("eventTime").or_else(|| event.get("event_time"));
        let time = time.and_then(Value::as_str).map(printable);
        let place = |field: &str| format!("event {id} {kind}, {field}");
        let found = find_payloads::payloads(event)
            .map_err(|find_payloads::DecodedField(field)| decoded(&place(&field)))?;
        let mut payloads = Vec::new();
        for find_payloads::RawPayload { field, search_attribute, payload } in found {
            let payload = read_payload(payload, &place(&field))?;
            payloads.push(EventPayload { field, search_attribute, payload });
        }
        Ok(Self { id, kind, run, time, payloads })
    }
}

fn read_payload(payload: Value, place: &str) -> Result<Payload, Failure> {
    // Through the reader of `Payloads` JSON, so that one parser decides what a payload is.
    let text = json!({ "payloads": [payload] }).to_string();
    let read = json::read(text.as_bytes()).map_err(|_| decoded(place))?;
    let payload = read.into_iter().next().unwrap_or_default();
    // A decoded export shows encodings as text, and many such texts are valid base64 too.
    let printable = |value: &[u8]| value.iter().all(|byte| (b' '..=b'~').contains(byte));
    match payload.metadata.get("encoding") {
        Some(encoding) if !printable(encoding) => Err(decoded(place)),
        _ => Ok(payload),
    }
}

fn decoded(place: &str) -> Failure {
    Failure::operation(format!(
        "{place}: the history has a plain value in place of a payload, so it was decoded or shortened \
         during the export: {EXPORT}"
    ))
}

fn run(event: &Value) -> Option<Run> {
    let names =
        ["workflowExecutionStartedEventAttributes", "workflow_execution_started_event_attributes"];
    let started = names.iter().find_map(|name| event.get(name))?;
    let text = |value: Option<&Value>| Some(printable(value?.as_str()?));
    let named = |name, other| started.get(name).or_else(|| started.get(other));
    Some(Run {
        workflow_id: text(named("workflowId", "workflow_id")),
        workflow_type: text(
            named("workflowType", "workflow_type").and_then(|kind| kind.get("name")),
        ),
        run_id: text(named("originalExecutionRunId", "original_execution_run_id")),
    })
}

/// Returns a 64-bit number, which proto3 JSON writes as text.
fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

/// Returns `EVENT_TYPE_TIMER_FIRED` as `TimerFired`. Older exports have the short form already.
fn camel(kind: &str) -> String {
    let Some(words) = kind.strip_prefix("EVENT_TYPE_") else {
        return printable(kind);
    };
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        first.chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
    };
    printable(&words.split('_').map(word).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_an_event() {
        let event = Event::parse(json!({
            "eventId": "1",
            "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
            "workflowExecutionStartedEventAttributes": {
                "workflowId": "order-17",
                "workflowType": { "name": "Scan" },
                "originalExecutionRunId": "r",
                "input": { "payloads": [{ "data": "aGk=" }] },
            }
        }));
        let event = event.map_err(|failure| failure.to_string()).unwrap();
        assert_eq!((event.id, &*event.kind), (1, "WorkflowExecutionStarted"));
        assert_eq!(event.run.unwrap().workflow_type.as_deref(), Some("Scan"));
        assert_eq!(event.payloads[0].field, "input[0]");
        assert_eq!(event.payloads[0].payload.data, "hi");
    }

    #[test]
    fn parses_older_exports() {
        let event = Event::parse(json!({ "eventId": 7, "eventType": "TimerFired" }));
        let event = event.map_err(|failure| failure.to_string()).unwrap();
        assert_eq!((event.id, &*event.kind), (7, "TimerFired"));
    }

    #[test]
    fn refuses_a_decoded_event_and_names_its_place() {
        for payload in [
            json!({ "metadata": { "encoding": "json/plain" }, "data": "secret!" }),
            json!({ "metadata": { "encoding": "json/plain" }, "data": "c2VjcmV0" }),
            json!({ "metadata": { "encoding": "binary/encrypted" }, "data": "" }),
            json!("secret"),
        ] {
            let event = json!({
                "eventId": "5",
                "eventType": "EVENT_TYPE_ACTIVITY_TASK_COMPLETED",
                "activityTaskCompletedEventAttributes": { "result": { "payloads": [payload] } },
            });
            let error = Event::parse(event).map(drop).unwrap_err().to_string();
            assert!(error.starts_with("event 5 ActivityTaskCompleted, result[0]: "), "{error}");
            assert!(error.contains("--codec-endpoint") && !error.contains("secret"), "{error}");
        }
        assert!(Event::parse(json!({ "a": 1 })).is_err());
    }
}
