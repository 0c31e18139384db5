//! A namespace with history gets encryption: `required = "encode"`.

use std::fs;

use cloakroom::{
    CloakroomBuilder, Context, ErrorKind, Payload, Pipeline, Stage, metric,
    pipeline::PipelineError,
    plugin::{Limits, Reuse, Settings},
};
use cloakroom_tests::{KEY, assert_text, bundled, chain, compile_cache, ctx, host, plain, text};
use expect_test::expect;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::native_codecs::{Native, leaving};

async fn stage(name: &str) -> Stage {
    Stage::new(name, bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await)
}

/// A pipeline that encrypts, in a namespace whose histories are older than that.
async fn adopting() -> Pipeline {
    let aes = stage("aes-gcm").await.required_to_encode();
    cloakroom_tests::pipeline().with_stage(stage("zstd").await).with_stage(aes).build().unwrap()
}

/// Returns the pipeline of such a namespace after the migration: decoding refuses plaintext.
async fn adopted() -> Pipeline {
    let aes = stage("aes-gcm").await.required();
    cloakroom_tests::pipeline().with_stage(stage("zstd").await).with_stage(aes).build().unwrap()
}

/// Records on this thread alone, while it lives.
fn record() -> Snapshotter {
    let recorder = Box::leak(Box::new(DebuggingRecorder::new()));
    std::mem::forget(metrics::set_default_local_recorder(recorder));
    recorder.snapshotter()
}

/// Returns the number of payloads that passed unsealed since the last call, by namespace.
fn counted(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    let plaintext = all.filter(|(key, ..)| key.key().name() == metric::PLAINTEXT);
    plaintext
        .filter_map(|(key, _, _, value)| {
            let namespace = key.key().labels().next().unwrap().value().to_owned();
            match value {
                DebugValue::Counter(0) => None,
                DebugValue::Counter(count) => Some((namespace, count)),
                other => panic!("{other:?}"),
            }
        })
        .collect()
}

/// On one thread, since the recorder is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn old_plaintext_passes_and_is_counted_by_namespace() {
    let (before, after) = (adopting().await, adopted().await);
    let snapshotter = record();
    let old = vec![plain("an old memo"), Payload::default(), Payload::new("binary/null", "")];
    assert_eq!(before.decode(&ctx(), old.clone()).await.unwrap(), old);
    assert_eq!(counted(&snapshotter), [("payments prod".to_owned(), 3)]);
    let unknown = Context::none();
    assert_eq!(before.decode(&unknown, old.clone()).await.unwrap(), old);
    assert_eq!(counted(&snapshotter), [(String::new(), 3)]);
    let error = after.decode(&ctx(), old).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed, "{error}");
    assert_text(
        &chain(&error),
        &["`Stage::required_to_encode`"],
        &expect![[r#"
            stage `aes-gcm`, decoding payload 0: the payload arrived unsealed, and this stage is required: if it was written before this stage was there, let such payloads pass (`Stage::required_to_encode`)
        "#]],
    );
    assert_eq!(counted(&snapshotter), []);
}

/// The mode lets plaintext pass, so forged plaintext passes too. The documentation warns of that.
#[tokio::test(flavor = "current_thread")]
async fn forged_plaintext_passes_too_and_the_docs_say_so() {
    let pipeline = adopting().await;
    let sealed = pipeline.encode(&ctx(), vec![plain("pay 10 to Ann")]).await.unwrap();
    assert_eq!(sealed[0].encoding(), Some("binary/sealed"));
    let forged = vec![plain("pay 9000 to Eve")];
    assert_eq!(pipeline.decode(&ctx(), forged.clone()).await.unwrap(), forged);
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/docs/rollout.md");
    let docs = fs::read_to_string(docs).unwrap();
    assert!(docs.contains("forge") && docs.contains(metric::PLAINTEXT), "{docs}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_forged_encoding_is_refused_and_not_counted() {
    let pipeline = adopting().await;
    let snapshotter = record();
    for encoding in ["binary/sealed", "binary/zstd"] {
        let forged = Payload::new(encoding, "not what it says");
        let error = pipeline.decode(&ctx(), vec![forged]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{encoding}: {}", chain(&error));
    }
    let sealed = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap();
    let elsewhere = Context::namespace("another");
    assert!(pipeline.decode(&elsewhere, sealed.clone()).await.is_err());
    assert_eq!(counted(&snapshotter), []);
    assert_eq!(pipeline.decode(&ctx(), sealed).await.unwrap(), [plain("x")]);
    assert_eq!(counted(&snapshotter), [], "what was sealed is no plaintext");
}

/// A history from before the encryption was compressed already.
#[tokio::test(flavor = "current_thread")]
async fn a_payload_of_an_old_stage_is_opened_and_counted() {
    let old = cloakroom_tests::pipeline().with_stage(stage("zstd").await).build().unwrap();
    let sent = vec![plain(text(10_000))];
    let compressed = old.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(compressed[0].encoding(), Some("binary/zstd"));
    let snapshotter = record();
    assert_eq!(adopting().await.decode(&ctx(), compressed.clone()).await.unwrap(), sent);
    assert_eq!(counted(&snapshotter), [("payments prod".to_owned(), 1)]);
    assert!(adopted().await.decode(&ctx(), compressed).await.is_err());
}

#[tokio::test]
async fn encoding_refuses_what_would_stay_plaintext() {
    let stage = |required: fn(Stage) -> Stage| {
        cloakroom_tests::pipeline()
            .with_stage(required(Stage::new("cipher", leaving("small"))))
            .build()
            .unwrap()
    };
    for required in [Stage::required, Stage::required_to_encode] {
        let error = stage(required).encode(&ctx(), vec![plain("small")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsealed, "{error}");
    }
}

#[tokio::test]
async fn it_is_for_stages_that_encrypt() {
    let codec = Native::faithful();
    let built = cloakroom_tests::pipeline()
        .with_stage(Stage::new("own", codec).required_to_encode())
        .build();
    assert_eq!(built.map(drop).unwrap_err(), PipelineError::RequiredUnsealed("own".to_owned()));
}

const CONFIG: &str = r#"
[[stage]]
plugin = "bundled:aes-gcm"
required = "encode"
settings = { ring = "payments" }
grants.keys = ["payments"]
[storage]
sealed = true
[[storage.driver]]
name = "d"
plugin = "bundled:file"
settings = { bucket = "b" }
grants.buckets = ["b"]
[buckets.b]
url = "memory:b"
[keys.payments]
current = "k"
material = { k = { file = "key" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_may_ask_for_it_and_is_warned() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), KEY).unwrap();
    let opening = |text: &str| {
        let path = folder.path().join("cloakroom.toml");
        fs::write(&path, text).unwrap();
        CloakroomBuilder::file(path).with_cache(compile_cache())
    };
    let cloakroom = opening(CONFIG).open().await.map_err(|error| chain(&error)).unwrap();
    assert_eq!(cloakroom.decode(&ctx(), vec![plain("old")]).await.unwrap(), [plain("old")]);
    let sealed = cloakroom.encode(&ctx(), vec![plain("new")]).await.unwrap();
    assert_eq!(sealed[0].encoding(), Some("binary/sealed"));

    let check = opening(CONFIG).check().await.unwrap();
    let [warning] = &*check.report().warnings else { panic!("{:?}", check.report()) };
    let facts = ["cloakroom.toml, line 4", "`aes-gcm`", metric::PLAINTEXT, "true"];
    assert_text(
        warning,
        &facts,
        &expect![[r#"
            [folder]/cloakroom.toml, line 4: stage `aes-gcm` has `required = "encode"`: decoding accepts plaintext, which whoever can write into a history can forge; switch to `required = true` when `cloakroom_plaintext_total` has not risen for as long as histories are kept (host/docs/rollout.md)
        "#]],
    );
    let strict = CONFIG.replace("\"encode\"", "true");
    assert_eq!(opening(&strict).check().await.unwrap().report().warnings, [""; 0]);
}
