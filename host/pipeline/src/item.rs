//! Items: the payloads of a call, classified once when the call begins.

use cloakroom_core::Payload;

use crate::{
    counted_payload::CountedPayload,
    envelopes::Close,
    reference::{PayloadKind, Reference, ReferenceFormat},
};

/// Payload of a call, by what the pipeline does with it.
pub(crate) enum Item {
    /// Goes through the stages, and is stored if it is large.
    Plain(CountedPayload),
    /// Looks like a reference in the clear. Its contents are known once they were read.
    Reference(CountedPayload, Option<Reference>),
    /// Looks like a reference that stages have encoded.
    EncodedReference(CountedPayload),
    /// Is an envelope of the workflow engine, which no stage may touch. Its inner payloads are the
    /// items behind it.
    SystemEnvelope(SystemEnvelope),
}

/// Envelope of the workflow engine.
pub(crate) enum SystemEnvelope {
    /// Its inner payloads are the next `inner` items, and `close` puts them back.
    Open { slot: usize, inner: usize, close: Close },
    /// It could not be opened, and passes as it is.
    Closed(Payload),
}

impl Item {
    /// Classifies a payload. Nothing is a reference in a pipeline without a format of references.
    pub(crate) fn parse(format: Option<&dyn ReferenceFormat>, payload: CountedPayload) -> Self {
        let kind = format.map_or(PayloadKind::Plain, |format| format.classify(&payload.payload));
        match kind {
            PayloadKind::Plain => Self::Plain(payload),
            PayloadKind::Reference => Self::Reference(payload, None),
            PayloadKind::EncodedReference => Self::EncodedReference(payload),
        }
    }

    /// Returns the payload, which an envelope has none of that the pipeline may touch.
    pub(crate) fn payload(&self) -> Option<&CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }

    /// Returns the payload to change it.
    pub(crate) fn payload_mut(&mut self) -> Option<&mut CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }

    /// Returns the payload, unless it is an envelope.
    pub(crate) fn into_payload(self) -> Option<CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }
}
