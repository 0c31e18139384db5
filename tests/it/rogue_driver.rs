//! A driver that breaks the rules ends its own call, and nothing else.

use std::{sync::Arc, time::Duration};

use cloakroom::{
    ByteSize, Error, ErrorKind, Limit, Pipeline,
    plugin::{Grants, Limits, PluginDriver, Reuse, Settings, Source},
    storage::{Bucket, BucketAccess, ObjectBucket, Offload, PutMode},
};
use cloakroom_tests::{ROGUE_DRIVER, assert_text, chain, ctx, host, noise, plain};
use expect_test::{Expect, expect};

struct Scene {
    bucket: Arc<dyn Bucket>,
    host: cloakroom::plugin::Host,
}

async fn scene() -> Scene {
    scene_within(Duration::from_secs(60)).await
}

async fn scene_within(time: Duration) -> Scene {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    bucket.put("secret", vec!["s3cr3t".into()], PutMode::Create).await.unwrap();
    let limits = Limits { time, driver_time: time, output: ByteSize::mib(8), ..Limits::default() };
    Scene { bucket, host: host(limits) }
}

impl Scene {
    async fn driver(&self, act: &str, access: BucketAccess) -> Result<PluginDriver, Error> {
        let grants = Grants::none().with_bucket("b", self.bucket.clone(), access);
        let plugin = self.host.load(Source::bytes("rogue", ROGUE_DRIVER), grants).await.unwrap();
        plugin.driver(Settings::none().with_setting("act", act), Reuse::Warm).await
    }

    async fn pipeline(&self, act: &str, access: BucketAccess) -> Pipeline {
        let driver = self.driver(act, access).await.unwrap();
        let offload = Offload::new(ByteSize::kib(1)).with_driver("rogue", driver);
        let offload = offload.with_memory_cache(ByteSize::bytes(0));
        cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
    }
}

#[track_caller]
fn check<T>(failed: Result<T, Error>, kind: ErrorKind, fact: &str, snapshot: &Expect) {
    let error = failed.map(drop).unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_text(&text, &["rogue", fact], snapshot);
    assert!(!text.contains("canary") && !text.contains("s3cr3t"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_held_against_the_object() {
    let scene = scene().await;
    let sent = vec![plain(noise(5000))];
    for (act, kind, fact, snapshot) in [
        (
            "twice",
            ErrorKind::Protocol,
            "",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: gave a claim with two entries of one name
            "#]],
        ),
        (
            "bloat",
            ErrorKind::Protocol,
            "64",
            expect![[r#"
                stage `storage rogue`, encoding payload 0: gave a claim of more than 64 entries, or of more than 16 KiB
            "#]],
        ),
        (
            "large",
            ErrorKind::Protocol,
            "16 KiB",
            expect![[r#"
                stage `storage rogue`, encoding payload 0: gave a claim of more than 64 entries, or of more than 16 KiB
            "#]],
        ),
        (
            "forge",
            ErrorKind::Protocol,
            "`cloakroom_`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0: gave a claim with an entry that starts with `cloakroom_`
            "#]],
        ),
        (
            "lie",
            ErrorKind::Protocol,
            "",
            expect![[r#"
                stage `storage rogue`, encoding payload 0: gave a claim with another digest than the object's
            "#]],
        ),
        (
            "weak",
            ErrorKind::Malformed,
            "SHA-256",
            expect![[r#"
                stage `storage rogue`, encoding payload 0: the claim's digest is not a SHA-256
            "#]],
        ),
        (
            "other",
            ErrorKind::Denied,
            "`b`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `other` was not granted to this plugin; granted: `b`
            "#]],
        ),
    ] {
        let pipeline = scene.pipeline(act, BucketAccess::whole().with_overwriting()).await;
        check(pipeline.encode(&ctx(), sent.clone()).await, kind, fact, &snapshot);
    }
    let well = scene.pipeline("", BucketAccess::whole().with_overwriting()).await;
    let kept = well.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(well.decode(&ctx(), kept).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_as_far_as_it_gets() {
    let scene = scene().await;
    let sent = vec![plain(noise(5000))];
    for (act, access, fact, snapshot) in [
        (
            "outside",
            BucketAccess::whole().with_prefix("v0/").with_overwriting(),
            "`v0/`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: a key lies outside of `v0/`, the part of bucket `b` that was granted (`BucketAccess::with_prefix`)
            "#]],
        ),
        (
            "",
            BucketAccess::whole().read_only(),
            "reading",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `b` was granted for reading only
            "#]],
        ),
        (
            "remove",
            BucketAccess::whole().read_only(),
            "reading",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `b` was granted for reading only
            "#]],
        ),
        (
            "",
            BucketAccess::whole(),
            "`overwrite`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `b` was granted without `overwrite`: add it, if the plugin is trusted with that (`BucketAccess`)
            "#]],
        ),
        (
            "remove",
            BucketAccess::whole().with_overwriting(),
            "`remove`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `b` was granted without `remove`: add it, if the plugin is trusted with that (`BucketAccess`)
            "#]],
        ),
        (
            "list",
            BucketAccess::whole().with_overwriting(),
            "`list`",
            expect![[r#"
                stage `storage rogue`, encoding payload 0, plugin `rogue`: bucket `b` was granted without `list`: add it, if the plugin is trusted with that (`BucketAccess`)
            "#]],
        ),
    ] {
        let pipeline = scene.pipeline(act, access).await;
        check(pipeline.encode(&ctx(), sent.clone()).await, ErrorKind::Denied, fact, &snapshot);
    }
    for (act, access) in [
        ("remove", BucketAccess::whole().with_overwriting().with_removing()),
        ("list", BucketAccess::whole().with_overwriting().with_listing()),
    ] {
        let pipeline = scene.pipeline(act, access).await;
        assert!(pipeline.encode(&ctx(), sent.clone()).await.is_ok(), "{act}");
    }
    // What lies in a bucket is not for one to see that has nothing to do yet.
    let peeks = scene.driver("peek", BucketAccess::whole()).await;
    check(
        peeks,
        ErrorKind::Denied,
        "",
        &expect![[r#"
            plugin `rogue`: buckets cannot be used while loading
        "#]],
    );
}

/// A plugin that computes too long exceeds its limit. `compute.rs` tests a store that does not
/// answer, which is not the plugin's fault.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_computes_without_end_is_stopped() {
    let (scene, sent) = (scene_within(Duration::from_millis(300)).await, vec![plain(noise(5000))]);
    let time = ErrorKind::LimitExceeded(Limit::Time);
    let spins = scene.pipeline("spin", BucketAccess::whole()).await;
    check(
        spins.encode(&ctx(), sent).await,
        time,
        "300ms",
        &expect![[r#"
            stage `storage rogue`, encoding payload 0, plugin `rogue`: took longer than 300ms (`Limits::driver_time`)
        "#]],
    );
    let spins = scene.driver("spin early", BucketAccess::whole()).await;
    check(
        spins,
        time,
        "300ms",
        &expect![[r#"
            plugin `rogue`: took longer than 300ms (`Limits::time`)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_gives_back_is_checked() {
    let scene = scene().await;
    let sent = vec![plain(noise(5000))];
    let kept = scene
        .pipeline("", BucketAccess::whole().with_overwriting())
        .await
        .encode(&ctx(), sent.clone())
        .await;
    let kept = kept.unwrap();
    for (act, kind, fact, snapshot) in [
        (
            "cut",
            ErrorKind::Corrupt,
            "size",
            expect![[r#"
                stage `storage rogue`, decoding payload 0: the size of the object is 5026 bytes, but its reference says 5027
            "#]],
        ),
        (
            "change",
            ErrorKind::Corrupt,
            "SHA-256",
            expect![[r#"
                stage `storage rogue`, decoding payload 0: what the store gave back is not what the claim names: its SHA-256 differs
            "#]],
        ),
        (
            "flood",
            ErrorKind::LimitExceeded(Limit::Output),
            "Limits::output",
            expect![[r#"
                stage `storage rogue`, decoding payload 0, plugin `rogue`: produced more than 8MiB in one call (`Limits::output`)
            "#]],
        ),
    ] {
        let pipeline = scene.pipeline(act, BucketAccess::whole().with_overwriting()).await;
        check(pipeline.decode(&ctx(), kept.clone()).await, kind, fact, &snapshot);
    }
    let well = scene.pipeline("", BucketAccess::whole().with_overwriting()).await;
    assert_eq!(well.decode(&ctx(), kept).await.unwrap(), sent);
    let says = plain(format!("canary {}", "x".repeat(2000)));
    let tells = scene.pipeline("tell", BucketAccess::whole().with_overwriting()).await;
    check(
        tells.encode(&ctx(), vec![says]).await,
        ErrorKind::Failed,
        "",
        &expect![[r#"
            stage `storage rogue`, encoding payload 0, plugin `rogue`: the plugin gave up; its own words are not shown, since they could hold payload bytes: grant it the log to see them (`Grants::with_log`)
        "#]],
    );
}
