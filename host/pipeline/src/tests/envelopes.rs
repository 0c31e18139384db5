//! Envelopes of a workflow engine: their inner payloads go through the pipeline, and they do not.

use std::sync::Arc;

use cloakroom_core::{ByteSize, Charge, ErrorKind, MemoryBudget, Payload, Purpose};

use super::fakes::{Fake, Shelf, Work, builder, ctx, plain};
use crate::{
    EnvelopeError, Envelopes, Offload, OpenEnvelope, PipelineBuilder, Stage, UnknownEnvelope,
};

/// Envelopes whose inner payloads are lines of the body.
struct LineEnvelopes;

fn envelope(lines: &str) -> Payload {
    Payload::new("envelope", lines.to_owned())
}

impl Envelopes for LineEnvelopes {
    fn is_marked(&self, payload: &Payload) -> bool {
        payload.encoding() == Some("envelope")
    }

    fn open(&self, payload: &Payload, charge: &mut Charge) -> Result<OpenEnvelope, EnvelopeError> {
        let text = std::str::from_utf8(&payload.data).unwrap();
        if text == "unknown" {
            let (name, why) = ("Odd".to_owned(), "which is odd".to_owned());
            return Err(EnvelopeError::Unknown(UnknownEnvelope { name, why }));
        }
        charge.grow(text.len()).map_err(EnvelopeError::NoMemory)?;
        let decode = |line: &str| match line.strip_prefix("x:") {
            Some(hex) => Payload::new("x/a", hex::decode(hex).unwrap()),
            None => plain(line),
        };
        let payloads: Vec<_> = text.lines().map(decode).collect();
        let count = payloads.len();
        let encode = |payload: &Payload| match payload.encoding() {
            Some("x/a") => format!("x:{}\n", hex::encode(&payload.data)),
            _ => format!("{}\n", std::str::from_utf8(&payload.data).unwrap()),
        };
        let close = move |inner: Vec<Payload>| {
            (inner.len() == count).then(|| envelope(&inner.iter().map(encode).collect::<String>()))
        };
        Ok(OpenEnvelope { payloads, close: Box::new(close) })
    }
}

fn stages(stage: Stage) -> PipelineBuilder {
    builder().with_stage(stage).with_envelopes(Arc::new(LineEnvelopes))
}

fn failing() -> Stage {
    Stage::new("a", Fake::new("x/a", Purpose::Encryption, Work::FailOnBad))
}

#[tokio::test]
async fn inner_payloads_are_encoded_in_their_places() {
    let pipeline = stages(failing().required()).build().unwrap();
    let batch = vec![envelope("one\ntwo\n"), plain("three"), envelope(""), envelope("four\n")];
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(encoded[1].encoding(), Some("x/a"));
    let text = std::str::from_utf8(&encoded[0].data).unwrap();
    assert_eq!((encoded[0].encoding(), text.matches("x:").count()), (Some("envelope"), 2));
    assert_eq!(encoded[2], batch[2]);
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
}

#[tokio::test]
async fn an_error_names_the_envelopes_place_in_the_batch() {
    let shelf = Shelf::default();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("shelf", shelf.clone());
    let pipeline = stages(failing()).with_offload(offload).build().unwrap();
    let batch = vec![envelope("one\ntwo\nthree\n"), plain("four"), envelope("five\nbad\n")];
    let error = pipeline.encode(&ctx(), batch).await.unwrap_err();
    assert_eq!((error.kind(), error.slot()), (ErrorKind::Failed, Some(2)));
    assert_eq!(shelf.counts().0, 0);
}

#[tokio::test]
async fn an_unknown_envelope_passes_only_where_nothing_is_required() {
    let open = stages(failing()).build().unwrap();
    let batch = vec![plain("one"), envelope("unknown")];
    let encoded = open.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!((encoded[0].encoding(), &encoded[1]), (Some("x/a"), &batch[1]));
    assert_eq!(open.decode(&ctx(), encoded).await.unwrap(), batch);
    for stage in [failing().required(), failing().required_to_encode()] {
        let required = stages(stage).build().unwrap();
        let error = required.encode(&ctx(), batch.clone()).await.unwrap_err();
        let place = (error.kind(), error.stage(), error.slot());
        assert_eq!(place, (ErrorKind::Unsealed, Some("a"), Some(1)));
    }
    let required = stages(failing().required()).build().unwrap();
    let error = required.decode(&ctx(), vec![envelope("unknown")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed);
}

#[tokio::test]
async fn the_memory_of_envelopes_is_the_calls_and_ends_with_it() {
    let budget = MemoryBudget::new(ByteSize::kib(20), ByteSize::mib(1));
    let pipeline = stages(failing()).with_memory_budget(budget.clone()).build().unwrap();
    let batch = vec![envelope("one\ntwo\n")];
    pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(budget.used(), 0);
    let large = envelope(&"x\n".repeat(15 << 10));
    let error = pipeline.encode(&ctx(), vec![large]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LimitExceeded(_)), "{error}");
    assert_eq!((error.stage(), error.slot(), budget.used()), (Some("envelopes"), Some(0), 0));
}
