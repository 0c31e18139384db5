//! Texts in the failures of Nexus handlers, whose details are JSON of a Temporal failure.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use cloakroom_wire::{RawField, Schema, View};
use serde_json::{Map, Value, json};

use super::{FAILURE, HIDDEN, JSON, Texts, put_bytes, text};

pub(super) const NEXUS: &str = "temporal.api.nexus.v1.Failure";

/// Fields of a Nexus failure that are written again.
pub(super) const WRITTEN: [u32; 3] = [MESSAGE, DETAILS, STACK_TRACE];
const MESSAGE: u32 = 1;
const METADATA: u32 = 2;
const DETAILS: u32 = 3;
const STACK_TRACE: u32 = 4;

const ATTRIBUTES: &str = "encodedAttributes";

/// Returns message and details of a Nexus failure with its texts in payloads, or nothing if it is not a
/// Temporal failure or has no text. The frontend makes a Temporal failure of it, whose texts are then
/// put back as those of any other.
pub(super) fn hidden(fields: &[(usize, RawField<'_>)]) -> Option<Vec<u8>> {
    let details = fields.iter().rev().find(|(_, field)| field.number == DETAILS);
    let details = details.and_then(|(_, field)| field.content).unwrap_or_default();
    if !is_temporal(fields) {
        return None;
    }
    let details = if details.is_empty() { b"{}" } else { details };
    let Value::Object(mut failure) = serde_json::from_slice(details).ok()? else { return None };
    for (name, number) in [("message", MESSAGE), ("stackTrace", STACK_TRACE)] {
        let beside = text(fields, number);
        if !beside.is_empty() {
            failure.insert(name.to_owned(), beside.into());
        }
    }
    if !hide(&mut failure) {
        return None;
    }
    // The frontend takes the message from beside the details.
    failure.remove("message");
    let mut hidden = Vec::new();
    put_bytes(&mut hidden, MESSAGE, HIDDEN.as_bytes());
    put_bytes(&mut hidden, DETAILS, Value::Object(failure).to_string().as_bytes());
    Some(hidden)
}

fn is_temporal(fields: &[(usize, RawField<'_>)]) -> bool {
    let Some(entry) = Schema::temporal().message("temporal.api.nexus.v1.Failure.MetadataEntry")
    else {
        return false;
    };
    let metadata = fields.iter().filter(|(_, field)| field.number == METADATA);
    let mut entries = metadata.filter_map(|(_, field)| Some(View::new(entry, field.content?)));
    entries.any(|entry| entry.text("key") == Some("type") && entry.text("value") == Some(FAILURE))
}

/// Hides the texts of a failure and of its causes. Returns whether there are any. The parser bounds how
/// deep they are nested.
fn hide(failure: &mut Map<String, Value>) -> bool {
    let cause = failure.get_mut("cause").and_then(Value::as_object_mut);
    let in_cause = cause.is_some_and(hide);
    let mut take = |name: &str| match failure.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    // Both spellings are proto3 JSON.
    let (message, stack_trace) = (take("message"), take("stackTrace") + &take("stack_trace"));
    if (message.is_empty() || message == HIDDEN) && stack_trace.is_empty() {
        if !message.is_empty() {
            failure.insert("message".to_owned(), message.into());
        }
        return in_cause;
    }
    failure.insert("message".to_owned(), HIDDEN.into());
    if !failure.contains_key(ATTRIBUTES) && !failure.contains_key("encoded_attributes") {
        let texts =
            Texts { message: message.into(), stack_trace: stack_trace.into(), ..Texts::default() };
        let payload = json!({
            "metadata": { "encoding": BASE64_STANDARD.encode(JSON) },
            "data": BASE64_STANDARD.encode(texts.json()),
        });
        failure.insert(ATTRIBUTES.to_owned(), payload);
    }
    true
}
