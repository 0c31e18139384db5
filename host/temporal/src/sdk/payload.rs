//! Conversion between the SDK's payloads and Cloakroom's.

use bytes::Bytes;
use cloakroom_core::Payload;
use temporalio_common::protos::temporal::api::common::v1::{
    self as wire, payload::ExternalPayloadDetails,
};

/// Converts a payload of Temporal's SDK. Bodies and metadata are moved, not copied.
///
/// ```
/// use cloakroom_temporal::{payload_from_sdk, payload_to_sdk};
/// use temporalio_common::protos::temporal::api::common::v1::Payload;
///
/// let theirs = Payload { data: b"\"hi\"".to_vec(), ..Payload::default() };
/// let ours = payload_from_sdk(theirs.clone());
/// assert_eq!(&*ours.data, b"\"hi\"");
/// assert_eq!(payload_to_sdk(ours), theirs);
/// ```
#[must_use]
pub fn payload_from_sdk(payload: wire::Payload) -> Payload {
    // Destructured, so that a new field of the message does not compile before it is kept.
    let wire::Payload { metadata, data, external_payloads } = payload;
    Payload {
        metadata: metadata.into_iter().map(|(name, value)| (name, value.into())).collect(),
        data: data.into(),
        external_sizes: external_payloads.iter().map(|external| external.size_bytes).collect(),
        unknown: Bytes::new(),
    }
}

/// Converts a payload to one of Temporal's SDK. The SDK's type has no room for fields of a later
/// version of the message, so [`Payload::unknown`] is dropped.
///
/// A body is moved if nothing else shares it, and copied otherwise.
#[must_use]
pub fn payload_to_sdk(payload: Payload) -> wire::Payload {
    let Payload { metadata, data, external_sizes, unknown: _ } = payload;
    let external =
        external_sizes.into_iter().map(|size_bytes| ExternalPayloadDetails { size_bytes });
    wire::Payload {
        metadata: metadata.into_iter().map(|(name, value)| (name, value.into())).collect(),
        data: data.into(),
        external_payloads: external.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_both_ways() {
        let mut payload = Payload::new("json/plain", "\"hi\"").with_metadata("name", "value");
        payload.external_sizes = vec![7, -1];
        let theirs = payload_to_sdk(payload.clone());
        assert_eq!(theirs.metadata["encoding"], b"json/plain");
        assert_eq!(theirs.external_payloads.len(), 2);
        assert_eq!(payload_from_sdk(theirs), payload);
        payload.unknown = Bytes::from_static(b"\x7a\x00");
        assert_eq!(payload_from_sdk(payload_to_sdk(payload)).unknown, Bytes::new());
    }
}
