//! A claim comes from a workflow's history, and whoever can write there can forge one.

use std::sync::{Arc, atomic::Ordering};

use cloakroom::{
    ByteSize, Error, ErrorKind, Limit, Payload, Pipeline,
    pipeline::Kind,
    storage::{Bucket, BucketAccess, ClaimPolicy, ObjectBucket, Offload, PutMode, PutOutcome},
};
use cloakroom_tests::{assert_text, bucket_driver, chain, ctx, granted_driver, noise, plain, ring};
use expect_test::{Expect, expect};
use futures::future::BoxFuture;
use serde_json::{Value, json};

const OWN: &str = "temporal-payloads";

struct Scene {
    bucket: Arc<dyn Bucket>,
    pipeline: Pipeline,
    /// A reference that is good.
    good: Payload,
}

async fn scene() -> Scene {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory(OWN));
    let driver = granted_driver("s3", &bucket, BucketAccess::whole().with_prefix("v0/"), &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    // What was fetched once must not answer for a claim that was not.
    let offload = offload.with_max_object_size(ByteSize::mib(1));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let ctx = ctx().with_target(Kind::Workflow, "w", "T", None);
    let good = pipeline.encode(&ctx, vec![plain(noise(1000))]).await.unwrap().remove(0);
    assert_eq!(pipeline.decode(&ctx, vec![good.clone()]).await.unwrap().len(), 1);
    Scene { bucket, pipeline, good }
}

impl Scene {
    /// The good reference with another text.
    fn with(&self, change: impl FnOnce(&mut Value)) -> Payload {
        let mut reference: Value = serde_json::from_slice(&self.good.data).unwrap();
        change(&mut reference);
        Payload { data: reference.to_string().into(), ..self.good.clone() }
    }

    async fn refused(&self, forged: Payload, kind: ErrorKind, fact: &str, snapshot: &Expect) {
        let error = self.pipeline.decode(&ctx(), vec![forged]).await.unwrap_err();
        let says = chain(&error);
        assert_eq!(error.kind(), kind, "{says}");
        assert_text(&says, &[fact], snapshot);
        assert!(says.len() < 2000, "{} bytes", says.len());
        let good = self.pipeline.decode(&ctx(), vec![self.good.clone()]).await;
        assert!(good.is_ok(), "the host does not serve");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_reach_nothing_else() {
    let scene = scene().await;
    let claim = |name: &'static str, value: &'static str| {
        move |reference: &mut Value| reference["claimData"][name] = json!(value)
    };
    let other = scene.with(claim("bucket", "other"));
    scene.refused(other, ErrorKind::Denied, "", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a bucket that it asked for was not granted to this plugin; granted: `payloads`
    "#]]).await;
    for (key, snapshot) in [
        (
            "../secret",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
        (
            "v0/../secret",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
        (
            "v0//x",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
        (
            "v0/./x",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
        (
            "/v0/x",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
        (
            "v0/x/",
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key has an empty, `.` or `..` segment
            "#]],
        ),
    ] {
        let elsewhere = scene.with(claim("key", key));
        scene.refused(elsewhere, ErrorKind::Denied, "", &snapshot).await;
    }
    let outside = scene.with(claim("key", "secret"));
    scene.refused(outside, ErrorKind::Denied, "`v0/`", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: a key lies outside of `v0/`, the part of bucket `temporal-payloads` that was granted (`BucketAccess::with_prefix`)
    "#]]).await;
    let gone = scene.with(claim("key", "v0/gone"));
    scene.refused(gone, ErrorKind::NotFound, "", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: bucket `temporal-payloads`, key `v0/gone`: no such object: it expired, was deleted, or is in another bucket
    "#]]).await;
    let unknown = scene.with(|reference| reference["driverName"] = json!("other"));
    scene.refused(unknown, ErrorKind::Unresolved, "[TMPRL1105]", &expect![[r#"
        stage `storage other`, decoding payload 0: [TMPRL1105] stored by driver `other`, which is not configured; there are `aws.s3driver`: add a driver of that name (`Offload::with_read_driver`)
    "#]]).await;
    let long = scene.with(|reference| reference["driverName"] = json!("\u{1b}[2J".repeat(999)));
    scene.refused(long, ErrorKind::Unresolved, "[TMPRL1105]", &expect![[r#"
        stage `storage ?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J`, decoding payload 0: [TMPRL1105] stored by driver `?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J?[2J`, which is not configured; there are `aws.s3driver`: add a driver of that name (`Offload::with_read_driver`)
    "#]]).await;
}

/// The object that a claim names is not the object that it describes.
#[tokio::test(flavor = "multi_thread")]
async fn it_cannot_pass_off_one_object_for_another() {
    let scene = scene().await;
    let other = plain("another").envelope().to_bytes();
    scene.bucket.put("v0/other", vec![other.clone()], PutMode::Create).await.unwrap();
    let garbage = bytes::Bytes::from(vec![0xff; 1010]);
    scene.bucket.put("v0/garbage", vec![garbage], PutMode::Create).await.unwrap();
    let swapped = scene.with(|reference| reference["claimData"]["key"] = json!("v0/other"));
    let swapped = Payload { external_sizes: vec![other.len() as i64], ..swapped };
    scene.refused(swapped.clone(), ErrorKind::Corrupt, "SHA-256", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: what the store gave back is not what the claim names: its SHA-256 differs
    "#]]).await;
    let untold = Payload { external_sizes: vec![], ..swapped.clone() };
    scene.refused(untold, ErrorKind::Corrupt, "SHA-256", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: what the store gave back is not what the claim names: its SHA-256 differs
    "#]]).await;
    let resized = Payload { external_sizes: scene.good.external_sizes.clone(), ..swapped };
    scene.refused(resized, ErrorKind::Corrupt, "size", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: the size of the object is 33 bytes, but its reference says 1027
    "#]]).await;
    let garbage = scene.with(|reference| reference["claimData"]["key"] = json!("v0/garbage"));
    let garbage = Payload { external_sizes: vec![], ..garbage };
    scene.refused(garbage, ErrorKind::Corrupt, "SHA-256", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: what the store gave back is not what the claim names: its SHA-256 differs
    "#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_must_say_it_says() {
    let scene = scene().await;
    let without = |name: &'static str| {
        scene.with(|reference| drop(reference["claimData"].as_object_mut().unwrap().remove(name)))
    };
    scene
        .refused(
            without("hash_value"),
            ErrorKind::Malformed,
            "`hash_value`",
            &expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0: the claim has no `hash_value`
            "#]],
        )
        .await;
    scene
        .refused(
            without("hash_algorithm"),
            ErrorKind::Malformed,
            "`hash_algorithm`",
            &expect![[r#"
            stage `storage aws.s3driver`, decoding payload 0: the claim has no `hash_algorithm`
        "#]],
        )
        .await;
    scene.refused(without("key"), ErrorKind::Malformed, "", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: the plugin rejected the payload as malformed: changed, cut short, or encoded under another key or for another namespace; its own words are not shown, since they could hold payload bytes: grant it the log to see them (`Grants::with_log`)
    "#]]).await;
    let weak = scene.with(|reference| reference["claimData"]["hash_algorithm"] = json!("md5"));
    scene
        .refused(
            weak,
            ErrorKind::Malformed,
            "SHA-256",
            &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: the claim's digest is not a SHA-256
    "#]],
        )
        .await;
    let short = scene.with(|reference| reference["claimData"]["hash_value"] = json!("00"));
    scene.refused(short, ErrorKind::Malformed, "", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: the claim's `hash_value` is not 64 hexadecimal digits
    "#]]).await;
    for (size, snapshot) in [
        (
            i64::MAX,
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0: the object has 9223372036854775807 bytes, and the most is 1MiB: raise the limit (`Offload::with_max_object_size`)
            "#]],
        ),
        (
            2 << 20,
            expect![[r#"
                stage `storage aws.s3driver`, decoding payload 0: the object has 2097152 bytes, and the most is 1MiB: raise the limit (`Offload::with_max_object_size`)
            "#]],
        ),
    ] {
        let huge = Payload { external_sizes: vec![size], ..scene.good.clone() };
        let kind = ErrorKind::LimitExceeded(Limit::Payload);
        scene.refused(huge, kind, "", &snapshot).await;
    }
    let negative = Payload { external_sizes: vec![-1], ..scene.good.clone() };
    scene.refused(negative, ErrorKind::Corrupt, "size", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0: the reference says that the size of the object is below zero
    "#]]).await;
    let garbage = Payload { data: "{".into(), ..scene.good.clone() };
    scene.refused(garbage, ErrorKind::Malformed, "JSON", &expect![[r#"
        stage `storage`, decoding payload 0: a reference to a stored payload cannot be read: it is not written as JSON
    "#]]).await;
}

/// Sizes are bounded before anything is read: nothing here may be held, or copied about.
#[tokio::test(flavor = "multi_thread")]
async fn it_cannot_fill_the_memory() {
    let scene = scene().await;
    let object = noise(8 << 20);
    scene.bucket.put("v0/large", vec![object.clone()], PutMode::Create).await.unwrap();
    let large = scene.with(|reference| reference["claimData"]["key"] = json!("v0/large"));
    let bloated = scene.with(|reference| {
        let claim = reference["claimData"].as_object_mut().unwrap();
        claim.insert("more".to_owned(), json!("x".repeat(10 << 20)));
    });
    let before = resident();
    let untold = Payload { external_sizes: vec![], ..large.clone() };
    let kind = ErrorKind::LimitExceeded(Limit::Payload);
    scene.refused(untold, kind, "8388608", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: bucket `temporal-payloads`, key `v0/large`: the object has 8,388,608 bytes, but at most 1,048,576 are read
    "#]]).await;
    scene.refused(large, kind, "8388608", &expect![[r#"
        stage `storage aws.s3driver`, decoding payload 0, plugin `s3`: bucket `temporal-payloads`, key `v0/large`: the object has 8,388,608 bytes, but at most 1,027 are read
    "#]]).await;
    for _ in 0..20 {
        scene.refused(bloated.clone(), ErrorKind::Malformed, "64 KiB", &expect![[r#"
            stage `storage`, decoding payload 0: a reference to a stored payload cannot be read: it is larger than 64 KiB
        "#]]).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
}

/// Bytes of this process in memory. Other tests run beside, so that only much more than they use shows.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_shows_who_wrote_it() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory(OWN));
    let pipeline = async |policy: Option<ClaimPolicy>| {
        let driver = bucket_driver("s3", &bucket, &[]).await;
        let mut offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
        if let Some(policy) = policy {
            offload = offload.with_claim_proofs(ring(), policy);
        }
        cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
    };
    let [off, write, require] = [
        pipeline(None).await,
        pipeline(Some(ClaimPolicy::Write)).await,
        pipeline(Some(ClaimPolicy::Require)).await,
    ];
    let sent = vec![plain("x")];
    let bare = off.encode(&ctx(), sent.clone()).await.unwrap();
    let proven = write.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(proven, require.encode(&ctx(), sent.clone()).await.unwrap(), "not repeatable");
    for pipeline in [&off, &write, &require] {
        assert_eq!(pipeline.decode(&ctx(), proven.clone()).await.unwrap(), sent);
    }
    assert_eq!(write.decode(&ctx(), bare.clone()).await.unwrap(), sent);
    let error = require.decode(&ctx(), bare).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");

    let reference: Value = serde_json::from_slice(&proven[0].data).unwrap();
    let names = reference["claimData"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        let mut changed = reference.clone();
        let value = changed["claimData"][&name].as_str().unwrap().to_owned();
        let flipped = match value.strip_suffix('0') {
            Some(start) => format!("{start}1"),
            None => format!("{}0", &value[..value.len() - 1]),
        };
        changed["claimData"][&name] = json!(flipped);
        let changed = Payload { data: changed.to_string().into(), ..proven[0].clone() };
        let error = write.decode(&ctx(), vec![changed]).await.unwrap_err();
        let kinds = [ErrorKind::Denied, ErrorKind::Malformed];
        assert!(kinds.contains(&error.kind()), "{name}: {error}");
    }
    let resized = Payload { external_sizes: vec![7], ..proven[0].clone() };
    assert_eq!(write.decode(&ctx(), vec![resized]).await.unwrap_err().kind(), ErrorKind::Corrupt);
}

/// Remembers how much was asked for at most.
struct Noting(ObjectBucket, std::sync::atomic::AtomicU64);

impl Bucket for Noting {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<bytes::Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, Error>> {
        self.0.put(key, body, mode)
    }

    fn get<'a>(&'a self, key: &'a str, most: u64) -> BoxFuture<'a, Result<bytes::Bytes, Error>> {
        self.1.store(most, Ordering::SeqCst);
        self.0.get(key, most)
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, Error>> {
        self.0.size(key)
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        self.0.remove(key)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        self.0.list(prefix, after)
    }
}

/// A driver asks for any size; the store is asked for no more than was told, or is allowed.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_asked_for_no_more_than_was_told() {
    let bucket = Arc::new(Noting(ObjectBucket::memory(OWN), 0.into()));
    let driver = bucket_driver("s3", &(bucket.clone() as Arc<dyn Bucket>), &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    let offload =
        offload.with_max_object_size(ByteSize::mib(1)).with_memory_cache(ByteSize::bytes(0));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let kept = pipeline.encode(&ctx(), vec![plain(noise(1000))]).await.unwrap().remove(0);
    let untold = Payload { external_sizes: vec![], ..kept.clone() };
    for (reference, most) in [(kept.clone(), kept.external_sizes[0] as u64), (untold, 1 << 20)] {
        pipeline.decode(&ctx(), vec![reference]).await.unwrap();
        assert_eq!(bucket.1.load(Ordering::SeqCst), most);
    }
}

/// Two grants of what the store calls alike, each for its part: a claim is read by whichever allows it.
#[tokio::test(flavor = "multi_thread")]
async fn every_grant_of_a_bucket_counts() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory(OWN));
    let grants = cloakroom::plugin::Grants::none()
        .with_bucket("a", bucket.clone(), BucketAccess::whole().with_prefix("old/").read_only())
        .with_bucket("b", bucket.clone(), BucketAccess::whole().with_prefix("v0/"));
    let source = cloakroom::plugin::bundled("s3").unwrap();
    let host = cloakroom_tests::host(cloakroom::plugin::Limits::default());
    let plugin = host.load(source, grants).await.unwrap();
    let settings = cloakroom::plugin::Settings::none().with_setting("bucket", "b");
    let driver = plugin.driver(settings, cloakroom::plugin::Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let sent = vec![plain(noise(1000))];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent);
    let at = |key: &str| {
        let mut reference: Value = serde_json::from_slice(&kept[0].data).unwrap();
        reference["claimData"]["key"] = json!(key);
        vec![Payload { data: reference.to_string().into(), ..kept[0].clone() }]
    };
    let object = vec![sent[0].envelope().to_bytes()];
    for key in ["old/x", "secret"] {
        bucket.put(key, object.clone(), PutMode::Create).await.unwrap();
    }
    assert_eq!(pipeline.decode(&ctx(), at("old/x")).await.unwrap(), sent);
    let error = pipeline.decode(&ctx(), at("secret")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
}
