//! Requirements on every bucket, whatever its store. The stores' own modules call these functions.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom::{
    Context, ErrorKind, Limit, Payload,
    pipeline::Kind,
    storage::{Bucket, BucketUrl, ObjectBucket, Offload, PutMode, PutOutcome},
};
use cloakroom_tests::{assert_text, bucket_driver, noise, plain};
use expect_test::expect;

/// Whether a store leaves an object alone that is there, and among many writers lets one win.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Creates {
    Atomically,
    /// It leaves an object alone, but looks first and writes then: two at once may both win.
    OneByOne,
    /// It replaces what is there: with content-addressed keys, by the same bytes.
    Not,
}

pub async fn holds(bucket: &ObjectBucket, creates: Creates) {
    writes_and_reads(bucket).await;
    passes_names_through(bucket).await;
    bounds_what_is_read(bucket).await;
    match creates {
        Creates::Atomically => has_one_winner(bucket).await,
        Creates::OneByOne => leaves_alone(bucket).await,
        Creates::Not => {}
    }
}

async fn put(bucket: &ObjectBucket, key: &str, body: &Bytes) -> PutOutcome {
    bucket.put(key, vec![body.clone()], PutMode::Create).await.unwrap()
}

async fn writes_and_reads(bucket: &ObjectBucket) {
    assert_eq!(bucket.get("a/none", 9).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(bucket.size("a/none").await.unwrap(), None);
    let (whole, large) = (noise(100_000), noise(3 << 20));
    let parts = vec![whole.slice(..10), whole.slice(10..10), whole.slice(10..)];
    bucket.put("a/parts", parts, PutMode::Overwrite).await.unwrap();
    assert_eq!(bucket.get("a/parts", u64::MAX).await.unwrap(), whole);
    assert_eq!(put(bucket, "a/large", &large).await, PutOutcome::Written);
    assert_eq!(bucket.get("a/large", 3 << 20).await.unwrap(), large);
    assert_eq!(bucket.size("a/large").await.unwrap(), Some(3 << 20));
    let empty = Bytes::new();
    put(bucket, "a/empty", &empty).await;
    assert_eq!(bucket.get("a/empty", 0).await.unwrap(), empty);
    let listed = bucket.list("a/", None).await.unwrap();
    assert_eq!(listed, ["a/empty", "a/large", "a/parts"]);
    assert_eq!(bucket.list("a/", Some("a/empty")).await.unwrap(), ["a/large", "a/parts"]);
    bucket.remove("a/parts").await.unwrap();
    bucket.remove("a/parts").await.unwrap();
    assert_eq!(bucket.size("a/parts").await.unwrap(), None);
}

async fn passes_names_through(bucket: &ObjectBucket) {
    let names = ["n/a%20b", "n/a b", "n/ü~(x)!*'", "n/a+b=c&d", "n/100%", "n/%2E%2E", "n/a#b"];
    for (index, name) in names.iter().enumerate() {
        put(bucket, name, &Bytes::from(index.to_string())).await;
    }
    for (index, name) in names.iter().enumerate() {
        assert_eq!(bucket.get(name, 9).await.expect(name), index.to_string(), "{name}");
    }
    let mut listed = bucket.list("n/", None).await.unwrap();
    listed.sort();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(listed, names);
    for wrong in ["", "/a", "a/", "a//b", "a/../b", ".", "a/./b", "a\u{7}"] {
        let error = bucket.get(wrong, 9).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{wrong:?}: {error}");
    }
}

async fn bounds_what_is_read(bucket: &ObjectBucket) {
    put(bucket, "b/ten", &noise(10)).await;
    assert_eq!(bucket.get("b/ten", 10).await.unwrap().len(), 10);
    let error = bucket.get("b/ten", 9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{error}");
}

async fn leaves_alone(bucket: &ObjectBucket) {
    assert_eq!(put(bucket, "l/x", &"first".into()).await, PutOutcome::Written);
    assert_eq!(put(bucket, "l/x", &"other".into()).await, PutOutcome::AlreadyThere);
    assert_eq!(bucket.get("l/x", 9).await.unwrap(), "first");
}

async fn has_one_winner(bucket: &ObjectBucket) {
    for race in 0..3 {
        let key = format!("r/{race}");
        let racers = (0..16u8).map(|racer| {
            let (bucket, key) = (bucket.clone(), key.clone());
            tokio::spawn(async move {
                let body = Bytes::from(vec![racer; 10_000]);
                (racer, put(&bucket, &key, &body).await)
            })
        });
        let mut winners = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            if let (racer, PutOutcome::Written) = racer.await.unwrap() {
                winners.push(racer);
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(bucket.get(&key, 10_000).await.unwrap(), vec![winners[0]; 10_000]);
    }
}

/// Payloads leave by a bundled driver, and come back.
pub async fn carries(driver: &str, bucket: ObjectBucket) -> Vec<Payload> {
    let bucket: Arc<dyn Bucket> = Arc::new(bucket);
    let driver = bucket_driver(driver, &bucket, &[]).await;
    let offload = Offload::new(cloakroom::ByteSize::bytes(0)).with_driver("d", driver);
    let offload = offload.with_memory_cache(cloakroom::ByteSize::bytes(0));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let ctx =
        Context::namespace("payments prod").with_target(Kind::Workflow, "a/b ü%20", "T", None);
    let sent = vec![plain(noise(10)), plain(noise(3 << 20)), Payload::default()];
    let kept = pipeline.encode(&ctx, sent.clone()).await.unwrap();
    assert_eq!(pipeline.encode(&ctx, sent.clone()).await.unwrap(), kept, "not repeatable");
    assert_eq!(pipeline.decode(&Context::none(), kept.clone()).await.unwrap(), sent);
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let bucket = ObjectBucket::memory("m");
    holds(&bucket, Creates::Atomically).await;
    carries("s3", bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = BucketUrl::new(format!("file:{}", folder.path().join("new").display()));
    let bucket = place.open().unwrap();
    holds(&bucket, Creates::Atomically).await;
    let kept = carries("file", bucket).await;
    // A name too long for a file has its namespace left.
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    let key = reference["claimData"]["key"].as_str().unwrap();
    assert!(folder.path().join("new").join(key).is_file(), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_place_is_refused() {
    for (url, settings, snapshot) in [
        (
            "",
            &[][..],
            expect![[r#"
                unknown kind of bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, `gs://BUCKET` or `az://CONTAINER`
            "#]],
        ),
        (
            "ftp://x",
            &[],
            expect![[r#"
                unknown kind of bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, `gs://BUCKET` or `az://CONTAINER`
            "#]],
        ),
        (
            "s3://",
            &[],
            expect![[r#"
                the URL names no bucket or has a path: write `s3://BUCKET`, and limit the keys by the access that is granted
            "#]],
        ),
        (
            "s3://a/b",
            &[],
            expect![[r#"
                the URL names no bucket or has a path: write `s3://BUCKET`, and limit the keys by the access that is granted
            "#]],
        ),
        (
            "memory:x",
            &[("region", "x")],
            expect![[r#"
                a `memory:` bucket takes no settings: remove them
            "#]],
        ),
        (
            "s3://a",
            &[("access_key_id", "s3cr3t")],
            expect![[r#"
                only half of the credentials is set: set both `access_key_id` (or AWS_ACCESS_KEY_ID) and `secret_access_key` (or AWS_SECRET_ACCESS_KEY)
            "#]],
        ),
        (
            "s3://a",
            &[("regoin", "x")],
            expect![[r#"
                unknown setting `regoin`: the settings are those of the crate `object_store`
            "#]],
        ),
        (
            "s3://a",
            &[("allow_http", "s3cr3t")],
            expect![[r#"
                the settings contradict each other, or one of them is malformed
            "#]],
        ),
        (
            "file:/proc/none/x",
            &[],
            expect![[r#"
                cannot use folder `/proc/none/x`: No such file or directory (os error 2)
            "#]],
        ),
    ] {
        let mut place = BucketUrl::new(url);
        for (name, value) in settings {
            place = place.with_setting(name, *value);
        }
        let error = place.open().unwrap_err();
        let says = cloakroom_tests::chain(&error);
        assert_eq!(error.kind(), ErrorKind::Config, "{says}");
        assert_text(&says, &[], &snapshot);
        assert!(!says.contains("s3cr3t"), "{says}");
        assert!(!format!("{place:?}").contains("s3cr3t"));
    }
}
