//! Writer of `Payloads` JSON, in protobuf's spelling.

use cloakroom_core::{Error, ErrorKind, Payload};

use super::base64_text;

/// Text before all payloads.
pub(super) const HEAD: &[u8] = b"{\"payloads\":[";
/// Text after all payloads.
pub(super) const TAIL: &[u8] = b"]}\n";

/// Length of the text around all payloads.
pub(super) const FRAME: usize = HEAD.len() + TAIL.len();

/// Most bytes of one payload besides its values: field names, quotes, commas.
const MAX_OVERHEAD: usize = 64;

/// Most bytes of an external size: `{"sizeBytes":"-9223372036854775808"},`.
const MAX_EXTERNAL_SIZE: usize = 40;

/// Returns an upper bound of the length of a payload's text.
///
/// It is reserved in one piece, so that a text never moves while it is written.
pub(super) fn max_len(payload: &Payload) -> usize {
    // JSON escapes a control character with six.
    let entry = |(name, value): (&String, &bytes::Bytes)| {
        6 * name.len() + 6 + base64_text::encoded_len(value.len())
    };
    let metadata: usize = payload.metadata.iter().map(entry).sum();
    MAX_OVERHEAD
        + metadata
        + base64_text::encoded_len(payload.data.len())
        + MAX_EXTERNAL_SIZE * payload.external_sizes.len()
}

/// Appends one payload.
///
/// # Errors
/// `Internal` if a value cannot be written, which indicates a bug.
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
            serde_json::to_writer(&mut *text, name).map_err(internal)?;
            text.push(b':');
            put_base64(text, value);
        }
        text.push(b'}');
    }
    if !payload.data.is_empty() {
        field(text, b"data");
        put_base64(text, &payload.data);
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

fn put_base64(text: &mut Vec<u8>, bytes: &[u8]) {
    text.push(b'"');
    base64_text::append(text, bytes);
    text.push(b'"');
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_exceeds_its_bound() {
        for size in [0, 1, 2, 3, 4, 1000] {
            let mut one =
                Payload::new("json/plain", vec![7; size]).with_metadata("\u{1}\u{2}\"\\ü", "x");
            one.external_sizes = vec![i64::MIN, i64::MAX, 0];
            for one in [one, Payload { data: vec![0; size].into(), ..Payload::default() }] {
                let mut text = Vec::new();
                payload(&mut text, 1, &one).unwrap();
                assert!(text.len() <= max_len(&one), "{} {}", text.len(), max_len(&one));
            }
        }
    }
}
