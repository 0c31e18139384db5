//! Signed history that another workflow passed on, in a work item.
//!
//! A signature covers the bytes of an event, so that decoding would break it. The sidecar has checked it
//! before it sends the item, and keeps its own copy, which is the one that it passes on. The app gets a
//! copy to read: a chunk with a text to decode loses its signatures on the way to the app, and any other
//! chunk passes as it is, signatures and all.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Error};
use cloakroom_wire::{RawField, View, scan};

use crate::{budget, fields::put_bytes, text};

/// Fields of a chunk that are void once one of its events changed.
const SIGNATURES: [&str; 2] = ["rawSignatures", "signingCertChains"];

/// Fields and types on the way from a work item to a chunk, for both kinds of work.
const WAYS: [[(&str, &str); 3]; 2] =
    [way("workflowRequest", "WorkflowRequest"), way("activityRequest", "ActivityRequest")];

const fn way(field: &'static str, request: &'static str) -> [(&'static str, &'static str); 3] {
    [
        (field, request),
        ("propagatedHistory", "PropagatedHistory"),
        ("chunks", "PropagatedHistoryChunk"),
    ]
}

/// Returns a work item without the signatures of chunks that have a text to decode. Nothing if there are
/// none. With `checks_plain`, texts in the clear count too: a stage has to be asked about them.
///
/// # Errors
/// If there is no memory for a copy.
pub(super) fn without_signatures(
    item: View<'_>,
    checks_plain: bool,
    memory: Option<&CallMemory>,
) -> Result<Option<Bytes>, Error> {
    let unsigned = |chunk: View<'_>| unsigned(chunk, checks_plain);
    let mut changed: Option<Bytes> = None;
    for way in WAYS {
        let item = changed.as_ref().map_or(item, |bytes| View::new(item.message_type(), bytes));
        if !has_history(item, way) {
            continue;
        }
        // Each message is written before the one around it, so that two copies exist at a time.
        let copies = memory.map(|memory| memory.charge(2 * item.as_bytes().len()));
        let _copies = copies.transpose()?;
        if let Some(bytes) = rewritten(item, &way, &unsigned) {
            changed = Some(bytes.into());
        }
    }
    Ok(changed)
}

fn has_history(item: View<'_>, way: [(&str, &str); 3]) -> bool {
    let [(request, _), (history, _), _] = way;
    item.message(request).is_some_and(|request| request.bytes(history).is_some())
}

/// Returns a message with all messages at the end of a way changed, or nothing if none is.
fn rewritten(
    message: View<'_>,
    way: &[(&str, &str)],
    change: &dyn Fn(View<'_>) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let Some(((name, inner), rest)) = way.split_first() else { return change(message) };
    let fields = whole_fields(message)?;
    let (mut bytes, mut is_changed) = (Vec::new(), false);
    for field in fields {
        let content = field.content.filter(|_| is_named(message, &field, &[*name]));
        let inner = content.and_then(|content| message.inner(inner, content));
        match inner.and_then(|inner| rewritten(inner, rest, change)) {
            Some(inner) => {
                put_bytes(&mut bytes, field.number, &inner);
                is_changed = true;
            }
            None => bytes.extend_from_slice(field.whole),
        }
    }
    is_changed.then_some(bytes)
}

/// Returns a chunk without its signatures, if it has any and a text to decode.
fn unsigned(chunk: View<'_>, checks_plain: bool) -> Option<Vec<u8>> {
    let fields = whole_fields(chunk)?;
    let mut events = fields.iter().filter(|field| is_named(chunk, field, &["rawEvents"]));
    let is_signed = fields.iter().any(|field| is_named(chunk, field, &SIGNATURES));
    let has_text = |field: &RawField<'_>| {
        field.content.is_some_and(|event| has_text_to_decode(event, checks_plain))
    };
    if !is_signed || !events.any(has_text) {
        return None;
    }
    let kept = fields.iter().filter(|field| !is_named(chunk, field, &SIGNATURES));
    Some(kept.flat_map(|field| field.whole).copied().collect())
}

/// Returns whether decoding has to look at an event. One that is malformed counts, so that it is refused.
fn has_text_to_decode(event: &[u8], checks_plain: bool) -> bool {
    let Some(message) = budget::message("HistoryEvent") else { return false };
    let Ok(found) = scan(message, &Bytes::copy_from_slice(event)) else { return true };
    let mut texts = (0..found.sites().len()).map(|site| found.payload(site));
    texts.any(|text| !text.is_empty() && (checks_plain || !matches!(text::read(&text), Ok(None))))
}

/// Returns all fields of a message. Nothing if one is malformed, which the scan refuses then.
fn whole_fields(message: View<'_>) -> Option<Vec<RawField<'_>>> {
    let fields = message.fields();
    let size: usize = fields.iter().map(|field| field.whole.len()).sum();
    (size == message.as_bytes().len()).then_some(fields)
}

fn is_named(message: View<'_>, field: &RawField<'_>, names: &[&str]) -> bool {
    message.message_type().field_name(field.number).is_some_and(|name| names.contains(&name))
}
