//! Reference: what stays in the history in place of a payload.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_guest::{Buffer, Error};
use serde_json::{Map, Value};

/// Most bytes of a reference. It repeats the metadata, of which the service takes 1 MB at most.
const BYTES: u64 = 1 << 20;

/// Names and values of a payload's metadata.
pub(crate) type Metadata = Vec<(String, Vec<u8>)>;

/// Version of the service that wrote an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The first one, which named objects by their digest alone.
    V1,
    /// The current one, which returns a key.
    V2,
}

impl Version {
    /// Reads the value of the mark.
    pub(crate) fn read(mark: &[u8]) -> Result<Self, Error> {
        match mark {
            b"v1" => Ok(Self::V1),
            b"v2" => Ok(Self::V2),
            _ => Err(Error::malformed("the mark names no version that is known: v1 and v2 are")),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// Reference to a payload in the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Metadata of the payload, in the order of the names.
    pub(crate) metadata: Metadata,
    /// Bytes of its body.
    pub(crate) size: u64,
    /// Digest of its body: `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    /// Key of the body. Empty in references of version 1 that have none.
    pub(crate) key: String,
}

impl Reference {
    /// Reads a reference. Fields that it does not know are ignored, as the Go codec ignores them.
    pub(crate) fn read(version: Version, data: &Buffer) -> Result<Self, Error> {
        if data.length() > BYTES {
            return Err(Error::malformed("a reference has 1 MiB at most"));
        }
        let json = serde_json::from_slice(&data.to_vec());
        let Ok(Value::Object(fields)) = json else {
            return Err(Error::malformed("a reference is a JSON object"));
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let size = fields.get("size").and_then(Value::as_u64);
        let digest = text("digest").filter(|digest| is_sha256(digest));
        let key = text("key").unwrap_or_default();
        // Such a key is none of the service's, and no request may hold it.
        if key.contains(char::is_control) || version == Version::V2 && key.is_empty() {
            return Err(Error::malformed("a reference of version 2 has no `key`, or an odd one"));
        }
        Ok(Self {
            metadata: read_metadata(fields.get("metadata"))?,
            size: size.ok_or_else(|| Error::malformed("a reference has no `size`"))?,
            digest: digest
                .ok_or_else(|| Error::malformed("a reference has no `digest` of SHA-256"))?,
            key,
        })
    }

    /// Writes the reference with the fields in the order in which the Go codec writes them, so that both
    /// write the same bytes.
    pub(crate) fn write(&self) -> Buffer {
        let Self { metadata, size, digest, key } = self;
        let (metadata, digest, key) = (metadata_json(metadata), quoted(digest), quoted(key));
        let json =
            format!(r#"{{"metadata":{metadata},"size":{size},"digest":{digest},"key":{key}}}"#);
        Buffer::new(json.as_bytes())
    }
}

fn is_sha256(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Writes metadata as JSON, with the values in base64. No metadata is `null`, as in Go.
pub(crate) fn metadata_json(metadata: &Metadata) -> String {
    if metadata.is_empty() {
        return "null".to_owned();
    }
    let entry = |(name, value): &(String, Vec<u8>)| {
        format!("{}:\"{}\"", quoted(name), STANDARD.encode(value))
    };
    let entries: Vec<_> = metadata.iter().map(entry).collect();
    format!("{{{}}}", entries.join(","))
}

fn read_metadata(json: Option<&Value>) -> Result<Metadata, Error> {
    let none = Map::new();
    let entries = match json {
        None | Some(Value::Null) => &none,
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(Error::malformed("the `metadata` of a reference is no JSON object")),
    };
    entries.iter().map(|(name, value)| Ok((name.clone(), read_value(value)?))).collect()
}

fn read_value(value: &Value) -> Result<Vec<u8>, Error> {
    let bytes = match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => STANDARD.decode(text).ok(),
        _ => None,
    };
    bytes.ok_or_else(|| Error::malformed("a value of the `metadata` of a reference is not base64"))
}

/// Returns a text in JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
