//! Stores that fail, hang, cut short and lie, by proxies in front of a real one.

use std::{sync::Arc, time::Duration};

use cloakroom::{
    ByteSize, Context, Error, ErrorKind, Payload, Pipeline, Stage,
    pipeline::Kind,
    plugin::{Grants, Limits, PluginDriver, Reuse, Settings},
    storage::{Bucket, BucketAccess, BucketUrl, ObjectBucket, Offload},
};
use cloakroom_tests::{bucket_driver, bundled, chain, host, noise, plain, rigs, text};

use crate::s3;

/// A bucket of its own behind a proxy, and the same without it.
fn behind(endpoint: &str, name: &str, patience: u64) -> (BucketUrl, ObjectBucket) {
    let bucket = s3::moto(name);
    (s3::place(endpoint, name).with_retry_timeout(Duration::from_millis(patience)), bucket)
}

/// A driver that has all the time that a store may need.
async fn driver(place: &BucketUrl) -> PluginDriver {
    let bucket: Arc<dyn Bucket> = Arc::new(place.open().unwrap());
    let grants = Grants::none().with_bucket("payloads", bucket, BucketAccess::whole());
    let host = host(Limits { driver_time: LONG, wait: LONG, ..Limits::default() });
    let plugin = host.load(cloakroom::plugin::bundled("s3").unwrap(), grants).await.unwrap();
    plugin.driver(Settings::none().with_setting("bucket", "payloads"), Reuse::Fresh).await.unwrap()
}

async fn pipeline(place: &BucketUrl, time: Duration) -> Pipeline {
    let driver = driver(place).await;
    let offload = Offload::new(ByteSize::kib(4))
        .with_driver("aws.s3driver", driver)
        .with_driver_timeout(time);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

fn ctx() -> Context {
    Context::namespace("n").with_target(Kind::Workflow, "w", "T", None)
}

fn sent() -> Vec<Payload> {
    vec![plain(noise(2 << 20)), plain(noise(5000))]
}

/// More than any machine needs.
const LONG: Duration = Duration::from_secs(600);

/// It fails so that waiting helps, says where, and loses nothing.
#[track_caller]
fn passes(failed: Result<Vec<Payload>, Error>) {
    let error = failed.unwrap_err();
    let says = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{says}");
    assert!(error.kind().is_transient());
    assert!(says.contains("storage aws.s3driver") && says.len() < 600, "{says}");
    assert!(!says.contains('\n') && !says.contains('<'), "{says}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_503() {
    let envoy = rigs::envoy(rigs::moto().address());
    let (place, direct) = behind(&envoy.url(), "aborts", 300);
    let impatient = pipeline(&place, LONG).await;
    let patient = pipeline(&place.with_retry_timeout(LONG), LONG).await;
    let kept = patient.encode(&ctx(), sent()).await.unwrap();
    envoy.abort(100);
    passes(impatient.encode(&ctx(), vec![plain(noise(6000))]).await);
    passes(impatient.decode(&ctx(), kept.clone()).await);
    assert_eq!(direct.list("", None).await.unwrap().len(), 2, "half of it was stored");
    // Every second request fails: the store's client tries again.
    envoy.abort(50);
    let more = vec![plain(noise(7000)), plain(noise(8000)), plain(noise(9000))];
    let kept_more = patient.encode(&ctx(), more.clone()).await.unwrap();
    assert_eq!(patient.decode(&ctx(), kept_more).await.unwrap(), more);
    envoy.abort(0);
    assert_eq!(patient.decode(&ctx(), kept).await.unwrap(), sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs() {
    let proxy = rigs::Tamper::new(rigs::moto().address());
    let (place, _) = behind(&proxy.url(), "hangs", 300);
    let patient = pipeline(&place.clone().with_retry_timeout(LONG), LONG).await;
    let impatient = pipeline(&place, Duration::from_millis(700)).await;
    let kept = patient.encode(&ctx(), sent()).await.unwrap();
    // It would hang for ever: only the time limit ends a call.
    proxy.hang(true);
    passes(impatient.encode(&ctx(), vec![plain(noise(6000))]).await);
    passes(impatient.decode(&ctx(), kept.clone()).await);
    proxy.hang(false);
    assert_eq!(patient.decode(&ctx(), kept).await.unwrap(), sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_or_changed() {
    let proxy = rigs::Tamper::new(rigs::moto().address());
    let (place, _) = behind(&proxy.url(), "lies", 300);
    let impatient = pipeline(&place, LONG).await;
    let pipeline = pipeline(&place.with_retry_timeout(LONG), LONG).await;
    let kept = pipeline.encode(&ctx(), sent()).await.unwrap();
    for after in [0, 1000] {
        proxy.cut(Some(after));
        passes(impatient.decode(&ctx(), kept[..1].to_vec()).await);
    }
    // The store's client asks for the rest.
    proxy.cut(Some(1 << 20));
    assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent());
    proxy.cut(None);
    for at in [0, 1000, (2 << 20) - 1] {
        proxy.flip(Some(at));
        let error = pipeline.decode(&ctx(), kept[..1].to_vec()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {}", chain(&error));
        assert!(!error.kind().is_transient());
    }
    proxy.flip(None);
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent());
}

/// Callers see a call that takes longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_and_comes_back() {
    let proxy = rigs::Tamper::new(rigs::moto().address());
    let (place, _) = behind(&proxy.url(), "restarts", 600_000);
    let pipeline = pipeline(&place, LONG).await;
    let kept = pipeline.encode(&ctx(), sent()).await.unwrap();
    proxy.down(true);
    let (reading, more) = (kept.clone(), vec![plain(noise(6000))]);
    let (reader, writer) = (pipeline.clone(), pipeline.clone());
    let reading = tokio::spawn(async move { reader.decode(&ctx(), reading).await });
    let writing = more.clone();
    let writing = tokio::spawn(async move { writer.encode(&ctx(), writing).await });
    // Both were turned away, and at least one of them three times.
    while proxy.refused() < 6 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!reading.is_finished(), "gave up reading: {:?}", reading.await);
    assert!(!writing.is_finished(), "gave up writing: {:?}", writing.await);
    proxy.down(false);
    assert_eq!(reading.await.unwrap().unwrap(), sent());
    let kept = writing.await.unwrap().unwrap();
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), more);
}

/// A store that goes down resets the writes under way. Nobody knows whether it took them.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_reset_is_sent_again() {
    let proxy = rigs::Tamper::new(rigs::moto().address());
    let (place, direct) = behind(&proxy.url(), "resets", 600_000);
    let pipeline = pipeline(&place, LONG).await;
    proxy.reset_writes(3);
    let kept = pipeline.encode(&ctx(), sent()).await.unwrap();
    assert_eq!(proxy.resets(), 0);
    assert_eq!(direct.list("", None).await.unwrap().len(), 2);
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent());
}

/// The same call again, also after one that was cut half-way: one object, and an equal claim.
#[tokio::test(flavor = "multi_thread")]
async fn storing_is_idempotent() {
    let envoy = rigs::envoy(rigs::moto().address());
    let (place, direct) = behind(&envoy.url(), "again", 600_000);
    let host = host(cloakroom::plugin::Limits::default());
    for (setting, alike) in [(None, true), (Some("true"), true), (Some("false"), false)] {
        let bucket: Arc<dyn Bucket> = Arc::new(place.open().unwrap());
        let driver = bucket_driver("s3", &bucket, &[]).await;
        let mut builder = cloakroom_tests::pipeline();
        let zstd = bundled(
            &host,
            "zstd",
            cloakroom::plugin::Settings::none(),
            cloakroom::plugin::Reuse::Fresh,
        );
        builder = builder.with_stage(Stage::new("zstd", zstd.await));
        if let Some(repeatable) = setting {
            let settings =
                cloakroom::plugin::Settings::none().with_setting("repeatable", repeatable);
            let aes = bundled(&host, "aes-gcm", settings, cloakroom::plugin::Reuse::Fresh).await;
            builder = builder.with_stage(Stage::new("aes-gcm", aes).required());
        }
        let offload = Offload::new(ByteSize::kib(4)).with_driver("aws.s3driver", driver);
        let pipeline = builder.with_offload(offload).build().unwrap();
        let sent = vec![plain(noise(2 << 20)), plain(text(200_000))];

        // Given up while the store still works on it.
        envoy.delay(100, 400);
        let ctx = ctx();
        let call = pipeline.encode(&ctx, sent.clone());
        let cut = tokio::time::timeout(Duration::from_millis(100), call).await;
        assert!(cut.is_err(), "was not cut");
        envoy.delay(0, 0);
        let kept = pipeline.encode(&ctx, sent.clone()).await.unwrap();
        let again = pipeline.encode(&ctx, sent.clone()).await.unwrap();
        assert_eq!(kept == again, alike, "{setting:?}");
        let objects = direct.list("", None).await.unwrap();
        assert_eq!(objects.len() == 2, alike, "{setting:?}: {}", objects.len());
        assert_eq!(pipeline.decode(&ctx, kept).await.unwrap(), sent);
        for key in objects {
            direct.remove(&key).await.unwrap();
        }
    }
}

/// An object that was damaged where it lies is replaced by storing it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_object_is_healed() {
    let (place, direct) = behind(&rigs::moto().url(), "heals", 600_000);
    let pipeline = pipeline(&place, LONG).await;
    let kept = pipeline.encode(&ctx(), sent()).await.unwrap();
    for key in direct.list("", None).await.unwrap() {
        direct
            .put(&key, vec!["short".into()], cloakroom::storage::PutMode::Overwrite)
            .await
            .unwrap();
    }
    assert!(pipeline.decode(&ctx(), kept.clone()).await.is_err());
    assert_eq!(pipeline.encode(&ctx(), sent()).await.unwrap(), kept);
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent());
}
