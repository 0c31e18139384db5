//! Memory and numbers of one call of a pipeline, and what calls beside each other may hold.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec, Context, Error, ErrorKind, Limit, Payload, Pipeline, Stage,
    codec::{Description, Encoded, Purpose},
    pipeline::MemoryBudget,
};
use cloakroom_tests::{assert_text, ctx, plain, without_slot};
use expect_test::expect;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

const ENCODING: &str = "binary/inflated";

/// A codec that makes as many bytes of a payload as the payload says, and waits with those that say
/// `hold` until there is a permit.
#[derive(Clone)]
struct Inflating {
    description: Description,
    seen: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
}

impl Inflating {
    fn new() -> Self {
        let encodings = vec![ENCODING.to_owned()];
        let description = Description { encodings, purpose: Purpose::Conversion };
        Self { description, seen: Arc::default(), go: Arc::new(Semaphore::new(0)) }
    }

    async fn inflate(&self, data: &[u8]) -> Payload {
        self.seen.fetch_add(1, SeqCst);
        let text = std::str::from_utf8(data).unwrap();
        let size = text.strip_prefix("hold ").unwrap_or(text).parse().unwrap();
        if text.starts_with("hold") {
            self.go.acquire().await.unwrap().forget();
        }
        Payload::new(ENCODING, vec![0; size])
    }

    fn pipeline(&self, budget: &MemoryBudget) -> Pipeline {
        let stage = Stage::new("inflating", self.clone());
        cloakroom_tests::pipeline()
            .with_stage(stage)
            .with_memory_budget(budget.clone())
            .build()
            .unwrap()
    }

    /// Waits until it was given so many payloads.
    async fn has_seen(&self, payloads: usize) {
        while self.seen.load(SeqCst) < payloads {
            tokio::task::yield_now().await;
        }
    }
}

impl Codec for Inflating {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async { Ok(Encoded::Changed(self.inflate(&payload.data).await)) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move { Ok(self.inflate(&payload.data).await) })
    }
}

/// Returns the memory of a payload of so many bytes.
fn made(size: usize) -> usize {
    Payload::new(ENCODING, vec![0; size]).footprint()
}

fn bytes(count: usize) -> ByteSize {
    ByteSize::bytes(count as u64)
}

fn small(sizes: &[&str]) -> Vec<Payload> {
    sizes.iter().map(|size| plain((*size).to_owned())).collect()
}

/// Waits until nothing is held any more.
async fn nothing_is_held(budget: &MemoryBudget) {
    while budget.used() != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_exactly_the_budget_passes_and_one_byte_more_is_refused() {
    let batch = || small(&["100000", "200000", "300000"]);
    let exactly = made(100_000) + made(200_000) + made(300_000);
    let codec = Inflating::new();
    let budget = MemoryBudget::new(bytes(exactly), ByteSize::mib(64));
    assert_eq!(codec.pipeline(&budget).encode(&ctx(), batch()).await.unwrap().len(), 3);
    assert_eq!(budget.used(), 0);
    let sealed: Vec<_> = ["100000", "200000", "300000"]
        .map(|size| Payload::new(ENCODING, Bytes::from_static(size.as_bytes())))
        .into();
    assert_eq!(codec.pipeline(&budget).decode(&ctx(), sealed.clone()).await.unwrap().len(), 3);

    let less = MemoryBudget::new(bytes(exactly - 1), ByteSize::mib(64));
    for (refused, snapshot) in [
        (
            codec.pipeline(&less).encode(&ctx(), batch()).await,
            expect![[r#"
                stage `inflating`, encoding payload N: the call needs more than 603908B of memory: split the batch, or raise the limit (`PipelineBuilder::with_memory_budget`)
            "#]],
        ),
        (
            codec.pipeline(&less).decode(&ctx(), sealed).await,
            expect![[r#"
                stage `inflating`, decoding payload N: the call needs more than 603908B of memory: split the batch, or raise the limit (`PipelineBuilder::with_memory_budget`)
            "#]],
        ),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
        assert!(!error.kind().is_transient());
        let text = error.to_string();
        assert!(text.starts_with("stage `inflating`, "), "{text}");
        assert_text(&without_slot(&text), &[&(exactly - 1).to_string()], &snapshot);
        assert_eq!(less.used(), 0);
    }
}

/// The third call fails with `Busy`, which is transient, and holds no memory afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn two_half_filled_batches_pass_and_a_third_is_busy() {
    let (half, small_one) = (made(400_000) + made(1000), made(1));
    // The third has its reserve, and no room for more.
    let process = 2 * half + (64 << 10);
    let budget = MemoryBudget::new(bytes(process), bytes(process));
    let codec = Inflating::new();
    let pipeline = codec.pipeline(&budget);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let pipeline = pipeline.clone();
            let batch = small(&["400000", "hold 1000"]);
            tokio::spawn(async move { pipeline.encode(&ctx(), batch).await })
        })
        .collect();
    while budget.used() < 2 * made(400_000) {
        tokio::task::yield_now().await;
    }
    codec.has_seen(4).await;
    let held = budget.used();
    let error = pipeline.encode(&ctx(), small(&["70000", "1"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert!(error.kind().is_transient());
    assert_text(
        &error.to_string(),
        &[],
        &expect![[r#"
            stage `inflating`, encoding payload 0: all calls together need more than 872748B of memory: try again later, or raise the limit (`PipelineBuilder::with_memory_budget`)
        "#]],
    );
    assert_eq!(budget.used(), held, "the one that is refused holds something");
    // One that is small enough for its reserve passes beside them.
    assert!(small_one < 64 << 10);
    assert_eq!(pipeline.encode(&ctx(), small(&["1"])).await.unwrap().len(), 1);
    codec.go.add_permits(2);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().len(), 2);
    }
    assert_eq!(budget.used(), 0);
    assert_eq!(pipeline.encode(&ctx(), small(&["70000", "1"])).await.unwrap().len(), 2);
}

/// Calls wait only before they hold anything, and in the order in which they came.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_finds_no_room_waits_to_be_let_in() {
    let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1));
    let codec = Inflating::new();
    let pipeline = codec.pipeline(&budget);
    let holder = budget.call();
    let taken = holder.charge((1 << 20) - 1000).unwrap();
    let waits = pipeline.clone();
    let waits = tokio::spawn(async move { waits.encode(&ctx(), small(&["5"])).await });
    while budget.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(codec.seen.load(SeqCst), 0);
    drop(taken);
    assert_eq!(waits.await.unwrap().unwrap().len(), 1);
    // And not for ever.
    let _taken = holder.charge((1 << 20) - 1000).unwrap();
    let stage = Stage::new("inflating", codec.clone());
    let impatient =
        cloakroom_tests::pipeline().with_stage(stage).with_memory_budget(budget.clone());
    let impatient =
        impatient.with_memory_wait(std::time::Duration::from_millis(20)).build().unwrap();
    let error = impatient.encode(&ctx(), small(&["5"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_text(
        &error.to_string(),
        &["20ms"],
        &expect![[r#"
            all calls together hold 1MiB of memory, and no room came up within 20ms: try again later, or raise a limit (`PipelineBuilder::with_memory_budget`, `PipelineBuilder::with_memory_wait`)
        "#]],
    );
    assert_eq!((codec.seen.load(SeqCst), budget.waiting()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_gives_everything_back() {
    let budget = MemoryBudget::new(ByteSize::mib(64), ByteSize::mib(64));
    let codec = Inflating::new();
    let pipeline = codec.pipeline(&budget);
    for sizes in [&["100000", "200000", "hold 5", "hold 7"][..], &["hold 5"]] {
        let (pipeline, before) = (pipeline.clone(), codec.seen.load(SeqCst));
        let batch = small(sizes);
        let call = tokio::spawn(async move { pipeline.encode(&ctx(), batch).await });
        codec.has_seen(before + sizes.len()).await;
        let least = if sizes.len() > 1 { made(100_000) + made(200_000) } else { 64 << 10 };
        while budget.used() < least {
            tokio::task::yield_now().await;
        }
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        nothing_is_held(&budget).await;
    }
}

/// Results stay counted for a caller that brings its own memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_bring_the_memory_that_counts() {
    let budget = MemoryBudget::new(ByteSize::mib(64), ByteSize::mib(64));
    let other = MemoryBudget::new(ByteSize::mib(64), ByteSize::mib(64));
    let pipeline = Inflating::new().pipeline(&other);
    let call = budget.call();
    let brought = ctx().with_memory(call.clone());
    let encoded = pipeline.encode(&brought, small(&["100000", "5"])).await.unwrap();
    assert_eq!(call.used(), made(100_000) + made(5));
    assert_eq!(other.peak(), 0);
    drop((encoded, call, brought));
    assert_eq!(budget.used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_too_many_payloads_is_refused_before_the_first() {
    let codec = Inflating::new();
    let budget = MemoryBudget::new(ByteSize::mib(64), ByteSize::mib(64));
    let stage = Stage::new("inflating", codec.clone());
    let pipeline = cloakroom_tests::pipeline().with_stage(stage).with_memory_budget(budget);
    let pipeline = pipeline.with_max_payloads(3.try_into().unwrap()).build().unwrap();
    let batch = |count| vec![Payload::new(ENCODING, Bytes::from_static(b"1")); count];
    for (refused, snapshot) in [
        (
            pipeline.encode(&ctx(), batch(4)).await,
            expect![[r#"
                encoding 4 payloads in one call, and the most is 3: split the batch, or raise the limit (`PipelineBuilder::with_max_payloads`)
            "#]],
        ),
        (
            pipeline.decode(&ctx(), batch(4)).await,
            expect![[r#"
                decoding 4 payloads in one call, and the most is 3: split the batch, or raise the limit (`PipelineBuilder::with_max_payloads`)
            "#]],
        ),
        (
            pipeline.decode_references(&ctx(), batch(4)).await,
            expect![[r#"
                decoding 4 payloads in one call, and the most is 3: split the batch, or raise the limit (`PipelineBuilder::with_max_payloads`)
            "#]],
        ),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payloads));
        assert_text(&error.to_string(), &["4 payloads", " 3: "], &snapshot);
    }
    assert_eq!(codec.seen.load(SeqCst), 0);
    assert_eq!(pipeline.encode(&ctx(), batch(3)).await.unwrap().len(), 3);
}

/// It took 9 s when each payload was looked for among those that stay as they are.
#[tokio::test(flavor = "multi_thread")]
async fn many_payloads_that_stay_as_they_are_are_no_work() {
    let pipeline =
        cloakroom_tests::pipeline().with_max_payloads(200_000.try_into().unwrap()).build().unwrap();
    let system =
        Payload::new("binary/protobuf", "x").with_metadata("__temporal_system_payload", "true");
    let batch = vec![system; 176_000];
    assert!(pipeline.decode(&ctx(), batch.clone()).await.unwrap() == batch);
}
