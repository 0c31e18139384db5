//! Temporal's `Payloads` message as proto3 JSON, the format of codec servers.

mod base64_text;
#[cfg(feature = "codec-server")]
pub(crate) mod metered;
mod object;
mod parse;
mod read_limits;
mod write;

use cloakroom_core::{Error, Payload};

use self::read_limits::ReadLimits;

/// Reads `{"payloads":[…]}` in protobuf's or Go's spelling. The list may be empty or null.
///
/// # Errors
/// `Malformed` if the text is something else, or has no `payloads`. The error names the position
/// and never quotes the text.
pub fn read(text: &[u8]) -> Result<Vec<Payload>, Error> {
    parse::parse(text, &ReadLimits::unlimited())
}

/// Reads like [`read`], but accepts `{}` as an empty list.
///
/// proto3 JSON omits an empty list. Temporal's command line sends `{}` for a workflow without
/// arguments.
///
/// # Errors
/// Those of [`read`].
pub fn read_message(text: &[u8]) -> Result<Vec<Payload>, Error> {
    if is_empty(text) { Ok(Vec::new()) } else { read(text) }
}

fn is_empty(text: &[u8]) -> bool {
    text.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"{}")
}

/// Writes `{"payloads":[…]}` in protobuf's spelling, with a newline.
///
/// # Errors
/// `Internal` if a value cannot be written, which indicates a bug.
pub fn write(payloads: &[Payload]) -> Result<Vec<u8>, Error> {
    let mut text =
        Vec::with_capacity(write::FRAME + payloads.iter().map(write::max_len).sum::<usize>());
    text.extend_from_slice(write::HEAD);
    for (slot, payload) in payloads.iter().enumerate() {
        write::payload(&mut text, slot, payload)?;
    }
    text.extend_from_slice(write::TAIL);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use cloakroom_core::ErrorKind;

    use super::*;

    #[test]
    fn reads_all_spellings_of_protobuf() {
        let expected = Payload::new("json/plain", vec![0xfb, 0xff, 0xfe, 0x01]);
        for data in ["+//+AQ==", "+//+AQ", "-__-AQ==", "-__-AQ"] {
            let text = format!(
                r#"{{"payloads":[{{"metadata":{{"encoding":"anNvbi9wbGFpbg"}},"data":"{data}","externalPayloads":null}}]}}"#
            );
            assert_eq!(read(text.as_bytes()).unwrap().pop().as_ref(), Some(&expected), "{data}");
        }
        for text in [r#"{"payloads":null}"#, r#"{"payloads":[]}"#, r#"{"payloads":[],"a":1}"#] {
            assert_eq!(read(text.as_bytes()).unwrap(), []);
            assert_eq!(read_message(text.as_bytes()).unwrap(), []);
        }
        let none = br#"{"payloads":[{"metadata":null,"data":null,"external_payloads":null}]}"#;
        assert_eq!(read(none).unwrap(), [Payload::default()]);
        for data in ["+/_+", "A", "A=", "=", "A A="] {
            let text = format!(r#"{{"payloads":[{{"data":"{data}"}}]}}"#);
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("payload 0 has a value that is not base64"), "{error}");
        }
    }

    #[track_caller]
    fn refused(read: Result<Vec<Payload>, Error>, says: &str) {
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn refuses_a_text_without_payloads() {
        refused(read(b"{}"), "it has no `payloads`: expected {\"payloads\":[");
        for text in [r#"{"foo":1}"#, r#"{"metadata":{},"data":""}"#] {
            refused(read(text.as_bytes()), "it has no `payloads`");
            refused(read_message(text.as_bytes()), "it has no `payloads`");
        }
        for text in [r#"{"events":[]}"#, r#"{"history":{"events":[]},"nextPageToken":""}"#] {
            refused(read(text.as_bytes()), "cloakroom explain --history FILE");
            refused(read_message(text.as_bytes()), "cloakroom explain --history FILE");
        }
    }

    #[test]
    fn refuses_a_list_in_place_of_an_object() {
        for text in [
            "[[]]",
            r#"{"payloads":[[{},"",[]]]}"#,
            r#"{"payloads":[{"externalPayloads":[["1"]]}]}"#,
        ] {
            refused(read(text.as_bytes()), "not Payloads JSON (line 1, column ");
        }
    }

    /// As `temporal` 1.9.1 sends it for a workflow without arguments.
    #[test]
    fn reads_an_empty_message() {
        assert_eq!(read_message(b"{}").unwrap(), []);
        assert_eq!(read_message(b" { } ").unwrap(), []);
    }
}
