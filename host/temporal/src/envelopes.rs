//! System envelopes: messages of Temporal's system Nexus endpoint that travel as payloads.
//!
//! A workflow that signals with start sends the request as a payload. The server reads it, so it
//! must stay readable, but it contains payloads of the user: arguments, memo, headers. Only those
//! go through the pipeline.
//!
//! The list of messages is that of the API's `nexus/temporal-proto-models-nexusrpc.yaml` (in
//! `temporalio-protos` 0.10.2), from which the SDKs generate their tables of system Nexus
//! operations. It has one operation, `SignalWithStartWorkflowExecution`. Other messages are not
//! opened.

mod parse;
mod schema;

use std::sync::Arc;

use cloakroom_core::{Charge, ENCODING, Payload};
use cloakroom_pipeline::{EnvelopeError, Envelopes, OpenEnvelope, UnknownEnvelope};

use self::schema::Fields;

/// Metadata key with which SDKs and the server mark an envelope.
const MARKER: &str = "__temporal_system_payload";

/// Metadata key of the message type.
const MESSAGE_TYPE: &str = "messageType";

/// Schemas of the known envelopes, by message type.
const SCHEMAS: [(&str, Fields); 2] = [
    (
        "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest",
        schema::SIGNAL_WITH_START_REQUEST,
    ),
    (
        "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionResponse",
        schema::SIGNAL_WITH_START_RESPONSE,
    ),
];

/// Opens Temporal's envelopes, for [`cloakroom_pipeline::PipelineBuilder::with_envelopes`].
///
/// Every field must be known, in the envelope and in its messages: an unknown one could hold a
/// payload of the user, which would reach the server in plaintext. Search attributes stay as they
/// are, because the server indexes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvelopes;

impl SystemEnvelopes {
    /// Returns a shared instance for a pipeline.
    #[must_use]
    pub fn shared() -> Arc<dyn Envelopes> {
        Arc::new(Self)
    }

    /// Returns the message types of all known envelopes.
    pub fn types() -> impl Iterator<Item = &'static str> {
        SCHEMAS.iter().map(|(name, _)| *name)
    }
}

impl Envelopes for SystemEnvelopes {
    fn is_marked(&self, payload: &Payload) -> bool {
        let is = |name: &str, value: &[u8]| {
            payload.metadata.get(name).is_some_and(|found| &**found == value)
        };
        // Older servers set the marker on ordinary results too, with another encoding.
        is(MARKER, b"true") && is(ENCODING, b"binary/protobuf")
    }

    fn open(&self, payload: &Payload, charge: &mut Charge) -> Result<OpenEnvelope, EnvelopeError> {
        let name = payload.metadata.get(MESSAGE_TYPE).map(|name| String::from_utf8_lossy(name));
        let name = name.unwrap_or_default().into_owned();
        let no = |why: String| EnvelopeError::Unknown(UnknownEnvelope { name: name.clone(), why });
        let known = SCHEMAS.iter().find(|(known, _)| *known == name);
        let (_, fields) = known
            .ok_or_else(|| no("which is not a type that this version of Cloakroom knows".into()))?;
        if !is_bare(payload) {
            return Err(no("with something else beside the message".into()));
        }
        let parsed = parse::parse(payload.data.clone(), fields, charge);
        let parse::Parsed { parts, payloads } = parsed.map_err(|error| match error {
            parse::ParseError::Unsupported(why) => no(why),
            parse::ParseError::OutOfMemory(error) => EnvelopeError::NoMemory(error),
        })?;
        let metadata = payload.metadata.clone();
        let close = move |payloads| {
            let data = parse::write(&parts, payloads)?;
            Some(Payload { metadata, data, ..Payload::default() })
        };
        Ok(OpenEnvelope { payloads, close: Box::new(close) })
    }
}

/// Returns whether a payload has only the message and its known metadata. Anything else would be
/// lost.
fn is_bare(payload: &Payload) -> bool {
    let is_known = |name: &String| [ENCODING, MARKER, MESSAGE_TYPE].contains(&name.as_str());
    payload.metadata.keys().all(is_known)
        && payload.external_sizes.is_empty()
        && payload.unknown.is_empty()
}

#[cfg(test)]
mod tests {
    use cloakroom_core::{ByteSize, ErrorKind, Limit, MemoryBudget};

    use super::*;

    fn envelope(data: &[u8]) -> Payload {
        Payload::new("binary/protobuf", data.to_vec())
            .with_metadata(MARKER, "true")
            .with_metadata(MESSAGE_TYPE, SCHEMAS[0].0)
    }

    fn open(payload: &Payload) -> Result<OpenEnvelope, EnvelopeError> {
        let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1));
        SystemEnvelopes.open(payload, &mut budget.call().nothing())
    }

    /// The envelope has 9 KB, but its 4,000 inner payloads would take over a megabyte.
    #[test]
    fn charges_inner_payloads_before_they_are_allocated() {
        let input = b"\x0a\x00".repeat(4000);
        let head = [0x2a, (input.len() & 0x7f) as u8 | 0x80, (input.len() >> 7) as u8];
        let error = open(&envelope(&[&head[..], &input].concat())).map(drop).unwrap_err();
        let EnvelopeError::NoMemory(error) = error else { panic!("{error:?}") };
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
    }

    #[track_caller]
    fn refuses(payload: &Payload, why: &str) {
        assert!(SystemEnvelopes.is_marked(payload));
        let EnvelopeError::Unknown(no) = open(payload).map(drop).unwrap_err() else { panic!() };
        assert!(no.why.contains(why), "{}", no.why);
    }

    #[test]
    fn opens_only_known_and_bare_envelopes() {
        let good = envelope(b"\x0a\x02ns");
        assert!(open(&good).is_ok());
        refuses(&good.clone().with_metadata(MESSAGE_TYPE, "a.B"), "not a type");
        refuses(&good.clone().with_metadata("note", "x"), "beside");
        refuses(&Payload { unknown: "\x20\x01".into(), ..good.clone() }, "beside");
        refuses(&Payload { external_sizes: vec![1], ..good.clone() }, "beside");
        let mut untyped = good.clone();
        untyped.metadata.remove(MESSAGE_TYPE);
        refuses(&untyped, "not a type");
        assert!(!SystemEnvelopes.is_marked(&good.clone().with_metadata(MARKER, "1")));
        assert!(!SystemEnvelopes.is_marked(&good.with_metadata(ENCODING, "json/protobuf")));
    }
}
