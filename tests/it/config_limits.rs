//! Limits of storage: nothing is stored that could not be read back, and a threshold above
//! Temporal's own limit is warned about.

use std::sync::Arc;

use cloakroom::{
    ByteSize, CloakroomBuilder, ErrorKind, Limit, Pipeline,
    pipeline::PipelineError,
    storage::{Bucket, ObjectBucket, Offload},
};
use cloakroom_tests::{assert_text, bucket_driver, compile_cache, ctx, noise, plain};
use expect_test::expect;

async fn build(
    bucket: &Arc<dyn Bucket>,
    threshold: ByteSize,
    largest: ByteSize,
) -> Result<Pipeline, PipelineError> {
    let driver = bucket_driver("s3", bucket, &[]).await;
    let offload = Offload::new(threshold).with_driver("d", driver).with_max_object_size(largest);
    cloakroom_tests::pipeline().with_offload(offload).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_above_the_largest_object_does_not_build() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let (threshold, largest) = (ByteSize::kib(256), ByteSize::kib(64));
    let error = build(&bucket, threshold, largest).await.map(drop).unwrap_err();
    assert_eq!(error, PipelineError::NeverRead { threshold, largest });
    assert_text(
        &error.to_string(),
        &["256KiB", "64KiB"],
        &expect![[r#"
            payloads are stored from 256KiB on (`Offload::new`), and objects above 64KiB are not read back: raise `Offload::with_max_object_size`, or lower the threshold
        "#]],
    );
    build(&bucket, largest, largest).await.unwrap();
    // What only reads stores nothing, whatever the threshold says.
    let reads = Offload::new(threshold).with_max_object_size(largest);
    let reads = reads.with_read_driver("d", bucket_driver("s3", &bucket, &[]).await);
    cloakroom_tests::pipeline().with_offload(reads).build().unwrap();
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
    assert_text(
        &error.to_string(),
        &["64KiB"],
        &expect![[r#"
            stage `storage d`, encoding payload 1: the encoded payload has 65564 bytes, and no object above 64KiB is read back: raise the limit, or pass less at once (`Offload::with_max_object_size`)
        "#]],
    );
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
    let cloakroom = CloakroomBuilder::text(text).with_cache(compile_cache()).open().await.unwrap();
    let error = cloakroom.encode(&ctx(), vec![plain(noise(1 << 20))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{error}");
    assert_text(
        &error.to_string(),
        &["`limits.output`", "1MiB"],
        &expect![[r#"
            stage `storage d`, encoding payload 0, plugin `file`: the object is 1048604 bytes, and a plugin returns at most 1MiB: raise it, or pass less at once (`limits.output`)
        "#]],
    );
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
    let check = CloakroomBuilder::text(text).with_cache(compile_cache()).check().await.unwrap();
    check.report().warnings.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_above_what_temporal_takes_is_warned_about() {
    let [warning] = &*warnings(CONFIG).await else { panic!("not warned about") };
    let facts = ["configuration, line 3", "`threshold` is 2049KiB", "2097152"];
    assert_text(
        warning,
        &facts,
        &expect![[r#"
            configuration, line 3: `threshold` is 2049KiB, and Temporal takes at most 2097152 bytes a field: payloads between the two are refused instead of stored; lower `threshold`
        "#]],
    );
    assert_eq!(warnings(&CONFIG.replace("2049KiB", "2MiB")).await, [""; 0]);
    // A server that was configured to take more, or all.
    let more = |field: &str| format!("{CONFIG}[temporal]\nfield = \"{field}\"\n");
    assert_eq!(warnings(&more("3MiB")).await, [""; 0]);
    // 95 % of a message of 4 MiB is less than 4 MiB, whatever the field.
    let nearly = more("0B").replace("2049KiB", "4MiB");
    assert_text(
        &warnings(&nearly).await[0],
        &["3984588"],
        &expect![[r#"
            configuration, line 3: `threshold` is 4MiB, and Temporal takes at most 3984588 bytes a field: payloads between the two are refused instead of stored; lower `threshold`
        "#]],
    );
    let unlimited = format!("{nearly}message = \"0B\"\n");
    assert_eq!(warnings(&unlimited).await, [""; 0]);
}
