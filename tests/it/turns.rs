//! A small call of one namespace beside a large one of another, and what is read for a reference.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec, Context, Driver, Error, Payload, Stage,
    codec::{Description, Encoded, Purpose},
    pipeline::MemoryBudget,
    storage::{Claim, Object, Offload},
};
use cloakroom_tests::{assert_text, plain, without_slot};
use expect_test::expect;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

/// Work that advances by one piece for each permit of `go`.
#[derive(Clone)]
struct Slow {
    go: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
}

impl Slow {
    fn new() -> Self {
        Self { go: Arc::new(Semaphore::new(0)), asked: Arc::default(), done: Arc::default() }
    }

    async fn work(&self) {
        self.asked.fetch_add(1, SeqCst);
        self.go.acquire().await.unwrap().forget();
        self.done.fetch_add(1, SeqCst);
    }
}

struct SlowCodec(Description, Slow);

impl Codec for SlowCodec {
    fn description(&self) -> &Description {
        &self.0
    }

    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async {
            if ctx.namespace_name() == Some("large") {
                self.1.work().await;
            }
            Ok(Encoded::Unchanged)
        })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Ok(payload) })
    }
}

#[derive(Clone)]
struct SlowDriver(Slow);

impl Driver for SlowDriver {
    fn kind(&self) -> &str {
        "slow"
    }

    fn store<'a>(&'a self, _: &'a Context, _: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async {
            self.0.work().await;
            Ok(Claim::new())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        unreachable!("only stores")
    }
}

fn large(payloads: usize) -> Vec<Payload> {
    (0..payloads).map(|n| plain(n.to_string())).collect()
}

/// Lets every task go on as far as it can; there is one thread.
async fn settle() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_small_call_does_not_wait_for_the_payloads_of_a_large_one() {
    let slow = Slow::new();
    let encodings = vec!["binary/slow".to_owned()];
    let description = Description { encodings, purpose: Purpose::Conversion };
    let codec = SlowCodec(description, slow.clone());
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("slow", codec)).build().unwrap();
    let call = pipeline.clone();
    let call =
        tokio::spawn(async move { call.encode(&Context::namespace("large"), large(10_000)).await });
    slow.go.add_permits(5);
    settle().await;
    pipeline.encode(&Context::namespace("small"), large(1)).await.unwrap();
    assert_eq!(slow.done.load(SeqCst), 5, "9,995 are left");
    assert_eq!(slow.asked.load(SeqCst), 64 + 5, "those that are not in work wait outside");
    slow.go.add_permits(10_000);
    assert_eq!(call.await.unwrap().unwrap().len(), 10_000);
}

/// Many calls of one namespace wait for the store; the one call of another is next.
#[tokio::test(flavor = "current_thread")]
async fn namespaces_take_turns_at_a_slow_store() {
    let slow = Slow::new();
    let permits = 2.try_into().unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", SlowDriver(slow.clone()));
    let offload = offload.with_permits(permits).with_permits_per_call(permits);
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let calls: Vec<_> = (0..20)
        .map(|n| {
            let pipeline = pipeline.clone();
            let batch = (0..50).map(|m| plain(format!("{n} {m}"))).collect();
            tokio::spawn(async move { pipeline.encode(&Context::namespace("large"), batch).await })
        })
        .collect();
    settle().await;
    assert_eq!(slow.asked.load(SeqCst), 2);
    let small = pipeline.clone();
    let small =
        tokio::spawn(async move { small.encode(&Context::namespace("small"), large(1)).await });
    settle().await;
    let mut given = 0;
    while !small.is_finished() {
        slow.go.add_permits(1);
        given += 1;
        settle().await;
        assert!(given <= 4, "it waits for the other namespace's calls");
    }
    small.await.unwrap().unwrap();
    slow.go.add_permits(1000);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().len(), 50);
    }
}

/// A driver that keeps what it was given, and looks at what is counted when it is asked for it.
#[derive(Clone)]
struct Shelf {
    objects: Arc<std::sync::Mutex<Vec<Bytes>>>,
    budget: MemoryBudget,
    counted: Arc<AtomicUsize>,
}

impl Driver for Shelf {
    fn kind(&self) -> &str {
        "shelf"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        let mut objects = self.objects.lock().unwrap();
        objects.push(object.envelope().to_bytes());
        let claim = Claim::from([("index".to_owned(), (objects.len() - 1).to_string())]);
        Box::pin(async { Ok(claim) })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        self.counted.fetch_max(self.budget.used(), SeqCst);
        let index: usize = claim["index"].parse().unwrap();
        let object = self.objects.lock().unwrap()[index].clone();
        Box::pin(async { Ok(object) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_counted_before_it_is_read_and_once_for_equal_references() {
    let budget = MemoryBudget::new(ByteSize::mib(8), ByteSize::mib(8));
    let (objects, counted) = (Arc::default(), Arc::default());
    let shelf = Shelf { objects, budget: budget.clone(), counted };
    let offload = Offload::new(ByteSize::kib(64)).with_driver("d", shelf.clone());
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    let pipeline = cloakroom_tests::pipeline()
        .with_memory_budget(budget.clone())
        .with_offload(offload)
        .build()
        .unwrap();
    let sent = plain(vec![b'x'; 3 << 20]);
    let ctx = Context::namespace("payments");
    let stored = pipeline.encode(&ctx, vec![sent.clone()]).await.unwrap();
    assert_eq!(budget.used(), 0);
    // A hundred times it would be 300 MiB.
    let many: Vec<_> = std::iter::repeat_n(stored[0].clone(), 100).collect();
    let decoded = pipeline.decode(&ctx, many).await.unwrap();
    assert!(decoded.len() == 100 && decoded.iter().all(|decoded| *decoded == sent));
    assert!(shelf.counted.load(SeqCst) >= 3 << 20, "read before it was counted");
    assert_eq!(budget.used(), 0);

    // Three different ones do not fit, and the third is not asked for.
    let three = (0..3).map(|n| plain(vec![n; 3 << 20])).collect();
    let stored = pipeline.encode(&ctx, three).await.unwrap();
    let error = pipeline.decode(&ctx, stored).await.unwrap_err();
    assert_text(
        &without_slot(&error.to_string()),
        &["8MiB"],
        &expect![[r#"
            stage `storage d`, decoding payload N: the call needs more than 8MiB of memory: split the batch, or raise the limit (`PipelineBuilder::with_memory_budget`)
        "#]],
    );
    assert!(budget.peak() <= 8 << 20 && budget.used() == 0);
}
