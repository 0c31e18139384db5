//! The codec server's JSON against a reading of its own of what serde_json's `Value` holds.

use std::collections::BTreeMap;

use cloakroom::Payload;
use cloakroom_temporal::json;
use serde_json::Value;

use crate::promise;

/// Reads `data` both ways, and writes and reads again what was read.
pub(crate) fn json(data: &[u8]) {
    let _ = json::read_message(data).map_err(|error| promise::check(&error));
    let ours = match json::read(data) {
        Ok(ours) => ours,
        Err(error) => {
            promise::check(&error);
            assert!(error.to_string().len() < 300, "{error}");
            assert!(!is_canonical(data), "refuses what it writes itself: {error}");
            return;
        }
    };
    // What is ignored is not checked: text in it need not be text.
    if let Ok(value) = serde_json::from_slice::<Value>(data) {
        let expected = payloads(&value).expect("`payloads` of objects");
        assert!(ours == expected, "reads other payloads than there are");
    }
    let written = json::write(&ours).expect("writes");
    assert!(json::read(&written).expect("reads what it wrote") == ours, "changed on its way");
}

/// Returns whether this is a text as we write it.
fn is_canonical(data: &[u8]) -> bool {
    let read = serde_json::from_slice(data).ok().and_then(|value: Value| payloads(&value));
    read.is_some_and(|read| json::write(&read).expect("writes") == data)
}

/// `None` if it is not payloads, as proto3 writes them.
fn payloads(value: &Value) -> Option<Vec<Payload>> {
    match value.as_object()?.get("payloads")? {
        Value::Null => Some(Vec::new()),
        list => list.as_array()?.iter().map(payload).collect(),
    }
}

fn payload(value: &Value) -> Option<Payload> {
    let object = value.as_object()?;
    let given = |name: &str| object.get(name).filter(|value| !value.is_null());
    let mut metadata = BTreeMap::new();
    if let Some(entries) = given("metadata") {
        for (name, value) in entries.as_object()? {
            metadata.insert(name.clone(), base64(value.as_str()?)?.into());
        }
    }
    let data = given("data").map_or(Some(Vec::new()), |data| base64(data.as_str()?))?;
    let sizes = given("externalPayloads").or_else(|| given("external_payloads"));
    let sizes =
        sizes.map_or(Some(Vec::new()), |sizes| sizes.as_array()?.iter().map(size).collect());
    Some(Payload { metadata, data: data.into(), external_sizes: sizes?, ..Payload::default() })
}

fn size(value: &Value) -> Option<i64> {
    let object = value.as_object()?;
    let size = object.get("sizeBytes").or_else(|| object.get("size_bytes"))?;
    size.as_i64().or_else(|| size.as_str()?.parse().ok())
}

/// Either alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let digits = text.trim_end_matches('=').bytes().map(digit).collect::<Option<Vec<_>>>()?;
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - four.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    Some(bytes)
}
