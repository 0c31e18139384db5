//! Puts the texts of failures in a decoded answer back into their fields.

use bytes::Bytes;
use cloakroom_core::Payload;
use cloakroom_wire::{Scan, SpanId, WireError, apply};

use super::{
    ATTRIBUTES, FAILURE, HIDDEN, JSON, MESSAGE, STACK_TRACE, Texts, fields, put_bytes, replace,
    text,
};

/// A message whose failures have their texts again.
pub(in super::super) struct Restored {
    pub(in super::super) bytes: Bytes,
    /// Text of the outermost of the first failures, or of the query that failed with it.
    pub(in super::super) error_message: String,
}

/// Returns whether a message has failures with encoded texts.
pub(in super::super) fn holds_texts(found: &Scan) -> bool {
    spans(found).next().is_some()
}

/// Returns the message with the texts of all failures in their fields, or nothing if there are none.
/// Texts that an SDK has encoded with a codec of its own stay as they are.
///
/// # Errors
/// If the message gets over 4 GiB.
pub(in super::super) fn restore(found: &Scan) -> Result<Option<Restored>, WireError> {
    let mut edits = Vec::new();
    let mut first = (usize::MAX, String::new());
    for (site, span) in spans(found) {
        let Some(texts) = read(found.payload(site)) else { continue };
        let fields = fields(found, span);
        let attributes = fields.iter().filter(|(_, field)| field.number == ATTRIBUTES);
        let is_hidden = text(&fields, MESSAGE) == HIDDEN && text(&fields, STACK_TRACE).is_empty();
        // Somebody else's failure may have a message beside its attributes. It is not known which of
        // the two its reader takes.
        if !is_hidden || attributes.count() != 1 {
            continue;
        }
        let start = fields.first().map(|(start, _)| *start).unwrap_or_default();
        // The attributes of a cause stand before those of its failure.
        if start < first.0 {
            first = (start, texts.error_message.as_ref().unwrap_or(&texts.message).to_string());
        }
        let mut shown = Vec::new();
        put_bytes(&mut shown, MESSAGE, texts.message.as_bytes());
        if !texts.stack_trace.is_empty() {
            put_bytes(&mut shown, STACK_TRACE, texts.stack_trace.as_bytes());
        }
        edits.extend(replace(span, &fields, &[MESSAGE, STACK_TRACE, ATTRIBUTES], shown));
    }
    if edits.is_empty() {
        return Ok(None);
    }
    edits.sort_by_key(|edit| edit.range.start);
    let bytes = apply(found, edits)?;
    Ok(Some(Restored { bytes, error_message: first.1 }))
}

/// Returns the texts in the payload of a failure, if it is one that was decoded.
pub(in super::super) fn read(payload: Bytes) -> Option<Texts<'static>> {
    let decoded = Payload::from_envelope(payload).ok()?;
    if decoded.encoding() != Some(JSON) || decoded.metadata.len() != 1 {
        return None;
    }
    serde_json::from_slice(&decoded.data).ok()
}

/// Returns the payloads with texts, and the failures around them.
fn spans(found: &Scan) -> impl Iterator<Item = (usize, SpanId)> + '_ {
    let sites = found.sites().iter().enumerate().filter(|(_, site)| site.field() == ATTRIBUTES);
    sites.map(|(index, site)| (index, site.span())).filter(|(_, span)| {
        found.view(*span).is_some_and(|view| view.message_type().name() == FAILURE)
    })
}
