//! Requests to the Large Payload Service.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_guest::{
    Buffer, Error,
    http::{self, Response},
};
use serde_json::Value;

use crate::reference::{Metadata, Reference, Version, metadata_json};

/// Most bytes of the header with the metadata: the host takes 16 KiB of all headers of a request.
const HEADER: usize = 15 << 10;

/// Most bytes of the answer to a put, which is a key.
const KEY_ANSWER: u64 = 64 << 10;

/// The service.
pub(crate) struct LargePayloads(http::Service);

impl LargePayloads {
    pub(crate) fn open(name: &str) -> Result<Self, Error> {
        http::open(name).map(Self)
    }

    /// Stores a body and returns its key. A body that is there already is not written again.
    pub(crate) fn put(
        &self,
        namespace: &str,
        digest: &str,
        metadata: &Metadata,
        body: &Buffer,
    ) -> Result<String, Error> {
        let (digest, namespace) = (escaped(digest), escaped(namespace));
        let path = format!("v2/blobs/put?digest={digest}&namespace={namespace}");
        let headers = [header("x-temporal-metadata", &header_value(metadata)), content_type()];
        let answer = self.0.request("PUT", &path, &headers, Some(body), KEY_ANSWER)?;
        let answer = success(answer)?.to_vec();
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        // The service writes `Key`. Its codec takes either, as Go's JSON does.
        let key = answer.get("Key").or_else(|| answer.get("key")).and_then(Value::as_str);
        let key = key.filter(|key| !key.is_empty()).map(str::to_owned);
        key.ok_or_else(|| Error::other("the service answered a put without a key"))
    }

    /// Reads the body of a reference: its size at most.
    pub(crate) fn get(&self, version: Version, reference: &Reference) -> Result<Buffer, Error> {
        let path = match version {
            Version::V1 => format!("v1/blobs/get?digest={}", escaped(&reference.digest)),
            Version::V2 => format!("v2/blobs/get?key={}", escaped(&reference.key)),
        };
        let size = header("x-payload-expected-content-length", &reference.size.to_string());
        let answer = self.0.request("GET", &path, &[content_type(), size], None, reference.size)?;
        success(answer)
    }
}

/// Returns whether a request can carry this metadata.
pub(crate) fn has_room_for(metadata: &Metadata) -> bool {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    bytes <= HEADER && header_value(metadata).len() <= HEADER
}

fn header_value(metadata: &Metadata) -> String {
    STANDARD.encode(metadata_json(metadata))
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The service refuses requests without it, also those that have no body.
fn content_type() -> (String, String) {
    header("content-type", "application/octet-stream")
}

/// Returns the body of a success. A status says what kind of error it is.
fn success(answer: Response) -> Result<Buffer, Error> {
    match answer.status {
        200 | 201 => Ok(answer.body),
        404 | 410 => Err(Error::not_found("the service has no such payload")),
        401 | 403 => Err(Error::denied("the service refused")),
        413 => Err(Error::too_large("the payload is larger than the service takes")),
        408 | 429 | 500..=599 => Err(Error::unavailable("the service failed")),
        _ => Err(Error::other("the service refused the request")),
    }
}

/// Escapes a text for a query: all but letters, digits and `-._~`.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
