//! References as Temporal's SDKs write them for their External Storage.

use bytes::Bytes;
use cloakroom_core::{Claim, ENCODING, Error, ErrorKind, Payload};
use cloakroom_pipeline::{PayloadKind, Reference, ReferenceFailure, ReferenceFormat, StoredObject};
use serde_json::{Map, Value, json};

use crate::object_keys;

/// Metadata of a reference. It alone tells one that stages have encoded.
const MARKER: &str = "__temporal_external_storage_reference";

const TRUE: &[u8] = b"true";
const MESSAGE_TYPE: &str = "messageType";
const REFERENCE: &[u8] = b"temporal.api.sdk.v1.ExternalStorageReference";
const JSON: &[u8] = b"json/protobuf";

/// Encoding that SDKs wrote before the format was settled.
const LEGACY: &[u8] = b"json/external-storage-reference";

/// Bytes of the largest reference. A claim is names, keys and digests, so a larger one is forged.
const LARGEST: usize = 64 << 10;

/// Format of references of Temporal's External Storage, for
/// [`cloakroom_pipeline::PipelineBuilder::with_reference_format`].
///
/// A reference is the JSON of `temporal.api.sdk.v1.ExternalStorageReference`, as the official SDKs write
/// it, and its size is in the payload's `external_payloads`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemporalReferences;

impl TemporalReferences {
    /// Returns whether a payload claims to be a reference, in plaintext or encoded.
    #[must_use]
    pub fn is_reference(payload: &Payload) -> bool {
        Self.classify(payload) != PayloadKind::Plain
    }
}

impl ReferenceFormat for TemporalReferences {
    fn classify(&self, payload: &Payload) -> PayloadKind {
        let is = |name: &str, value: &[u8]| {
            payload.metadata.get(name).is_some_and(|found| &**found == value)
        };
        // A larger payload cannot be a reference, and decoding it to find out would cost a whole
        // stage.
        let is_marked = is(MARKER, TRUE) && payload.data.len() <= LARGEST;
        match payload.metadata.get(ENCODING).map(|encoding| &**encoding) {
            Some(LEGACY) => PayloadKind::Reference,
            Some(JSON) if is(MESSAGE_TYPE, REFERENCE) => PayloadKind::Reference,
            _ if is_marked => PayloadKind::EncodedReference,
            _ => PayloadKind::Plain,
        }
    }

    fn read(&self, payload: &Payload) -> Result<Reference, Error> {
        if payload.data.len() > LARGEST {
            return Err(malformed("it is larger than 64 KiB"));
        }
        let value: Value = serde_json::from_slice(&payload.data)
            .map_err(|_| malformed("it is not written as JSON"))?;
        let value = value.as_object().ok_or_else(|| malformed("it is not a JSON object"))?;
        // proto3 JSON allows both spellings, and the SDKs' prerelease wrote the second.
        let driver = text(value, ["driverName", "driver_name"]);
        let driver = driver.ok_or_else(|| malformed("it names no driver"))?;
        let claim = match value.get("driver_claim").and_then(Value::as_object) {
            Some(legacy) => find(legacy, ["claim_data", "claimData"]),
            None => find(value, ["claimData", "claim_data"]),
        };
        let size = payload.external_sizes.first().copied();
        Ok(Reference::new(driver, entries(claim)?, size))
    }

    fn is_bare(&self, payload: &Payload) -> bool {
        let is_known = |(name, value): (&String, &Bytes)| match name.as_str() {
            ENCODING => true,
            MESSAGE_TYPE => value == REFERENCE,
            MARKER => value == TRUE,
            _ => false,
        };
        let value = serde_json::from_slice(&payload.data).ok();
        payload.metadata.iter().all(is_known)
            && payload.external_sizes.len() <= 1
            && payload.unknown.is_empty()
            && value.is_some_and(|value| has_known_fields(&value, &payload.data))
    }

    fn key_namespaces(&self, claim: &Claim) -> Option<Vec<String>> {
        object_keys::key_namespaces(claim)
    }

    fn write(&self, object: &StoredObject<'_>) -> Payload {
        // Compact and sorted by name, like the Python SDK: equal references have equal bytes. The
        // Python SDK also refuses any further field.
        let text = json!({ "claimData": object.claim, "driverName": object.driver }).to_string();
        // With the marker, as Temporal's specification has it. Deployed SDKs know a reference by its
        // type, and ignore metadata that they do not know.
        let mut payload = Payload::new("json/protobuf", text)
            .with_metadata(MESSAGE_TYPE, REFERENCE)
            .with_metadata(MARKER, Bytes::from_static(TRUE));
        payload.external_sizes = vec![i64::try_from(object.size).unwrap_or(i64::MAX)];
        payload
    }

    fn mark_encoded(&self, encoded: Payload, sizes: Vec<i64>) -> Payload {
        let mut marked = encoded.with_metadata(MARKER, Bytes::from_static(TRUE));
        marked.external_sizes = sizes;
        marked
    }

    fn unmark_encoded(&self, mut marked: Payload) -> (Payload, Vec<i64>) {
        marked.metadata.remove(MARKER);
        let sizes = std::mem::take(&mut marked.external_sizes);
        (marked, sizes)
    }

    fn error_code(&self, failure: ReferenceFailure) -> Option<&'static str> {
        match failure {
            ReferenceFailure::NoDriver => Some("TMPRL1105"),
            ReferenceFailure::Undecodable => Some("TMPRL1106"),
            _ => None,
        }
    }
}

/// Returns whether a JSON object has the fields of a reference and no others.
fn has_known_fields(value: &Value, text: &[u8]) -> bool {
    let Some(fields) = value.as_object() else {
        return false;
    };
    let (mut drivers, mut claims, mut entries) = (0, 0, 0);
    for (name, value) in fields {
        let claim = match (name.as_str(), value) {
            ("driverName" | "driver_name", Value::String(_)) => {
                drivers += 1;
                continue;
            }
            ("claimData" | "claim_data", Value::Object(claim)) => claim,
            ("driver_claim", Value::Object(claim)) if claim.len() == 1 => {
                match find(claim, ["claim_data", "claimData"]) {
                    Some(Value::Object(claim)) => {
                        entries += 1;
                        claim
                    }
                    _ => return false,
                }
            }
            _ => return false,
        };
        claims += 1;
        if !claim.values().all(Value::is_string) {
            return false;
        }
        entries += 2 * claim.len();
    }
    // A parser keeps the last of two equal names. The first could hold plaintext that no stage encrypts.
    let strings = 2 * drivers + claims + entries;
    drivers == 1 && claims <= 1 && strings == count_strings(text)
}

/// Returns how many strings a JSON text has, names among them.
fn count_strings(json: &[u8]) -> usize {
    let (mut quotes, mut is_escaped) = (0, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => quotes += 1,
            _ => {}
        }
    }
    quotes / 2
}

fn find<'a>(object: &'a Map<String, Value>, names: [&str; 2]) -> Option<&'a Value> {
    names.into_iter().find_map(|name| object.get(name))
}

fn text(object: &Map<String, Value>, names: [&str; 2]) -> Option<String> {
    let text = find(object, names)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Returns the entries of a claim. SDKs leave an empty claim out of the JSON.
fn entries(claim: Option<&Value>) -> Result<Claim, Error> {
    let Some(claim) = claim else {
        return Ok(Claim::new());
    };
    let entry = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let claim = claim.as_object().and_then(|object| object.iter().map(entry).collect());
    claim.ok_or_else(|| malformed("its claim is not names and texts"))
}

fn malformed(why: &str) -> Error {
    let text = format!("a reference to a stored payload cannot be read: {why}");
    Error::new(ErrorKind::Malformed, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: TemporalReferences = TemporalReferences;

    fn reference(size: Option<i64>) -> Reference {
        let claim = [("bucket", "b"), ("hash_algorithm", "sha256"), ("hash_value", "00")];
        let claim = claim.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Reference::new("aws.s3driver".to_owned(), claim.into(), size)
    }

    fn payload() -> Payload {
        let reference = reference(None);
        FORMAT.write(&StoredObject::new(&reference.driver, &reference.claim, 30, &[0; 32]))
    }

    #[track_caller]
    fn reads(encoding: &str, text: &str) {
        let payload =
            Payload::new(encoding, text.to_owned()).with_metadata(MESSAGE_TYPE, REFERENCE);
        assert!(FORMAT.classify(&payload) == PayloadKind::Reference);
        assert_eq!(FORMAT.read(&payload).unwrap(), reference(None));
    }

    /// As the Python SDK 1.35.0 writes it.
    #[test]
    fn writes_what_the_sdk_writes() {
        let payload = payload();
        assert_eq!(FORMAT.read(&payload).unwrap(), reference(Some(30)));
        assert_eq!(
            payload.data,
            r#"{"claimData":{"bucket":"b","hash_algorithm":"sha256","hash_value":"00"},"driverName":"aws.s3driver"}"#
        );
        assert!(payload.envelope().to_bytes().ends_with(&[0x1a, 0x02, 0x08, 0x1e]));
        assert!(FORMAT.classify(&payload) == PayloadKind::Reference);
    }

    #[test]
    fn reads_what_sdks_write() {
        let claim = r#"{"hash_value":"00", "bucket":"b", "hash_algorithm":"sha256"}"#;
        reads(
            "json/protobuf",
            &format!("{{\n \"driverName\": \"aws.s3driver\", \"claimData\": {claim}\n}}"),
        );
        reads(
            "json/protobuf",
            &format!(r#"{{"driver_name":"aws.s3driver","claim_data":{claim},"more":1}}"#),
        );
        let legacy =
            format!(r#"{{"driver_name":"aws.s3driver","driver_claim":{{"claim_data":{claim}}}}}"#);
        reads("json/external-storage-reference", &legacy);
    }

    #[test]
    fn knows_what_does_not_belong_into_one() {
        let check = |payload: &Payload, expect: bool| {
            assert_eq!(FORMAT.is_bare(payload), expect, "{:?}", payload.data);
        };
        let good = payload();
        check(&good, true);
        check(&good.clone().with_metadata(MARKER, TRUE), true);
        for (name, value) in [("note", "x"), (MARKER, "x"), (MESSAGE_TYPE, "x")] {
            check(&good.clone().with_metadata(name, value), false);
        }
        check(&Payload { external_sizes: vec![30, 1], ..good.clone() }, false);
        check(&Payload { unknown: "x".into(), ..good.clone() }, false);
        for (text, expect) in [
            (r#"{ "driver_name" : "d\"\u0041", "claim_data" : { "a\\" : "{\\" } }"#, true),
            (r#"{"driver_name":"d","driver_claim":{"claim_data":{"a":"b"}}}"#, true),
            (r#"{"driverName":"d"}"#, true),
            (r#"{"driverName":"d","more":"x"}"#, false),
            (r#"{"driverName":"d","more":1}"#, false),
            (r#"{"driverName":"d","claimData":{"a":1}}"#, false),
            (r#"{"driverName":"d","claimData":{"a":"x","a":"b"}}"#, false),
            (r#"{"driverName":"x","driverName":"d"}"#, false),
            (r#"{"driverName":"d","driver_name":"x"}"#, false),
            (r#"{"driverName":"d","claimData":{},"claim_data":{"a":"b"}}"#, false),
            (r#"{"driver_name":"d","driver_claim":{"claim_data":{},"x":"y"}}"#, false),
            ("[]", false),
        ] {
            check(&Payload { data: text.into(), ..good.clone() }, expect);
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in
            ["", "[]", "{}", r#"{"driverName":""}"#, r#"{"driverName":"a","claimData":{"b":1}}"#]
        {
            let error = FORMAT.read(&Payload::new("json/protobuf", text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{text}");
        }
        let huge = format!(r#"{{"driverName":"a","claimData":{{"b":"{}"}}}}"#, "x".repeat(LARGEST));
        assert!(FORMAT.read(&Payload::new("json/protobuf", huge)).is_err());
    }
}
