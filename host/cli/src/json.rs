//! Temporal's `Payloads` as proto3 JSON: what codec servers and the `temporal` command speak.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Metadata, Payload};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

#[derive(Deserialize, Serialize)]
struct Payloads {
    #[serde(default)]
    payloads: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    data: String,
    #[serde(
        default,
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

/// Reads `{"payloads":[…]}`. Errors never show what they read.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Payload>, Failure> {
    let payloads: Payloads = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::operation(format!(
            "standard input is not Payloads JSON ({place}): expected {{\"payloads\":[{{\"metadata\":{{…}},\"data\":\"…\"}}]}}"
        ))
    })?;
    payloads.payloads.into_iter().enumerate().map(|(slot, entry)| payload(slot, entry)).collect()
}

fn payload(slot: usize, entry: Entry) -> Result<Payload, Failure> {
    let decode = |text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| Failure::operation(format!("payload {slot} holds what is not base64")))
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
            Failure::operation(format!("payload {slot} has an external size that is not a number"))
        })?);
    }
    let data = decode(&entry.data)?.into();
    Ok(Payload { metadata, data, external_sizes, ..Payload::default() })
}

/// Writes `{"payloads":[…]}` and a line end.
pub(crate) fn write(payloads: &[Payload]) -> Result<Vec<u8>, Failure> {
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
    let mut text = serde_json::to_vec(&payloads).map_err(Failure::operation)?;
    text.push(b'\n');
    Ok(text)
}
