//! Writes `Payloads` JSON, as protobuf spells it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_core::{Error, ErrorKind, Payload};

pub(super) const HEAD: &[u8] = b"{\"payloads\":[";
pub(super) const TAIL: &[u8] = b"]}\n";

/// Bytes around all payloads.
pub(super) const FRAME: usize = HEAD.len() + TAIL.len();

/// Bytes that one payload may have besides its entries: field names, quotes, commas.
const AROUND: usize = 64;

/// Bytes of an external size: `{"sizeBytes":"-9223372036854775808"},`.
const SIZE: usize = 40;

/// Returns how many bytes a payload's text has at most.
pub(super) fn most(payload: &Payload) -> usize {
    // A control character of a name is written as six.
    let entry = |(name, value): (&String, &bytes::Bytes)| 6 * name.len() + 6 + base64(value.len());
    let metadata: usize = payload.metadata.iter().map(entry).sum();
    AROUND + metadata + base64(payload.data.len()) + SIZE * payload.external_sizes.len()
}

/// Returns how many bytes the base64 of so many has.
const fn base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends one payload.
///
/// # Errors
/// `Internal`, which does not happen: there is no such text that cannot be written.
pub(super) fn payload(text: &mut Vec<u8>, slot: usize, payload: &Payload) -> Result<(), Error> {
    text.extend_from_slice(if slot == 0 { b"{" } else { b",{" });
    let mut is_first = true;
    let mut field = |text: &mut Vec<u8>, name: &[u8]| {
        text.extend_from_slice(if std::mem::take(&mut is_first) { b"\"" } else { b",\"" });
        text.extend_from_slice(name);
        text.extend_from_slice(b"\":");
    };
    if !payload.metadata.is_empty() {
        field(text, b"metadata");
        for (index, (name, value)) in payload.metadata.iter().enumerate() {
            text.push(if index == 0 { b'{' } else { b',' });
            serde_json::to_writer(&mut *text, name).map_err(unwritable)?;
            text.push(b':');
            put_base64(text, value)?;
        }
        text.push(b'}');
    }
    if !payload.data.is_empty() {
        field(text, b"data");
        put_base64(text, &payload.data)?;
    }
    if !payload.external_sizes.is_empty() {
        field(text, b"externalPayloads");
        for (index, size) in payload.external_sizes.iter().enumerate() {
            text.push(if index == 0 { b'[' } else { b',' });
            text.extend_from_slice(format!("{{\"sizeBytes\":\"{size}\"}}").as_bytes());
        }
        text.push(b']');
    }
    text.push(b'}');
    Ok(())
}

fn put_base64(text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    text.push(b'"');
    let start = text.len();
    text.resize(start + base64(bytes.len()), 0);
    let place = text.get_mut(start..).unwrap_or_default();
    STANDARD.encode_slice(bytes, place).map_err(unwritable)?;
    text.push(b'"');
    Ok(())
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_longer_than_it_is_said_to_be() {
        for size in [0, 1, 2, 3, 4, 1000] {
            let mut one = Payload::new("json/plain", vec![7; size]).with("\u{1}\u{2}\"\\ü", "x");
            one.external_sizes = vec![i64::MIN, i64::MAX, 0];
            for one in [one, Payload { data: vec![0; size].into(), ..Payload::default() }] {
                let mut text = Vec::new();
                payload(&mut text, 1, &one).unwrap();
                assert!(text.len() <= most(&one), "{} {}", text.len(), most(&one));
            }
        }
    }
}
