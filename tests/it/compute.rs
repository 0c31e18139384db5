//! Guests share the slots that compute: who waits for whom, and what becomes of those who wait.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cloakroom::{
    Blame, ByteSize, CloakroomBuilder, Codec, Context, Error, ErrorKind, Limit, Payload, Pipeline,
    Stage,
    codec::{Description, Encoded, Purpose},
    metric,
    plugin::{Grants, Host, Limits, PluginCodec, Reuse, Settings, Source},
    storage::{
        Bucket, BucketAccess, ObjectBucket, Offload, PutMode, PutOutcome, TemporalReferences,
    },
};
use cloakroom_tests::{
    PATIENCE, ROGUE, ROGUE_DRIVER, ROGUE_WASIP2, assert_text, bundled, chain, compile_cache, ctx,
    host, noise, plain, rogue, text,
};
use expect_test::{Expect, expect};
use futures::future::{BoxFuture, join_all, poll_immediate};
use metrics_util::debugging::DebugValue;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    metrics::{record, recorded},
    worker::{in_folder, opening},
};

/// One slot, and time without end.
fn one_slot() -> Limits {
    let long = Duration::from_secs(3600);
    Limits {
        computing: 1.try_into().unwrap(),
        time: long,
        driver_time: long,
        wait: long,
        ..Limits::default()
    }
}

async fn rogues(host: &Host, wasm: &'static [u8]) -> Pipeline {
    let rogue = rogue(host, wasm, Reuse::Fresh).await;
    cloakroom_tests::pipeline().with_stage(Stage::new("rogue", rogue)).build().unwrap()
}

fn benign() -> Vec<Payload> {
    vec![plain("benign")]
}

#[track_caller]
fn is_busy(error: &Error, snapshot: &Expect) {
    // Between two turns, the call that computes waits as well.
    let text = chain(error).replace("4 payloads wait", "3 payloads wait");
    assert_eq!(error.kind(), ErrorKind::Busy, "{text}");
    assert!(error.kind().is_transient() && error.kind().blame() == Blame::Host);
    assert_text(&text, &[], snapshot);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_ten_times_the_queue_succeeds() {
    let limits = Limits { queue: 4.try_into().unwrap(), ..one_slot() };
    let pipeline = rogues(&host(limits), ROGUE).await;
    let sent: Vec<_> = (0..40).flat_map(|_| benign()).collect();
    let encoded = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// A codec of the program's own that counts what it is given.
struct Counting(Description, Arc<AtomicUsize>);

impl Codec for Counting {
    fn description(&self) -> &Description {
        &self.0
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        self.1.fetch_add(1, SeqCst);
        Box::pin(async { Ok(Encoded::Unchanged) })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Ok(payload) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_finds_the_queue_full_is_refused_before_its_first_payload() {
    let limits = Limits { queue: 2.try_into().unwrap(), ..one_slot() };
    let rogue = rogue(&host(limits), ROGUE, Reuse::Fresh).await;
    let seen = Arc::<AtomicUsize>::default();
    let encodings = vec!["binary/counted".to_owned()];
    let description = Description { encodings, purpose: Purpose::Conversion };
    let pipeline = cloakroom_tests::pipeline()
        .with_stage(Stage::new("counting", Counting(description, seen.clone())))
        .with_stage(Stage::new("rogue", rogue))
        .build()
        .unwrap();
    let (stuck, loops) = (pipeline.clone(), (0..4).map(|_| plain("loop")).collect());
    let stuck = tokio::spawn(async move { stuck.encode(&ctx(), loops).await });
    let filled = async {
        // Until the queue is full, calls succeed beside the one that loops.
        while pipeline.encode(&ctx(), benign()).await.is_ok() {
            tokio::task::yield_now().await;
        }
        while seen.load(SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, filled).await.expect("the queue is never full");
    let before = seen.load(SeqCst);
    let refused = pipeline.encode(&ctx(), benign()).await.unwrap_err();
    is_busy(
        &refused,
        &expect![[r#"
            stage `rogue`, encoding payload 0: 3 payloads wait for a processor, and at most 2 may: try again later (`Limits::queue`)
        "#]],
    );
    assert_eq!(refused.stage(), Some("rogue"));
    assert_eq!(seen.load(SeqCst), before, "a payload was begun");
    stuck.abort();
    drop(stuck.await);
    // The tasks of the call that was dropped end by and by.
    let served = async {
        while let Err(error) = pipeline.encode(&ctx(), benign()).await {
            assert_eq!(error.kind(), ErrorKind::Busy, "{}", chain(&error));
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, served).await.expect("the queue stays full");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_too_long_is_refused_and_nobody_is_to_blame() {
    let limits = Limits {
        instances: 1.try_into().unwrap(),
        time: Duration::from_millis(200),
        wait: Duration::from_millis(300),
        driver_time: Duration::from_millis(300),
        ..one_slot()
    };
    let pipeline = rogues(&host(limits), ROGUE_WASIP2).await;
    // One after the other would take 200 ms each.
    let sleepers = (0..8).map(|_| async { pipeline.encode(&ctx(), vec![plain("sleep")]).await });
    let ends: Vec<_> = join_all(sleepers).await.into_iter().map(Result::unwrap_err).collect();
    let (busy, slow): (Vec<_>, Vec<_>) =
        ends.iter().partition(|error| error.kind() == ErrorKind::Busy);
    assert!(!busy.is_empty());
    busy.iter().for_each(|error| is_busy(error, &expect![[r#"
        stage `rogue`, encoding payload 0: waited 300ms and computed [duration] of it: the host has more work than it can do in that time; try again later, or give it more processors (`Limits::wait`)
    "#]]));
    for error in slow {
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Time), "{}", chain(error));
    }
}

#[tokio::test]
async fn a_configuration_says_how_much_computes_and_waits() {
    let opened = |limits: &str| {
        let stage = "[[stage]]\nplugin = \"bundled:zstd\"\n";
        CloakroomBuilder::text(format!("{stage}{limits}")).with_cache(compile_cache()).open()
    };
    let text = "[limits]\ncomputing = 3\nqueue = 7\nwait = \"90s\"";
    let cloakroom = opened(text).await.unwrap();
    let host = cloakroom.host();
    let limits = host.limits();
    assert_eq!((limits.computing.get(), limits.queue.get()), (3, 7));
    assert_eq!(limits.wait, Duration::from_secs(90));
    // A longer time for stores takes a longer wait with it, where none is written.
    let slow = "[limits]\ntime = \"3m\"";
    assert_eq!(opened(slow).await.unwrap().host().limits().wait, Duration::from_secs(180));
    let error = opened("[limits]\nwait = \"4s\"").await.map(drop).unwrap_err();
    let text = chain(&error);
    assert_text(
        &text,
        &["after 4s", "take 5s", "`limits.wait`", "`limits.time`"],
        &expect![[r#"
            configuration: a call ends after 4s, and the plugin in it may take 5s: a call waits for a processor besides, so it must be allowed at least as long (`limits.wait`, `limits.time`)
        "#]],
    );
}

#[test]
fn waiting_shorter_than_working_is_refused_with_both_numbers() {
    for (limits, facts, snapshot) in [
        (
            Limits { wait: Duration::from_secs(4), ..Limits::default() },
            ["after 4s", "take 5s", "`Limits::wait`", "`Limits::time`"],
            expect![[r#"
                a call ends after 4s, and the plugin in it may take 5s: a call waits for a processor besides, so it must be allowed at least as long (`Limits::wait`, `Limits::time`)
            "#]],
        ),
        (
            Limits { driver_time: Duration::from_secs(121), ..Limits::default() },
            ["after 120s", "take 121s", "`Limits::wait`", "`Limits::driver_time`"],
            expect![[r#"
                a call ends after 120s, and the plugin in it may take 121s: a call waits for a processor besides, so it must be allowed at least as long (`Limits::wait`, `Limits::driver_time`)
            "#]],
        ),
    ] {
        let error = Host::builder().with_limits(limits).build().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_text(&chain(&error), &facts, &snapshot);
    }
}

/// A bucket that holds its answers back until `gate` has permits.
struct Held {
    inner: ObjectBucket,
    asked: AtomicUsize,
    gate: Semaphore,
}

impl Held {
    fn new() -> Arc<Self> {
        let inner = ObjectBucket::memory("b");
        Arc::new(Self { inner, asked: AtomicUsize::new(0), gate: Semaphore::new(0) })
    }

    async fn wait(&self) {
        self.asked.fetch_add(1, SeqCst);
        drop(self.gate.acquire().await);
    }

    /// Waits until so many wait for an answer.
    async fn until(&self, asked: usize) {
        while self.asked.load(SeqCst) < asked {
            tokio::task::yield_now().await;
        }
    }

    /// A pipeline that stores what it is given here.
    async fn pipeline(self: &Arc<Self>, host: &Host) -> Pipeline {
        let bucket: Arc<dyn Bucket> = self.clone();
        let grants =
            Grants::none().with_bucket("b", bucket, BucketAccess::whole().with_overwriting());
        let plugin = host.load(Source::bytes("rogue", ROGUE_DRIVER), grants).await.unwrap();
        let driver = plugin.driver(Settings::none(), Reuse::Fresh).await.unwrap();
        let many = 1000.try_into().unwrap();
        let offload = Offload::new(ByteSize::kib(1)).with_driver("held", driver);
        let offload = offload.with_memory_cache(ByteSize::bytes(0));
        let offload = offload.with_permits(many).with_permits_per_call(many);
        cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
    }
}

impl Bucket for Held {
    fn name(&self) -> &str {
        "b"
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        Box::pin(async move {
            self.wait().await;
            self.inner.put(key, body, mode).await
        })
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.wait().await;
            self.inner.get(key, most).await
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        self.inner.size(key)
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        self.inner.remove(key)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        self.inner.list(prefix, after)
    }
}

/// 64 is as many as there are instances of drivers.
#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_for_a_store_keep_nobody_from_computing() {
    let (host, bucket) = (host(one_slot()), Held::new());
    let storing = bucket.pipeline(&host).await;
    let sent: Vec<_> = (0..70).map(|number| plain(noise(2000 + number))).collect();
    let storing = tokio::spawn(async move { storing.encode(&ctx(), sent).await });
    bucket.until(64).await;
    let zlib = bundled(&host, "zlib", Settings::none(), Reuse::Fresh).await;
    let computing =
        cloakroom_tests::pipeline().with_stage(Stage::new("zlib", zlib)).build().unwrap();
    let large = vec![plain(text(1 << 20)), plain(text(1 << 20)), plain("x")];
    computing.encode(&ctx(), large).await.unwrap();
    assert_eq!(bucket.asked.load(SeqCst), 64, "more than there are instances");
    bucket.gate.close();
    storing.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_behind_a_plugin_is_unavailable() {
    let limits = Limits { driver_time: Duration::from_millis(300), ..one_slot() };
    let (host, bucket) = (host(limits), Held::new());
    let pipeline = bucket.pipeline(&host).await;
    for _ in 0..2 {
        let error = pipeline.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap_err();
        let says = chain(&error);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{says}");
        assert!(error.kind().is_transient() && error.kind().blame() == Blame::Backend);
        assert_text(
            &says,
            &["300ms"],
            &expect![[r#"
                stage `storage held`, encoding payload 0, plugin `rogue`: the store behind this driver did not answer within 300ms (`Limits::driver_time`)
            "#]],
        );
    }
    bucket.gate.close();
    pipeline.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap();
}

/// Takes long for large payloads, on one slot.
async fn zlib() -> PluginCodec {
    let settings = Settings::none().with_setting("level", 9);
    bundled(&host(one_slot()), "zlib", settings, Reuse::Fresh).await
}

/// On one thread, since the recorder is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_small_payload_waits_for_the_turn_that_is_under_way_and_no_other() {
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("zlib", zlib().await)).build().unwrap();
    let snapshotter = record();
    // Each takes a hundred turns.
    let large = plain(text(32 << 20));
    let calls = (0..200).map(|_| {
        let (pipeline, large) = (pipeline.clone(), large.clone());
        async move { pipeline.encode(&ctx(), vec![large]).await }
    });
    let mut calls = pin!(join_all(calls));
    // A call is queued when it is first polled.
    assert!(poll_immediate(&mut calls).await.is_none());
    pipeline.encode(&ctx(), vec![plain(text(1000))]).await.unwrap();
    let waited = format!("{}{{part=stage}}", metric::TURNS_WAITED);
    let all = recorded(&snapshotter);
    let waited = all.iter().find(|(name, _)| *name == waited).expect("it did not wait");
    match &waited.1 {
        DebugValue::Histogram(turns) => {
            assert_eq!(turns.iter().map(|turns| turns.0).collect::<Vec<_>>(), [0.0]);
        }
        other => panic!("{other:?}"),
    }
}

/// Each needs a small part of the time that it has, and all of them together many times more.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_large_payloads_is_not_too_slow_together() {
    let folder = tempfile::tempdir().unwrap();
    let body = text(4 << 20);
    let config = in_folder("local", folder.path()) + "[limits]\ntime = \"600ms\"";
    let cloakroom = opening(&config).open().await.unwrap();
    let calls = (0..80).map(|number| {
        let cloakroom = cloakroom.clone();
        // Objects of their own.
        let sent = plain([number.to_string().as_bytes(), &body].concat());
        tokio::spawn(async move { cloakroom.encode(&ctx(), vec![sent]).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let kept = call.await.unwrap().map_err(|error| chain(&error)).unwrap();
        assert!(TemporalReferences::is_reference(&kept[0]));
    }
}

/// Returns whether it computes, waits for an import, or waits for its turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_gives_back_its_slot_and_its_place() {
    let limits = Limits { instances: 1.try_into().unwrap(), ..one_slot() };
    let pipeline = rogues(&host(limits), ROGUE_WASIP2).await;
    for attack in ["loop", "sleep"] {
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let pipeline = pipeline.clone();
                tokio::spawn(async move { pipeline.encode(&ctx(), vec![plain(attack)]).await })
            })
            .collect();
        let queued = |pipeline: Pipeline| async move { pipeline.encode(&ctx(), benign()).await };
        let last = tokio::spawn(queued(pipeline.clone()));
        for call in calls {
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        last.await.unwrap().unwrap();
        pipeline.encode(&ctx(), benign()).await.unwrap();
    }
}
