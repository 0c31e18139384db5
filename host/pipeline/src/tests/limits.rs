//! Limits of payloads, memory and time, and how errors name the settings behind them.

use std::{num::NonZeroUsize, time::Duration};

use cloakroom_core::{ByteSize, ErrorKind, Limit, MemoryBudget, Payload, Purpose, Remedy};

use super::fakes::{Fake, Shelf, Work, builder, ctx, plain};
use crate::{Offload, PipelineBuilder, Stage};

fn reversing() -> PipelineBuilder {
    builder().with_stage(Stage::new("a", Fake::new("x/a", Purpose::Conversion, Work::Reverse)))
}

fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[tokio::test]
async fn payloads_are_limited_in_number_size_and_entries() {
    let limited = reversing()
        .with_max_payloads(count(2))
        .with_max_payload_size(ByteSize::bytes(100))
        .with_max_entries(count(3))
        .build()
        .unwrap();
    let entries = plain("a").with_metadata("b", "").with_metadata("c", "").with_metadata("d", "");
    for (batch, limit, name) in [
        (vec![plain("a"); 3], Limit::Payloads, "PipelineBuilder::with_max_payloads"),
        (vec![plain(&"a".repeat(100))], Limit::Payload, "PipelineBuilder::with_max_payload_size"),
        (vec![entries], Limit::Entries, "PipelineBuilder::with_max_entries"),
    ] {
        let error = limited.encode(&ctx(), batch.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(limit));
        assert!(error.to_string().ends_with(&format!("(`{name}`)")), "{error}");
    }
    limited.encode(&ctx(), vec![plain("a"), plain("b")]).await.unwrap();
}

/// A few bytes may decode to gigabytes, and a codec may write any number of entries.
#[tokio::test]
async fn the_result_of_a_codec_is_limited_too() {
    let squeezing = || {
        builder().with_stage(Stage::new("a", Fake::new("x/a", Purpose::Compression, Work::Squeeze)))
    };
    let sent = vec![plain(&"a".repeat(1000))];
    let encoded = squeezing().build().unwrap().encode(&ctx(), sent.clone()).await.unwrap();
    assert!(encoded[0].encoded_len() < 100);
    let limited = squeezing().with_max_payload_size(ByteSize::bytes(100)).build().unwrap();
    let error = limited.decode(&ctx(), encoded).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload));
    let limited = squeezing().with_max_entries(count(1)).build().unwrap();
    let error = limited.encode(&ctx(), sent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Entries));
}

#[tokio::test]
async fn settings_are_named_as_whoever_built_the_pipeline_calls_them() {
    let name = |remedy| match remedy {
        Remedy::MostPayloads => "limits.payloads",
        _ => "another",
    };
    let pipeline = reversing().with_max_payloads(count(1)).with_remedy_names(name).build().unwrap();
    let error = pipeline.decode(&ctx(), vec![plain("a"), plain("b")]).await.unwrap_err();
    assert!(error.to_string().ends_with("(`limits.payloads`)"), "{error}");
}

#[tokio::test]
async fn memory_is_counted_for_a_call_and_given_back() {
    let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(8));
    let shelf = Shelf::default();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("shelf", shelf.clone());
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    let pipeline =
        reversing().with_offload(offload).with_memory_budget(budget.clone()).build().unwrap();
    let batch = vec![plain(&"a".repeat(200 << 10))];
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
    assert_eq!(budget.used(), 0);
    assert!(budget.peak() > 200 << 10, "{}", budget.peak());
    let large: Vec<_> = (0..8).map(|n| plain(&format!("{n}{}", "a".repeat(200 << 10)))).collect();
    let error = pipeline.encode(&ctx(), large).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
    assert!(error.to_string().ends_with("(`PipelineBuilder::with_memory_budget`)"), "{error}");
    assert_eq!((budget.used(), shelf.counts().0), (0, 1));
}

/// Results stay counted while the caller holds the memory that it brought.
#[tokio::test]
async fn the_callers_memory_counts_the_results_too() {
    let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(8));
    let memory = budget.call();
    let pipeline = reversing().build().unwrap();
    let ctx = ctx().with_memory(memory.clone());
    let encoded = pipeline.encode(&ctx, vec![plain(&"a".repeat(10_000))]).await.unwrap();
    assert!(memory.used() >= encoded.iter().map(Payload::encoded_len).sum());
    drop((ctx, memory));
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn a_call_that_finds_no_memory_is_busy_once_it_has_waited() {
    let budget = MemoryBudget::new(ByteSize::kib(64), ByteSize::kib(64));
    let pipeline = reversing()
        .with_memory_budget(budget.clone())
        .with_memory_wait(Duration::ZERO)
        .build()
        .unwrap();
    let _other = budget.admit().await;
    let error = pipeline.encode(&ctx(), vec![plain("a")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    let names = "(`PipelineBuilder::with_memory_budget`, `PipelineBuilder::with_memory_wait`)";
    assert!(error.to_string().ends_with(names), "{error}");
}
