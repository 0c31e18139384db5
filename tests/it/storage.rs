//! Large payloads leave, a claim stays, and what comes back is what left.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Context, Driver, Error, ErrorKind, Payload, Stage,
    pipeline::{Kind, PipelineError},
    plugin::{Limits, Reuse, Settings},
    storage::{Bucket, Claim, Object, ObjectBucket, Offload, Rule},
};
use cloakroom_tests::{assert_text, bucket_driver, bundled, chain, ctx, host, noise, plain, text};
use expect_test::expect;
use futures::future::BoxFuture;
use serde_json::Value;

fn memory() -> Arc<dyn Bucket> {
    Arc::new(ObjectBucket::memory("temporal-payloads"))
}

async fn stages() -> cloakroom::pipeline::PipelineBuilder {
    let host = host(Limits::default());
    let zstd = bundled(&host, "zstd", Settings::none(), Reuse::Fresh).await;
    let aes = bundled(&host, "aes-gcm", Settings::none(), Reuse::Fresh).await;
    cloakroom_tests::pipeline()
        .with_stage(Stage::new("zstd", zstd))
        .with_stage(Stage::new("aes-gcm", aes).required())
}

async fn offload(bucket: &Arc<dyn Bucket>) -> Offload {
    let driver = bucket_driver("s3", bucket, &[]).await;
    Offload::new(ByteSize::kib(256)).with_driver("aws.s3driver", driver)
}

fn target() -> Context {
    ctx().with_target(Kind::Workflow, "order 17", "Charge", Some("run-1"))
}

fn claim(reference: &Payload) -> Value {
    serde_json::from_slice::<Value>(&reference.data).unwrap()["claimData"].clone()
}

fn is_reference(payload: &Payload) -> bool {
    payload.encoding() == Some("json/protobuf")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_large_leaves_and_comes_back() {
    let bucket = memory();
    let pipeline = stages().await.with_offload(offload(&bucket).await).build().unwrap();
    let sent =
        vec![plain("small"), plain(noise(1 << 20)), plain(text(1 << 20)), plain(noise(1 << 20))];
    let kept = pipeline.encode(&target(), sent.clone()).await.unwrap();
    let stood: Vec<_> = kept.iter().map(is_reference).collect();
    assert_eq!(stood, [false, true, true, true]);
    for reference in kept.iter().filter(|payload| is_reference(payload)) {
        let claim = claim(reference);
        let (key, digest) = (claim["key"].as_str().unwrap(), claim["hash_value"].as_str().unwrap());
        assert_eq!(
            key,
            format!("v0/ns/payments%20prod/wt/Charge/wi/order%2017/ri/run-1/d/sha256/{digest}")
        );
        assert_eq!(claim["bucket"], "temporal-payloads");
        let object = bucket.get(key, u64::MAX).await.unwrap();
        assert_eq!(reference.external_sizes, [object.len() as i64]);
        let stored = Payload::from_envelope(object).unwrap();
        assert_eq!(stored.encoding(), Some("binary/sealed"), "stored in the clear");
    }
    assert_eq!(pipeline.decode(&target(), kept).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_threshold_is_the_size_of_the_message() {
    let payload = plain(noise(1000));
    let size = payload.encoded_len() as u64;
    for (threshold, leaves) in [(0, true), (size, true), (size + 1, false)] {
        let driver = bucket_driver("s3", &memory(), &[]).await;
        let offload = Offload::new(ByteSize::bytes(threshold)).with_driver("d", driver);
        let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
        let kept = pipeline.encode(&ctx(), vec![payload.clone()]).await.unwrap();
        assert_eq!(is_reference(&kept[0]), leaves, "{threshold}");
        assert!(pipeline.decode(&ctx(), kept).await.unwrap()[0] == payload);
    }
}

/// A driver that counts, and keeps objects in a map.
#[derive(Clone, Default)]
struct Counting {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    stored: Arc<AtomicUsize>,
    fetched: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Counting {
    async fn busy(&self) {
        self.most.fetch_max(self.at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Driver for Counting {
    fn kind(&self) -> &str {
        "counting"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            self.busy().await;
            let key = hex::encode(object.sha256());
            self.stored.fetch_add(1, Ordering::SeqCst);
            self.objects.lock().unwrap().insert(key.clone(), object.envelope().to_bytes());
            Ok(Claim::from([("key".to_owned(), key)]))
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.busy().await;
            self.fetched.fetch_add(1, Ordering::SeqCst);
            let found = self.objects.lock().unwrap().get(&claim["key"]).cloned();
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "gone"))
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_payloads_of_a_call_are_stored_and_fetched_once() {
    let driver = Counting::default();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver.clone());
    let pipeline =
        cloakroom_tests::pipeline().with_offload(offload.with_memory_cache(ByteSize::bytes(0)));
    let pipeline = pipeline.build().unwrap();
    // Equal payloads whose metadata was put in in another order.
    let one = plain("x").with_metadata("a", "1").with_metadata("b", "2");
    let other = plain("x").with_metadata("b", "2").with_metadata("a", "1");
    let sent = vec![one.clone(), plain("y"), other, one];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(driver.stored.load(Ordering::SeqCst), 2);
    assert_eq!(kept[0], kept[2]);
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent);
    assert_eq!(driver.fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_are_on_their_way_at_once() {
    let driver = Counting::default();
    let number = |count| NonZeroUsize::new(count).unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver.clone());
    let offload = offload.with_permits(number(5)).with_permits_per_call(number(3));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let batch = |call: usize| (0..20).map(|n| plain(format!("{call} {n}"))).collect::<Vec<_>>();
    pipeline.encode(&ctx(), batch(0)).await.unwrap();
    assert_eq!(driver.most.load(Ordering::SeqCst), 3);
    let calls = (1..6).map(|call| {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { pipeline.encode(&ctx(), batch(call)).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(driver.most.load(Ordering::SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let driver = Counting::default();
    let pipeline = |memory, disk: bool| {
        let mut offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver.clone());
        offload = offload.with_memory_cache(ByteSize::bytes(memory));
        if disk {
            offload = offload.with_disk_cache(folder.path().join("objects"), ByteSize::mib(1));
        }
        cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
    };
    let sent = vec![plain(noise(1000)), plain(noise(2000))];
    let kept = pipeline(0, false).encode(&ctx(), sent.clone()).await.unwrap();
    let fetched = || driver.fetched.swap(0, Ordering::SeqCst);
    let warm = pipeline(1 << 20, true);
    for expect in [2, 0] {
        assert_eq!(warm.decode(&ctx(), kept.clone()).await.unwrap(), sent);
        assert_eq!(fetched(), expect);
    }
    // Also what is a good part of all that fits; what was of use last stays, though it was stored
    // first. The payloads of one call are of use in no certain order, so each has its own.
    let roomy = pipeline(16 << 20, false);
    let (small, large) = (vec![plain(noise(5 << 20))], vec![plain(noise(9 << 20))]);
    let kept_small = roomy.encode(&ctx(), small.clone()).await.unwrap();
    let kept_large = roomy.encode(&ctx(), large.clone()).await.unwrap();
    assert_eq!(roomy.decode(&ctx(), kept_large.clone()).await.unwrap(), large);
    assert_eq!(roomy.decode(&ctx(), kept_small.clone()).await.unwrap(), small);
    assert_eq!(fetched(), 0);
    roomy.encode(&ctx(), vec![plain(noise(8 << 20))]).await.unwrap();
    assert_eq!(roomy.decode(&ctx(), kept_small).await.unwrap(), small);
    assert_eq!(fetched(), 0);
    assert_eq!(roomy.decode(&ctx(), kept_large).await.unwrap(), large);
    assert_eq!(fetched(), 1);
    // Too small for any object.
    let small = pipeline(100, false);
    for _ in 0..2 {
        assert_eq!(small.decode(&ctx(), kept.clone()).await.unwrap(), sent);
        assert_eq!(fetched(), 2);
    }
    // After a restart: from the disk, unless what lies there is damaged.
    let files = || std::fs::read_dir(folder.path().join("objects")).unwrap().flatten();
    while files().filter(|file| file.path().extension().is_none()).count() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(pipeline(1 << 20, true).decode(&ctx(), kept.clone()).await.unwrap(), sent);
    assert_eq!(fetched(), 0);
    for file in files() {
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[40] ^= 1;
        std::fs::write(file.path(), bytes).unwrap();
    }
    assert_eq!(pipeline(1 << 20, true).decode(&ctx(), kept).await.unwrap(), sent);
    assert_eq!(fetched(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_say_which_driver_stores() {
    let (main, cold) = (Counting::default(), Counting::default());
    let offload = Offload::new(ByteSize::bytes(100))
        .with_driver("main", main.clone())
        .with_read_driver("cold", cold.clone())
        .with_rule(Rule::inline().with_namespace("audit"))
        .with_rule(Rule::store_with("cold").with_metadata("tier", "cold"));
    let host = host(Limits::default());
    let zstd = bundled(&host, "zstd", Settings::none(), Reuse::Fresh).await;
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("zstd", zstd)).with_offload(offload);
    let pipeline = pipeline.build().unwrap();
    // The rule sees metadata that the stage puts out of sight.
    let sent =
        vec![plain(text(9000)).with_metadata("tier", "cold"), plain(text(9000)), plain("small")];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(cold.stored.load(Ordering::SeqCst), 1);
    assert_eq!(main.stored.load(Ordering::SeqCst), 1);
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent);
    let audit = Context::namespace("audit");
    let kept = pipeline.encode(&audit, sent.clone()).await.unwrap();
    assert!(!kept.iter().any(is_reference));
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_neither_encoded_nor_stored_again() {
    let bucket = memory();
    let pipeline = stages().await.with_offload(offload(&bucket).await).build().unwrap();
    let driver = bucket_driver("s3", &bucket, &[]).await;
    let all = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    let kept = pipeline.encode(&target(), vec![plain(noise(1 << 20))]).await.unwrap();
    let all = stages().await.with_offload(all).build().unwrap();
    assert_eq!(all.encode(&target(), kept.clone()).await.unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoded_reference_hides_where_the_object_lies() {
    let bucket = memory();
    let plainly = stages().await.with_offload(offload(&bucket).await).build().unwrap();
    let hiding = offload(&bucket).await.with_encoded_references();
    let hiding = stages().await.with_offload(hiding).build().unwrap();
    let sent = vec![plain(noise(1 << 20))];
    let kept = hiding.encode(&target(), sent.clone()).await.unwrap();
    assert_eq!(kept[0].encoding(), Some("binary/sealed"));
    assert_eq!(kept[0].metadata["__temporal_external_storage_reference"], "true");
    assert_eq!(kept[0].external_sizes.len(), 1);
    assert_eq!(hiding.encode(&target(), kept.clone()).await.unwrap(), kept, "encoded twice");
    for pipeline in [&hiding, &plainly] {
        assert_eq!(pipeline.decode(&target(), kept.clone()).await.unwrap(), sent);
    }
    let shown = plainly.decode_references(&target(), kept.clone()).await.unwrap();
    assert!(is_reference(&shown[0]));
    assert_eq!(plainly.decode(&target(), shown).await.unwrap(), sent);

    let without = cloakroom_tests::pipeline().with_offload(offload(&bucket).await).build().unwrap();
    let error = without.decode(&target(), kept.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert_text(
        &chain(&error),
        &["[TMPRL1106]"],
        &expect![[r#"
            stage `storage`, decoding payload 0: [TMPRL1106] a reference to a stored payload is encoded, and cannot be decoded here: are these the stages and keys that encoded it?
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_without_its_driver_is_refused() {
    let bucket = memory();
    let pipeline = stages().await.with_offload(offload(&bucket).await).build().unwrap();
    let kept = pipeline.encode(&target(), vec![plain(noise(1 << 20))]).await.unwrap();
    let other = Offload::new(ByteSize::kib(256)).with_driver("other", Counting::default());
    for (builder, snapshot) in [
        (
            stages().await,
            expect![[r#"
                [TMPRL1105] the payload is stored elsewhere, and no external storage is configured: add the driver that stored it (`PipelineBuilder::with_offload`)
            "#]],
        ),
        (
            stages().await.with_offload(other),
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0: [TMPRL1105] stored by driver `aws.s3driver`, which is not configured; there are `other`: add a driver of that name (`Offload::with_read_driver`)
            "#]],
        ),
    ] {
        let error = builder.build().unwrap().decode(&target(), kept.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unresolved);
        assert!(!error.kind().is_transient());
        assert_text(&chain(&error), &["[TMPRL1105]"], &snapshot);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_itself_is_not_built() {
    let build =
        |offload: Offload| cloakroom_tests::pipeline().with_offload(offload).build().map(drop);
    let all = || Offload::new(ByteSize::bytes(0));
    let twice =
        all().with_driver("d", Counting::default()).with_read_driver("d", Counting::default());
    assert_eq!(build(twice), Err(PipelineError::DriverName("d".to_owned())));
    let nameless = all().with_driver("", Counting::default());
    assert_eq!(build(nameless), Err(PipelineError::DriverName(String::new())));
    let unknown = all().with_driver("d", Counting::default()).with_rule(Rule::store_with("e"));
    assert_eq!(build(unknown), Err(PipelineError::UnknownDriver("e".to_owned())));
    let unsealed = all().with_driver("d", Counting::default()).with_required_encryption();
    assert_eq!(build(unsealed.clone()), Err(PipelineError::StoresUnsealed));
    assert!(stages().await.with_offload(unsealed).build().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_takes_no_more_than_its_setting_says() {
    let driver = bucket_driver("s3", &memory(), &[("max_bytes", "1000")]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver);
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let error = pipeline.encode(&ctx(), vec![plain(noise(1000))]).await.unwrap_err();
    let says = chain(&error);
    assert_text(
        &says,
        &["max_bytes", "storage d"],
        &expect![[r#"
            stage `storage d`, encoding payload 0, plugin `s3`: the plugin rejected the payload as too large; its settings are `bucket`, `max_bytes`; its own words are not shown, since they could hold payload bytes: grant it the log to see them (`Grants::with_log`)
        "#]],
    );
}
