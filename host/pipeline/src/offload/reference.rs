//! References: the small payloads that stand in for stored ones, as Temporal's SDKs write them.

use aws_lc_rs::digest;
use bytes::Bytes;
use cloakroom_core::{Claim, ENCODING, Error, ErrorKind, Payload};
use serde_json::{Map, Value, json};

/// Set on what stands for a stored payload where it is encoded itself, and so does not show.
const MARKER: &str = "__temporal_external_storage_reference";

const TRUE: &[u8] = b"true";
const MESSAGE_TYPE: &str = "messageType";
const REFERENCE: &[u8] = b"temporal.api.sdk.v1.ExternalStorageReference";
const JSON: &[u8] = b"json/protobuf";

/// What SDKs wrote before the format was settled.
const LEGACY: &[u8] = b"json/external-storage-reference";

/// A claim is names, keys and digests: more than this is no claim.
const LARGEST: usize = 64 << 10;

/// What a payload is to external storage.
pub(crate) enum Kind {
    /// A payload like any other.
    Ordinary,
    /// A reference in the clear.
    Reference,
    /// A reference that codecs have encoded.
    Marked,
}

/// Whose object it is, and what finds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    pub(crate) driver: String,
    pub(crate) claim: Claim,
}

/// Key of an object in the cache: a digest of its driver's identity and name and of its whole
/// claim, which names the content's own digest. Not the content's digest alone: a forged claim that
/// names it must not be spared its way through the driver and its grants.
pub(crate) type CacheKey = [u8; 32];

impl Kind {
    pub(crate) fn of(payload: &Payload) -> Self {
        let is = |name: &str, value: &[u8]| {
            payload.metadata.get(name).is_some_and(|found| &**found == value)
        };
        let marked = is(MARKER, TRUE) && payload.data.len() <= LARGEST;
        match payload.metadata.get(ENCODING).map(|encoding| &**encoding) {
            Some(LEGACY) => Self::Reference,
            Some(JSON) if is(MESSAGE_TYPE, REFERENCE) => Self::Reference,
            _ if marked => Self::Marked,
            _ => Self::Ordinary,
        }
    }
}

impl Reference {
    /// Reads a reference in the clear. It comes from a history, and could be anything.
    pub(crate) fn read(payload: &Payload) -> Result<Self, Error> {
        if LARGEST < payload.data.len() {
            return Err(malformed("it is larger than 64 KiB"));
        }
        let value: Value = serde_json::from_slice(&payload.data)
            .map_err(|_| malformed("it is not written as JSON"))?;
        let value = value.as_object().ok_or_else(|| malformed("it is not a JSON object"))?;
        let driver = text(value, ["driverName", "driver_name"]);
        let driver = driver.ok_or_else(|| malformed("it names no driver"))?;
        let claim = match value.get("driver_claim").and_then(Value::as_object) {
            Some(legacy) => find(legacy, ["claim_data", "claimData"]),
            None => find(value, ["claimData", "claim_data"]),
        };
        Ok(Self { driver, claim: entries(claim)? })
    }

    /// Returns the cache_key of this reference, whose driver has this identity.
    pub(crate) fn cache_key(&self, identity: &str) -> CacheKey {
        let mut context = digest::Context::new(&digest::SHA256);
        let entries = self.claim.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        for text in [identity, &*self.driver].into_iter().chain(entries) {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut cache_key = [0; 32];
        cache_key.copy_from_slice(context.finish().as_ref());
        cache_key
    }

    /// The payload that stands in for one of `size` bytes.
    pub(crate) fn payload(&self, size: usize) -> Payload {
        let text = json!({ "claimData": self.claim, "driverName": self.driver }).to_string();
        let mut payload = Payload::new("json/protobuf", text).with(MESSAGE_TYPE, REFERENCE);
        payload.external_sizes = vec![i64::try_from(size).unwrap_or(i64::MAX)];
        payload
    }
}

/// Returns whether a reference that can be read has nothing in it but its driver's name, its claim
/// and its size.
pub(crate) fn is_nothing_else(payload: &Payload) -> bool {
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
    // A name that stands there twice would hide its first value.
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

/// Marks an encoded reference as one, and restores the size that its codecs dropped.
pub(crate) fn mark(encoded: Payload, sizes: Vec<i64>) -> Payload {
    let mut marked = encoded.with(MARKER, Bytes::from_static(TRUE));
    marked.external_sizes = sizes;
    marked
}

/// What the codecs made, without the mark, and the sizes that belong to the reference.
pub(crate) fn unmark(mut marked: Payload) -> (Payload, Vec<i64>) {
    marked.metadata.remove(MARKER);
    let sizes = std::mem::take(&mut marked.external_sizes);
    (marked, sizes)
}

fn find<'a>(object: &'a Map<String, Value>, names: [&str; 2]) -> Option<&'a Value> {
    names.into_iter().find_map(|name| object.get(name))
}

fn text(object: &Map<String, Value>, names: [&str; 2]) -> Option<String> {
    let text = find(object, names)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A claim without entries is left out of the JSON.
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

    fn reference() -> Reference {
        let claim = [("bucket", "b"), ("hash_algorithm", "sha256"), ("hash_value", "00")];
        let claim = claim.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Reference { driver: "aws.s3driver".to_owned(), claim: claim.into() }
    }

    #[track_caller]
    fn reads(encoding: &str, text: &str) {
        let payload = Payload::new(encoding, text.to_owned()).with(MESSAGE_TYPE, REFERENCE);
        assert!(matches!(Kind::of(&payload), Kind::Reference));
        assert_eq!(Reference::read(&payload).unwrap(), reference());
    }

    /// As the Python SDK 1.35.0 writes it.
    #[test]
    fn writes_what_the_sdk_writes() {
        let payload = reference().payload(30);
        assert_eq!(
            payload.data,
            r#"{"claimData":{"bucket":"b","hash_algorithm":"sha256","hash_value":"00"},"driverName":"aws.s3driver"}"#
        );
        assert!(payload.envelope().to_bytes().ends_with(&[0x1a, 0x02, 0x08, 0x1e]));
        assert!(matches!(Kind::of(&payload), Kind::Reference));
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
            assert_eq!(is_nothing_else(payload), expect, "{:?}", payload.data);
        };
        let good = reference().payload(30);
        check(&good, true);
        check(&good.clone().with(MARKER, TRUE), true);
        for (name, value) in [("note", "x"), (MARKER, "x"), (MESSAGE_TYPE, "x")] {
            check(&good.clone().with(name, value), false);
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
            let error = Reference::read(&Payload::new("json/protobuf", text)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{text}");
        }
        let huge = format!(r#"{{"driverName":"a","claimData":{{"b":"{}"}}}}"#, "x".repeat(LARGEST));
        assert!(Reference::read(&Payload::new("json/protobuf", huge)).is_err());
    }
}
