//! What is written must be readable: thresholds, largest objects, and what Temporal takes.

use std::sync::Arc;

use cloakroom::{
    ByteSize, CloakroomBuilder, ErrorKind, Limit, Pipeline,
    pipeline::PipelineError,
    storage::{Bucket, ObjectBucket, Offload},
};
use cloakroom_tests::{bucket_driver, compile_cache, ctx, noise, plain};

async fn build(
    bucket: &Arc<dyn Bucket>,
    threshold: ByteSize,
    largest: ByteSize,
) -> Result<Pipeline, PipelineError> {
    let driver = bucket_driver("s3", bucket, &[]).await;
    let offload = Offload::above(threshold).to("d", driver).largest_object(largest);
    Pipeline::builder().offload(offload).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_above_the_largest_object_does_not_build() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let (threshold, largest) = (ByteSize::kib(256), ByteSize::kib(64));
    let error = build(&bucket, threshold, largest).await.map(drop).unwrap_err();
    assert_eq!(error, PipelineError::NeverRead { threshold, largest });
    let text = error.to_string();
    assert!(text.contains("256KiB") && text.contains("64KiB"), "{text}");
    build(&bucket, largest, largest).await.unwrap();
    // What only reads stores nothing, whatever the threshold says.
    let reads = Offload::above(threshold).largest_object(largest);
    let reads = reads.from("d", bucket_driver("s3", &bucket, &[]).await);
    Pipeline::builder().offload(reads).build().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_to_be_read_back_is_not_stored() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let pipeline = build(&bucket, ByteSize::kib(1), ByteSize::kib(64)).await.unwrap();
    let fits = plain(noise(2000));
    let batch = vec![fits.clone(), plain(noise(64 << 10))];
    let error = pipeline.encode(&ctx(), batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{error}");
    assert_eq!(error.slot(), Some(1));
    let text = error.to_string();
    assert!(text.contains("`storage.largest`") && text.contains("64KiB"), "{text}");
    assert_eq!(bucket.list("", None).await.unwrap(), [""; 0], "another one was stored");
    let stored = pipeline.encode(&ctx(), vec![fits.clone()]).await.unwrap();
    assert_eq!(pipeline.decode(&ctx(), stored).await.unwrap(), [fits]);
}

/// A plugin's driver hands an object back within `limits.output`.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_call_could_hand_back_is_not_stored() {
    let text = r#"
        [limits]
        output = "1MiB"
        [storage]
        [[storage.driver]]
        name = "d"
        plugin = "bundled:file"
        settings = { bucket = "b" }
        grants.buckets = ["b"]
        [buckets.b]
        url = "memory:b"
    "#;
    let cloakroom = CloakroomBuilder::text(text).cache(compile_cache()).open().await.unwrap();
    let error = cloakroom.encode(&ctx(), vec![plain(noise(1 << 20))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{error}");
    let text = error.to_string();
    assert!(text.contains("`limits.output`") && text.contains("1MiB"), "{text}");
    let sent = vec![plain(noise(1 << 19))];
    let stored = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(cloakroom.decode(&ctx(), stored).await.unwrap(), sent);
}

const CONFIG: &str = r#"
[storage]
threshold = "2049KiB"
[[storage.driver]]
name = "d"
plugin = "bundled:file"
settings = { bucket = "b" }
grants.buckets = ["b"]
[buckets.b]
url = "memory:b"
"#;

async fn warnings(text: &str) -> Vec<String> {
    let check = CloakroomBuilder::text(text).cache(compile_cache()).check().await.unwrap();
    check.report().warnings.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_above_what_temporal_takes_is_warned_about() {
    let [warning] = &*warnings(CONFIG).await else { panic!("not warned about") };
    for says in ["configuration, line 3", "`threshold` is 2049KiB", "2097152 bytes"] {
        assert!(warning.contains(says), "{warning}");
    }
    assert_eq!(warnings(&CONFIG.replace("2049KiB", "2MiB")).await, [""; 0]);
    // A server that was configured to take more, or all.
    let more = |field: &str| format!("{CONFIG}[temporal]\nfield = \"{field}\"\n");
    assert_eq!(warnings(&more("3MiB")).await, [""; 0]);
    // 95 % of a message of 4 MiB is less than 4 MiB, whatever the field.
    let nearly = more("0B").replace("2049KiB", "4MiB");
    assert!(warnings(&nearly).await[0].contains("3984588 bytes"));
    let unlimited = format!("{nearly}message = \"0B\"\n");
    assert_eq!(warnings(&unlimited).await, [""; 0]);
}
