//! Guests in another language than ours, built by its own toolchain.

use std::{
    num::NonZeroUsize,
    path::Path,
    process::Command,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Stage,
    plugin::{CodeLimits, CodeSize, Grants, Host, Limits, Reuse, Settings, Source},
    storage::{Bucket, BucketAccess, ObjectBucket, Offload},
};
use cloakroom_tests::{assert_text, chain, compile_cache, ctx, noise, plain};
use expect_test::expect;

/// Builds what lies in a folder of `tests/python` for a world of the contract.
pub fn component(folder: &str, world: &str) -> Bytes {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = tempfile::tempdir().unwrap();
    let wasm = built.path().join("guest.wasm");
    let built = Command::new(cloakroom_tests::program("componentize-py"))
        .arg("--wit-path")
        .arg(tests.join("../wit/v0.1"))
        .args(["--world", world, "componentize", "--stub-wasi", "--python-path"])
        .arg(tests.join("python").join(folder))
        .args(["app", "--output"])
        .arg(&wasm)
        .output()
        .expect("componentize-py");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::read(wasm).unwrap().into()
}

fn host(instances: usize) -> Host {
    let limits = Limits {
        instances: NonZeroUsize::new(instances).unwrap(),
        time: Duration::from_secs(60),
        // Such a guest is compiled for half a minute on a machine that has nothing else to do.
        load: Duration::from_secs(3600),
        ..Limits::default()
    };
    Host::builder().with_limits(limits).with_cache(compile_cache()).build().unwrap()
}

fn codec() -> Bytes {
    static CODEC: OnceLock<Bytes> = OnceLock::new();
    CODEC.get_or_init(|| component("codec_guest", "compressor")).clone()
}

/// Such a guest is some forty modules and starts with megabytes: as many run at once as may.
#[tokio::test(flavor = "multi_thread")]
async fn a_codec_in_python() {
    for reuse in [Reuse::Fresh, Reuse::Warm] {
        CodeSize::measure(&codec()).and_then(|size| size.check(&CodeLimits::default())).unwrap();
        let source = Source::bytes("python", codec());
        let plugin = host(4).load(source, Grants::none()).await.map_err(|error| chain(&error));
        let codec = plugin.unwrap().codec(Settings::none(), reuse).await.unwrap();
        let pipeline =
            cloakroom_tests::pipeline().with_stage(Stage::new("python", codec)).build().unwrap();
        let sent: Vec<_> = (0..11).map(|n| plain(noise(n * 10_000))).collect();
        for _ in 0..2 {
            let encoded = pipeline.encode(&ctx(), sent.clone()).await;
            let encoded = encoded.map_err(|error| chain(&error)).unwrap();
            for (encoded, sent) in encoded.iter().zip(&sent) {
                let turned: Vec<u8> = encoded.data.iter().rev().copied().collect();
                assert_eq!(turned, sent.envelope().to_bytes());
            }
            assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), sent);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_in_python() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let grants = Grants::none().with_bucket(
        "b",
        bucket.clone(),
        BucketAccess::whole().with_prefix("payments prod/"),
    );
    let source = Source::bytes("python", component("driver_guest", "storage"));
    let plugin = host(4).load(source, grants).await.map_err(|error| chain(&error)).unwrap();
    let error = plugin.driver(Settings::none(), Reuse::Fresh).await.unwrap_err();
    assert_text(
        &chain(&error),
        &["`bucket`"],
        &expect![[r#"
            plugin `python`: setting `bucket` is needed
        "#]],
    );
    let driver =
        plugin.driver(Settings::none().with_setting("bucket", "b"), Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::kib(1)).with_driver("python", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let sent: Vec<_> = (0..11).map(|n| plain(noise(n * 10_000))).collect();
    let kept = pipeline.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(bucket.list("", None).await.unwrap().len(), 10);
    assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent);
    for key in bucket.list("", None).await.unwrap() {
        bucket.remove(&key).await.unwrap();
    }
    let error = pipeline.decode(&ctx(), kept).await.unwrap_err();
    assert_eq!(error.kind(), cloakroom::ErrorKind::NotFound, "{}", chain(&error));
}
