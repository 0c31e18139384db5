//! Temporal's `Payloads` as proto3 JSON: what codec servers and the `temporal` command speak.

use std::collections::BTreeMap;

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD},
    },
};
use cloakroom_core::{Error, ErrorKind, Metadata, Payload};
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

use crate::object::Object;

/// proto3 JSON is read in either alphabet, padded or not, and written in the standard one.
static LENIENT: GeneralPurpose = reader(&alphabet::STANDARD);
static LENIENT_URL: GeneralPurpose = reader(&alphabet::URL_SAFE);

const fn reader(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new();
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

#[derive(Serialize)]
struct Payloads {
    payloads: Vec<Entry>,
}

/// An object that may be `Payloads`, and what tells which other thing it is.
#[derive(Deserialize)]
struct Input {
    #[serde(default, deserialize_with = "named")]
    payloads: Option<Vec<Object<Entry>>>,
    events: Option<IgnoredAny>,
    history: Option<IgnoredAny>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    #[serde(default, deserialize_with = "unless_null", skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "unless_null", skip_serializing_if = "String::is_empty")]
    data: String,
    #[serde(
        default,
        deserialize_with = "unless_null",
        rename = "externalPayloads",
        alias = "external_payloads",
        skip_serializing_if = "Vec::is_empty"
    )]
    external: Vec<Object<External>>,
}

#[derive(Deserialize, Serialize)]
struct External {
    #[serde(rename = "sizeBytes", alias = "size_bytes")]
    size: Size,
}

/// proto3 JSON writes 64-bit numbers as text; Go's struct tags write them as numbers.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Size {
    Text(String),
    Number(i64),
}

/// What is null is as good as missing.
fn unless_null<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A list that is named: null is an empty one, and a missing one is none.
fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Object<Entry>>>, D::Error> {
    unless_null(from).map(Some)
}

const EXPECTED: &str = "expected {\"payloads\":[{\"metadata\":{…},\"data\":\"…\"}]}";

/// Reads `{"payloads":[…]}`, as Go and as protobuf spell it. The list may be empty or null.
///
/// # Errors
/// `Malformed` if the text is something else, or has no `payloads`. The error says where and never
/// shows what was read.
pub fn read(text: &[u8]) -> Result<Vec<Payload>, Error> {
    let input = parse(text)?;
    let entries = input
        .payloads
        .ok_or_else(|| malformed(format!("not Payloads JSON: it has no `payloads`; {EXPECTED}")))?;
    entries.into_iter().enumerate().map(|(slot, entry)| payload(slot, entry.0)).collect()
}

/// Reads what [`read`] does, and takes `{}` for no payloads: proto3 JSON leaves an empty list out,
/// and so does Temporal's command line where a workflow has no arguments.
///
/// # Errors
/// As [`read`].
pub fn read_message(text: &[u8]) -> Result<Vec<Payload>, Error> {
    let empty = text.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"{}");
    if empty { Ok(Vec::new()) } else { read(text) }
}

fn parse(text: &[u8]) -> Result<Input, Error> {
    let wrong = |line, column| {
        malformed(format!("not Payloads JSON (line {line}, column {column}): {EXPECTED}"))
    };
    let Object::<Input>(input) =
        serde_json::from_slice(text).map_err(|error| wrong(error.line(), error.column()))?;
    if input.payloads.is_none() && (input.events.is_some() || input.history.is_some()) {
        return Err(malformed(
            "this is the exported history of a workflow (`events`), not Payloads JSON: use \
             `cloakroom explain --history FILE`"
                .to_owned(),
        ));
    }
    Ok(input)
}

fn payload(slot: usize, entry: Entry) -> Result<Payload, Error> {
    let decode = |text: &str| {
        let not_base64 = |_| malformed(format!("payload {slot} holds what is not base64"));
        let reader = if text.contains(['-', '_']) { &LENIENT_URL } else { &LENIENT };
        reader.decode(text).map_err(not_base64)
    };
    let mut metadata = Metadata::new();
    for (name, value) in &entry.metadata {
        metadata.insert(name.clone(), decode(value)?.into());
    }
    let mut external_sizes = Vec::new();
    for Object(External { size }) in entry.external {
        let size = match size {
            Size::Number(size) => Some(size),
            Size::Text(text) => text.parse().ok(),
        };
        external_sizes.push(size.ok_or_else(|| {
            malformed(format!("payload {slot} has an external size that is not a number"))
        })?);
    }
    let data = decode(&entry.data)?.into();
    Ok(Payload { metadata, data, external_sizes, ..Payload::default() })
}

/// Writes `{"payloads":[…]}`, as protobuf spells it, and a line end.
///
/// # Errors
/// `Internal`, which does not happen: there is no such text that cannot be written.
pub fn write(payloads: &[Payload]) -> Result<Vec<u8>, Error> {
    let entry = |payload: &Payload| Entry {
        metadata: payload
            .metadata
            .iter()
            .map(|(name, value)| (name.clone(), STANDARD.encode(value)))
            .collect(),
        data: STANDARD.encode(&payload.data),
        external: payload
            .external_sizes
            .iter()
            .map(|size| Object(External { size: Size::Text(size.to_string()) }))
            .collect(),
    };
    let payloads = Payloads { payloads: payloads.iter().map(entry).collect() };
    let mut text = serde_json::to_vec(&payloads)
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

fn malformed(text: String) -> Error {
    Error::new(ErrorKind::Malformed, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_protobuf_are_read() {
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
            assert!(error.contains("payload 0 holds what is not base64"), "{error}");
        }
    }

    #[track_caller]
    fn refused(read: Result<Vec<Payload>, Error>, says: &str) {
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn what_has_no_payloads_is_refused() {
        refused(read(b"{}"), "it has no `payloads`; expected {\"payloads\":[");
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
    fn a_list_is_no_object() {
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
    fn an_empty_message_is_no_payloads() {
        assert_eq!(read_message(b"{}").unwrap(), []);
        assert_eq!(read_message(b" { } ").unwrap(), []);
    }
}
