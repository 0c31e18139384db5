//! Temporal's own envelopes: requests and answers of its system Nexus endpoint, as payloads.
//!
//! The server reads them, so they stay readable; the payloads in them go through the pipeline. The
//! list is that of the API's `nexus/temporal-proto-models-nexusrpc.yaml` (in `temporalio-protos`
//! 0.10.2), which the SDKs' tables of system Nexus operations are generated from. It has one
//! operation, `SignalWithStartWorkflowExecution`. Whatever is not on the list is not opened.

mod parse;
mod schema;

use std::sync::Arc;

use cloakroom_core::{Charge, ENCODING, Payload};
use cloakroom_pipeline::{EnvelopeError, Envelopes, OpenEnvelope, UnknownEnvelope};

use self::schema::Fields;

/// Set by SDKs and the server on an envelope.
const MARKER: &str = "__temporal_system_payload";

const MESSAGE_TYPE: &str = "messageType";

/// The envelopes that this version knows, by message type.
const KNOWN: [(&str, Fields); 2] = [
    (
        "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest",
        schema::SIGNAL_WITH_START_REQUEST,
    ),
    (
        "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionResponse",
        schema::SIGNAL_WITH_START_RESPONSE,
    ),
];

/// Opens Temporal's envelopes, for [`cloakroom_pipeline::PipelineBuilder::envelopes`].
///
/// Every field must be known, in the envelope and in its messages. Search attributes stay as they
/// are, because the server indexes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvelopes;

impl SystemEnvelopes {
    /// Returns them for a pipeline.
    pub fn shared() -> Arc<dyn Envelopes> {
        Arc::new(Self)
    }

    /// Returns the message types of all envelopes that are opened.
    pub fn types() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(name, _)| *name)
    }
}

impl Envelopes for SystemEnvelopes {
    fn is_marked(&self, payload: &Payload) -> bool {
        let is = |name: &str, value: &[u8]| {
            payload.metadata.get(name).is_some_and(|found| &**found == value)
        };
        // Older servers mark ordinary results, which are written otherwise.
        is(MARKER, b"true") && is(ENCODING, b"binary/protobuf")
    }

    fn open(&self, payload: &Payload, charge: &mut Charge) -> Result<OpenEnvelope, EnvelopeError> {
        let name = payload.metadata.get(MESSAGE_TYPE).map(|name| String::from_utf8_lossy(name));
        let name = name.unwrap_or_default().into_owned();
        let no = |why: String| EnvelopeError::Unknown(UnknownEnvelope { name: name.clone(), why });
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        let (_, fields) = known
            .ok_or_else(|| no("which is not a type that this version of Cloakroom knows".into()))?;
        if !is_bare(payload) {
            return Err(no("with something else beside the message".into()));
        }
        let parsed = parse::parse(payload.data.clone(), fields, charge);
        let parse::Parsed { parts, payloads } = parsed.map_err(|refused| match refused {
            parse::Refused::Why(why) => no(why),
            parse::Refused::NoMemory(error) => EnvelopeError::NoMemory(error),
        })?;
        let metadata = payload.metadata.clone();
        let close = move |payloads| {
            let data = parse::write(&parts, payloads)?;
            Some(Payload { metadata, data, ..Payload::default() })
        };
        Ok(OpenEnvelope { payloads, close: Box::new(close) })
    }
}

/// Returns whether there is nothing but the message, which a reader would look at.
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
            .with(MARKER, "true")
            .with(MESSAGE_TYPE, KNOWN[0].0)
    }

    fn open(payload: &Payload) -> Result<OpenEnvelope, EnvelopeError> {
        let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1));
        SystemEnvelopes.open(payload, &mut budget.call().nothing())
    }

    /// An envelope of 9 KB whose 4,000 inner payloads would take over a megabyte.
    #[test]
    fn inner_payloads_are_counted_before_they_are_made() {
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
    fn opens_what_is_on_the_list_and_bare() {
        let good = envelope(b"\x0a\x02ns");
        assert!(open(&good).is_ok());
        refuses(&good.clone().with(MESSAGE_TYPE, "a.B"), "not a type");
        refuses(&good.clone().with("note", "x"), "beside");
        refuses(&Payload { unknown: "\x20\x01".into(), ..good.clone() }, "beside");
        refuses(&Payload { external_sizes: vec![1], ..good.clone() }, "beside");
        let mut untyped = good.clone();
        untyped.metadata.remove(MESSAGE_TYPE);
        refuses(&untyped, "not a type");
        assert!(!SystemEnvelopes.is_marked(&good.clone().with(MARKER, "1")));
        assert!(!SystemEnvelopes.is_marked(&good.with(ENCODING, "json/protobuf")));
    }
}
