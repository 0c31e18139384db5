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
use serde::{Deserialize, Deserializer, Serialize};

/// proto3 JSON is read in either alphabet, padded or not, and written in the standard one.
static LENIENT: GeneralPurpose = reader(&alphabet::STANDARD);
static LENIENT_URL: GeneralPurpose = reader(&alphabet::URL_SAFE);

const fn reader(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new();
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

#[derive(Deserialize, Serialize)]
struct Payloads {
    #[serde(default, deserialize_with = "unless_null")]
    payloads: Vec<Entry>,
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
    external: Vec<External>,
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

/// Reads `{"payloads":[…]}`, as Go and as protobuf spell it.
///
/// # Errors
/// `Malformed`, which says where and never shows what was read.
pub fn read(text: &[u8]) -> Result<Vec<Payload>, Error> {
    let wrong = |line, column| {
        malformed(format!(
            "not Payloads JSON (line {line}, column {column}): \
             expected {{\"payloads\":[{{\"metadata\":{{…}},\"data\":\"…\"}}]}}"
        ))
    };
    // A list would do for serde: it takes the values of a struct in their order.
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(wrong(1, 1));
    }
    let payloads: Payloads =
        serde_json::from_slice(text).map_err(|error| wrong(error.line(), error.column()))?;
    payloads.payloads.into_iter().enumerate().map(|(slot, entry)| payload(slot, entry)).collect()
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
    for External { size } in entry.external {
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
            .map(|size| External { size: Size::Text(size.to_string()) })
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
        for text in [r#"{"payloads":null}"#, "{}"] {
            assert_eq!(read(text.as_bytes()).unwrap(), []);
        }
        let none = br#"{"payloads":[{"metadata":null,"data":null,"external_payloads":null}]}"#;
        assert_eq!(read(none).unwrap(), [Payload::default()]);
        for data in ["+/_+", "A", "A=", "=", "A A="] {
            let text = format!(r#"{{"payloads":[{{"data":"{data}"}}]}}"#);
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("payload 0 holds what is not base64"), "{error}");
        }
    }
}
