//! Payloads to measure with.

use cloakroom::{Payload, storage::Object};
use cloakroom_conformance::sample_text;

/// Returns a payload of text that compresses about 3 to 1.
pub(crate) fn payload(size: usize) -> Payload {
    Payload::new("json/plain", sample_text(size))
}

/// Returns a payload as the object that a driver stores.
pub(crate) fn object(payload: &Payload) -> Object {
    cloakroom_conformance::object(payload)
}
