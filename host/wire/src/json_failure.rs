//! Payloads in the JSON of a failure, which handlers of Nexus operations send.
//!
//! `temporal.api.nexus.v1.Failure.details` is proto3 JSON of `temporal.api.failure.v1.Failure` if
//! the entry `type` of its metadata says so. Its message stands beside it, in the clear.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    MessageType, View,
    json::Json,
    json_payload,
    scan::{Scan, Site, Text},
    schema::{Field, FieldKind},
};

/// Full name of the type, as `metadata` and the schema have it.
pub(crate) const FAILURE: &str = "temporal.api.failure.v1.Failure";

/// Payloads in the order of the text, with their offsets in it.
pub(crate) type Payloads = Vec<(Range<usize>, Bytes)>;

/// Returns the payloads of the text in a Nexus failure. Nothing if the text is no failure, or is
/// not as its type says.
pub(crate) fn payloads(nexus: View<'_>, text: &[u8]) -> Option<Payloads> {
    if !is_temporal(nexus) {
        return None;
    }
    let mut json = Json::new(std::str::from_utf8(text).ok()?);
    let mut found = Payloads::new();
    message(&mut json, nexus.message_type().schema.message(FAILURE)?, &mut found)?;
    json.is_done().then_some(found)
}

fn is_temporal(nexus: View<'_>) -> bool {
    let Some((metadata, field)) = nexus.message_type().find("metadata") else { return false };
    let entry = nexus.message_type().schema.type_of(field.target);
    let fields = nexus.fields().into_iter().filter(|field| field.number == metadata);
    let mut entries = fields.filter_map(|field| Some(View::new(entry, field.content?)));
    entries.any(|entry| entry.text("key") == Some("type") && entry.text("value") == Some(FAILURE))
}

fn message(json: &mut Json<'_>, message: MessageType, found: &mut Payloads) -> Option<()> {
    json.object(|json, name| match message.find_json(name) {
        Some(field) if field.repeated && json.peek()? == b'[' => {
            json.array(|json| value(json, message, field, found))
        }
        Some(field) => value(json, message, field, found),
        None => json.skip(),
    })
}

fn value(
    json: &mut Json<'_>,
    outer: MessageType,
    field: Field,
    found: &mut Payloads,
) -> Option<()> {
    if json.peek()? != b'{' {
        return json.skip();
    }
    match field.kind {
        FieldKind::Message => message(json, outer.schema.type_of(field.target), found),
        FieldKind::Payload => {
            let start = json.at;
            let payload = json_payload::read(json)?;
            found.push((start..json.at, payload));
            Some(())
        }
        _ => json.skip(),
    }
}

/// Writes a text again around other payloads, one for each of its own, and returns it. Nothing if
/// none of them differs.
///
/// # Errors
/// The number of the payload in the text that cannot be written.
pub(crate) fn rewrite(
    scan: &Scan,
    text: &Text,
    replacements: &[Option<Bytes>],
) -> Result<Option<Bytes>, usize> {
    let mut from = text.start as usize;
    let mut output = Vec::new();
    let changed = replacements.iter().zip(&text.payloads).zip(text.first..);
    for ((new, old), site) in changed {
        let Some(new) = new.as_ref().filter(|new| *new != old) else { continue };
        let range = scan.sites.get(site).map(Site::range).unwrap_or_default();
        output.extend_from_slice(scan.bytes.get(from..range.start).unwrap_or_default());
        json_payload::write(new, &mut output).ok_or(site)?;
        from = range.end;
    }
    if output.is_empty() {
        return Ok(None);
    }
    output.extend_from_slice(scan.bytes.get(from..text.end as usize).unwrap_or_default());
    Ok(Some(output.into()))
}
