//! Which payloads are stored, how often, and what is checked when they come back.

use cloakroom_core::{ByteSize, Driver, ErrorKind, Kind, Payload, Purpose};

use super::fakes::{Fake, Lines, Shelf, Work, builder, ctx, plain};
use crate::{
    Fetch, Offload, PayloadKind, Pipeline, PipelineError, ReferenceFormat as _, Rule, Stage, Verify,
};

/// Stores every payload, and caches none.
fn everything(shelf: &Shelf) -> Offload {
    Offload::new(ByteSize::bytes(0))
        .with_driver("shelf", shelf.clone())
        .with_memory_cache(ByteSize::bytes(0))
}

fn stored(offload: Offload) -> Pipeline {
    builder().with_offload(offload).build().unwrap()
}

fn is_reference(payload: &Payload) -> bool {
    Lines.classify(payload) == PayloadKind::Reference
}

#[tokio::test]
async fn payloads_are_stored_from_the_threshold_on() {
    let payload = plain("some text");
    let size = payload.encoded_len() as u64;
    for (threshold, is_stored) in [(size - 1, true), (size, true), (size + 1, false)] {
        let shelf = Shelf::default();
        let offload = Offload::new(ByteSize::bytes(threshold)).with_driver("shelf", shelf.clone());
        let pipeline = stored(offload);
        let encoded = pipeline.encode(&ctx(), vec![payload.clone()]).await.unwrap();
        assert_eq!(is_reference(&encoded[0]), is_stored, "{threshold}");
        assert_eq!(shelf.counts().0, usize::from(is_stored));
        let decoded = pipeline.decode(&ctx(), encoded).await.unwrap();
        assert_eq!(decoded, std::slice::from_ref(&payload));
    }
}

#[tokio::test]
async fn the_first_rule_that_matches_decides_by_what_came_in() {
    let (shelf, cold) = (Shelf::default(), Shelf::default());
    let codec = Fake::new("x/a", Purpose::Conversion, Work::Reverse);
    let offload = everything(&shelf)
        .with_read_driver("cold", cold.clone())
        .with_rule(Rule::inline().with_namespace("audit"))
        // The stage hides this metadata, so the rule must have seen it before.
        .with_rule(Rule::store_with("cold").with_metadata("tier", "c*").with_kind(Kind::Workflow));
    let pipeline =
        builder().with_stage(Stage::new("a", codec)).with_offload(offload).build().unwrap();
    let workflow = ctx().with_target(Kind::Workflow, "1", "Pay", None);
    let batch = vec![plain("one").with_metadata("tier", "cold"), plain("two")];
    let encoded = pipeline.encode(&workflow, batch.clone()).await.unwrap();
    assert_eq!((shelf.counts().0, cold.counts().0), (1, 1));
    assert_eq!(pipeline.decode(&workflow, encoded).await.unwrap(), batch);
    let audit = cloakroom_core::Context::namespace("audit");
    let kept = pipeline.encode(&audit, batch).await.unwrap();
    assert!(!kept.iter().any(is_reference));
    assert_eq!((shelf.counts().0, cold.counts().0), (1, 1));
}

#[tokio::test]
async fn equal_objects_are_stored_and_retrieved_once() {
    let shelf = Shelf::default();
    let pipeline = stored(everything(&shelf));
    let batch: Vec<_> = ["a", "b", "a", "a", "b"].map(plain).into();
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert!(encoded.iter().all(is_reference));
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
    assert_eq!(shelf.counts(), (2, 2));
}

/// Readiness reports it, without a call of its own.
#[tokio::test]
async fn a_driver_says_how_its_last_call_ended() {
    let (shelf, cold) = (Shelf::default(), Shelf::default());
    let pipeline = stored(everything(&shelf).with_read_driver("cold", cold));
    let failures = || {
        let states = pipeline.driver_states().into_iter();
        let last = |state: crate::DriverState| (state.driver.to_string(), state.last);
        states.map(last).map(|(name, last)| (name, last.map(|last| last.failure)))
    };
    let (unused, shelf_is) = (("cold".to_owned(), None), |last| ("shelf".to_owned(), last));
    assert_eq!(failures().collect::<Vec<_>>(), [unused.clone(), shelf_is(None)]);
    let encoded = pipeline.encode(&ctx(), vec![plain("a")]).await.unwrap();
    assert_eq!(failures().collect::<Vec<_>>(), [unused.clone(), shelf_is(Some(None))]);
    shelf.0.objects.lock().unwrap().clear();
    pipeline.decode(&ctx(), encoded).await.unwrap_err();
    let missing = shelf_is(Some(Some(ErrorKind::NotFound)));
    assert_eq!(failures().collect::<Vec<_>>(), [unused.clone(), missing]);
    pipeline.encode(&ctx(), vec![plain("b")]).await.unwrap();
    assert_eq!(failures().collect::<Vec<_>>(), [unused, shelf_is(Some(None))]);
}

/// The barrier: no object of a batch is stored until all of its payloads are encoded.
#[tokio::test]
async fn nothing_is_stored_if_one_payload_cannot_be_encoded() {
    let shelf = Shelf::default();
    let codec = Fake::new("x/a", Purpose::Conversion, Work::FailOnBad);
    let encoded = codec.encoded.clone();
    let stages = builder().with_stage(Stage::new("a", codec));
    let pipeline = stages.with_offload(everything(&shelf)).build().unwrap();
    let mut batch: Vec<_> = (0..100).map(|n| plain(&n.to_string())).collect();
    batch.push(plain("bad"));
    let error = pipeline.encode(&ctx(), batch).await.unwrap_err();
    assert_eq!((error.kind(), error.slot()), (ErrorKind::Failed, Some(100)));
    assert!(encoded.load(std::sync::atomic::Ordering::SeqCst) > 50);
    assert_eq!(shelf.counts().0, 0);
}

#[tokio::test]
async fn an_object_that_was_changed_reaches_no_codec() {
    let shelf = Shelf::default();
    let pipeline = stored(everything(&shelf));
    let encoded = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
    shelf.corrupt();
    let error = pipeline.decode(&ctx(), encoded.clone()).await.unwrap_err();
    let place = (error.kind(), error.stage(), error.slot());
    assert_eq!(place, (ErrorKind::Corrupt, Some("storage shelf"), Some(0)));
    let mut resized = encoded;
    resized[0].external_sizes = vec![1];
    let error = pipeline.decode(&ctx(), resized).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("says 1"), "{error}");
}

#[tokio::test]
async fn no_reference_is_returned_to_what_cannot_be_read_back() {
    let lost = stored(everything(&Shelf::losing()).with_verify(Verify::New));
    let error = lost.encode(&ctx(), vec![plain("text")]).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::NotFound, Some("storage shelf")));
    // A repeated call finds nothing in the store, and must not trust that either.
    lost.encode(&ctx(), vec![plain("text")]).await.unwrap_err();
    stored(everything(&Shelf::losing())).encode(&ctx(), vec![plain("text")]).await.unwrap();
}

#[tokio::test]
async fn verified_objects_are_read_back_as_the_policy_says() {
    for (verify, first, second) in
        [(Verify::Off, 0, 0), (Verify::New, 1, 1), (Verify::Always, 1, 2)]
    {
        let shelf = Shelf::default();
        let pipeline = stored(everything(&shelf).with_verify(verify));
        pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
        assert_eq!(shelf.counts().1, first, "{verify:?}");
        pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
        assert_eq!(shelf.counts().1, second, "{verify:?}");
    }
}

#[tokio::test]
async fn a_cached_object_asks_no_driver_and_explaining_asks_it() {
    let shelf = Shelf::default();
    let pipeline = stored(everything(&shelf).with_memory_cache(ByteSize::mib(1)));
    let encoded = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
    for _ in 0..3 {
        assert_eq!(pipeline.decode(&ctx(), encoded.clone()).await.unwrap(), [plain("text")]);
    }
    assert_eq!(shelf.counts(), (1, 0));
    let (explained, inner) =
        pipeline.explain_opened(&ctx(), encoded[0].clone(), Fetch::Objects).await;
    assert!(explained.trouble.is_none() && explained.stored.unwrap().verified);
    assert_eq!((inner, shelf.counts().1), (Some(plain("text")), 1));
}

#[tokio::test]
async fn a_probe_is_stored_and_read_back() {
    let shelf = Shelf::default();
    let pipeline = stored(everything(&shelf));
    let probe = pipeline.check_store(&ctx(), "shelf").await.unwrap();
    assert_eq!(shelf.counts(), (1, 1));
    assert!(shelf.retrieve(&ctx(), &probe.claim, ByteSize::mib(1)).await.unwrap() == probe.object);
    let error = pipeline.check_store(&ctx(), "other").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert!(error.to_string().ends_with("(`Offload::with_read_driver`)"), "{error}");
}

#[test]
fn parts_that_contradict_each_other_make_no_pipeline() {
    let build = |offload: Offload| builder().with_offload(offload).build().map(drop);
    let none = Offload::new(ByteSize::bytes(0));
    assert_eq!(build(none.clone()), Err(PipelineError::NoDriver));
    let unknown = everything(&Shelf::default()).with_rule(Rule::store_with("other"));
    assert_eq!(build(unknown), Err(PipelineError::UnknownDriver("other".to_owned())));
    let twice = everything(&Shelf::default()).with_read_driver("shelf", Shelf::default());
    assert_eq!(build(twice), Err(PipelineError::DriverName("shelf".to_owned())));
    let sealed = build(everything(&Shelf::default()).with_required_encryption());
    assert_eq!(sealed, Err(PipelineError::StoresUnsealed));
    let unformatted = Pipeline::builder().with_offload(everything(&Shelf::default())).build();
    assert_eq!(unformatted.map(drop), Err(PipelineError::NoReferenceFormat));
}
