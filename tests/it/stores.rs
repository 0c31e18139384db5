//! What every bucket must do, whatever its store. The stores' own modules call this.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom::{
    Context, ErrorKind, Limit, Payload, Pipeline,
    pipeline::Kind,
    storage::{Bucket, BucketUrl, ObjectBucket, Offload, PutMode, PutOutcome},
};
use cloakroom_tests::{bucket_driver, noise, plain};

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
    let offload = Offload::above(cloakroom::ByteSize::bytes(0)).to("d", driver);
    let offload = offload.memory_cache(cloakroom::ByteSize::bytes(0));
    let pipeline = Pipeline::builder().offload(offload).build().unwrap();
    let ctx = Context::namespace("payments prod").target(Kind::Workflow, "a/b ü%20", "T", None);
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
    for (url, settings, expect) in [
        ("", &[][..], "no place for a bucket"),
        ("ftp://x", &[], "no place for a bucket"),
        ("s3://", &[], "s3://BUCKET"),
        ("s3://a/b", &[], "s3://BUCKET"),
        ("memory:x", &[("region", "x")], "no settings"),
        ("s3://a", &[("access_key_id", "s3cr3t")], "one half of its credentials"),
        ("s3://a", &[("regoin", "x")], "unknown setting `regoin`"),
        ("s3://a", &[("allow_http", "s3cr3t")], "do not fit"),
        ("file:/proc/none/x", &[], "cannot be used"),
    ] {
        let mut place = BucketUrl::new(url);
        for (name, value) in settings {
            place = place.set(name, *value);
        }
        let error = place.open().unwrap_err();
        let says = cloakroom_tests::chain(&error);
        assert_eq!(error.kind(), ErrorKind::Config, "{says}");
        assert!(says.contains(expect) && !says.contains("s3cr3t"), "{says}");
        assert!(!format!("{place:?}").contains("s3cr3t"));
    }
}
