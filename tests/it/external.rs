//! External storage beside Temporal's own SDKs: what either stores, the other reads.

use std::sync::Arc;

use cloakroom::{
    ByteSize, Context, Payload, Pipeline, Stage,
    pipeline::Kind,
    plugin::{Reuse, Settings},
    storage::{Bucket, Offload},
};
use cloakroom_tests::{bucket_driver, bundled, chain, host, noise, plain, rigs, text};
use serde_json::{Value, json};

use crate::{
    gcs, s3,
    scripts::{self, from_json, to_json},
};

/// One store, as Cloakroom and as the SDK's driver know it.
struct Store {
    driver: &'static str,
    name: &'static str,
    bucket: Arc<dyn Bucket>,
    endpoint: String,
}

fn s3(name: &str) -> Store {
    let bucket = Arc::new(s3::moto(name));
    Store { driver: "s3", name: "aws.s3driver", bucket, endpoint: rigs::moto().url() }
}

fn gcs() -> Store {
    let (bucket, endpoint) = (Arc::new(gcs::bucket()), rigs::fake_gcs().url());
    Store { driver: "gcs", name: "gcp.gcsdriver", bucket, endpoint }
}

impl Store {
    async fn pipeline(&self, stages: &[&str]) -> Pipeline {
        let host = host(cloakroom::plugin::Limits::default());
        let mut builder = cloakroom_tests::pipeline();
        for name in stages {
            let codec = bundled(&host, name, Settings::none(), Reuse::Fresh).await;
            builder = builder.with_stage(Stage::new(name, codec));
        }
        let driver = bucket_driver(self.driver, &self.bucket, &[]).await;
        let offload = Offload::new(ByteSize::bytes(0)).with_driver(self.name, driver);
        // What is read is to come from the store.
        builder.with_offload(offload.with_memory_cache(ByteSize::bytes(0))).build().unwrap()
    }

    fn request(&self, op: &str, ctx: &Context, payloads: &[Payload]) -> Value {
        json!({
            "op": op,
            "driver": self.driver,
            "endpoint": self.endpoint,
            "bucket": self.bucket.name(),
            "threshold": 0,
            "context": ctx.kind().map(|kind| json!({
                "kind": kind.as_str(),
                "namespace": ctx.namespace_name(),
                "id": ctx.id(),
                "type": ctx.type_name(),
                "run_id": ctx.run_id(),
            })),
            "payloads": payloads.iter().map(to_json).collect::<Vec<_>>(),
        })
    }
}

fn payloads(answer: &Value) -> Vec<Payload> {
    assert!(answer["error"].is_null(), "{}", answer["error"]);
    answer["payloads"].as_array().unwrap().iter().map(from_json).collect()
}

/// Returns the claim as this SDK writes it: without the second name of an object in Cloud Storage.
fn claim(reference: &Payload) -> Value {
    let mut claim = serde_json::from_slice::<Value>(&reference.data).unwrap()["claimData"].take();
    if claim["object_name"].is_string() {
        claim.as_object_mut().unwrap().remove("key");
    }
    claim
}

/// Returns the metadata without the mark, which this version of the SDK does not write on references in
/// the clear. Its specification has it.
fn unmarked(reference: &Payload) -> Payload {
    let mut unmarked = reference.clone();
    let mark = unmarked.metadata.remove("__temporal_external_storage_reference");
    assert_eq!(mark.unwrap(), "true");
    unmarked
}

fn sent() -> Vec<Payload> {
    vec![
        plain("\"hi\""),
        plain(noise(3 << 20)),
        Payload::new("binary/plain", noise(300_000)),
        plain(text(5000)).with_metadata("messageType", "a.B"),
        Payload::default(),
    ]
}

fn contexts() -> Vec<Context> {
    let of = |namespace: &str, kind, id: &str, type_name: &str, run| {
        Context::namespace(namespace).with_target(kind, id, type_name, run)
    };
    vec![
        Context::none(),
        of("default", Kind::Workflow, "w-1", "Charge", Some("0a1b")),
        of("payments prod", Kind::Workflow, "order+123=a/b~ü", "Charge", None),
        of("n", Kind::Activity, "activity id+42", "Capture/Charge", None),
        of("日本", Kind::Workflow, "#[x]*?:\"<>|%20", "T(1)!'", Some("r")),
        of("n", Kind::Workflow, "", "", None),
        of("n s", Kind::Workflow, &"x".repeat(1024), "T", None),
        of("n", Kind::Workflow, &"ü".repeat(300), "T", None),
    ]
}

/// Both ways, and into the same objects.
async fn meets_python(store: &Store, contexts: Vec<Context>) {
    let pipeline = store.pipeline(&[]).await;
    for ctx in contexts {
        let ours = pipeline.encode(&ctx, sent()).await.map_err(|error| chain(&error)).unwrap();
        let read = scripts::python("external.py", &store.request("retrieve", &ctx, &ours));
        assert!(payloads(&read) == sent(), "the SDK reads something else: {ctx:?}");
        let theirs =
            payloads(&scripts::python("external.py", &store.request("store", &ctx, &sent())));
        let read = pipeline.decode(&ctx, theirs.clone()).await;
        assert!(read.map_err(|error| chain(&error)).unwrap() == sent(), "{ctx:?}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            // A message's metadata has no order that its SDK keeps.
            if ours.external_sizes == theirs.external_sizes && claim(ours) == claim(theirs) {
                // Python writes what is not ASCII in another way.
                let has_second_name = store.driver == "gcs";
                let is_same = ours.data == theirs.data || !ours.data.is_ascii();
                assert!(is_same || has_second_name, "{ctx:?}");
                assert_eq!(unmarked(ours).metadata, theirs.metadata, "{ctx:?}");
            } else {
                let (ours, theirs) = (claim(ours), claim(theirs));
                assert_ne!(ours["hash_value"], theirs["hash_value"], "{ours} {theirs}");
            }
        }
        let alike = ours.iter().zip(&theirs).filter(|(ours, theirs)| claim(ours) == claim(theirs));
        assert!(
            alike.count() >= 4,
            "other keys: {ctx:?}: {} {}",
            claim(&ours[0]),
            claim(&theirs[0])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_s3() {
    meets_python(&s3("python"), contexts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_gcs() {
    meets_python(&gcs(), contexts()).await;
}

/// References of the Python SDK are read: to objects that its codec encoded, encoded themselves as
/// a later version will write them, and in the legacy format.
#[tokio::test(flavor = "multi_thread")]
async fn python_other_references_s3() {
    let store = s3("others");
    let pipeline = store.pipeline(&["zlib"]).await;
    let ctx = contexts().remove(1);
    for (flag, expect) in [
        ("codec", "json/protobuf"),
        ("marked", "binary/zlib"),
        ("legacy", "json/external-storage-reference"),
    ] {
        let mut request = store.request("store", &ctx, &sent());
        request["codec"] = json!("zlib");
        if flag != "codec" {
            request[flag] = json!(true);
        }
        let theirs = payloads(&scripts::python("external.py", &request));
        assert_eq!(theirs[0].encoding(), Some(expect), "{flag}");
        let read = pipeline.decode(&ctx, theirs).await;
        assert!(read.map_err(|error| chain(&error)).unwrap() == sent(), "{flag}");
    }
    // And the other way round.
    let ours = pipeline.encode(&ctx, sent()).await.unwrap();
    let mut request = store.request("retrieve", &ctx, &ours);
    request["codec"] = json!("zlib");
    assert!(payloads(&scripts::python("external.py", &request)) == sent());
}

/// The published package spells its claims in another way, and reads no other. Cloakroom reads its
/// objects, and writes under the same keys. The package will read Cloakroom's in its next version.
#[tokio::test(flavor = "multi_thread")]
async fn node_s3() {
    let store = s3("node");
    let pipeline = store.pipeline(&[]).await;
    for ctx in &contexts()[..5] {
        let theirs =
            payloads(&scripts::node("external.mjs", &store.request("store", ctx, &sent())));
        assert!(claim(&theirs[0])["hashValue"].is_string(), "it has changed: read ours too");
        let read = pipeline.decode(ctx, theirs.clone()).await;
        assert!(read.map_err(|error| chain(&error)).unwrap() == sent(), "{ctx:?}");
        let ours = pipeline.encode(ctx, sent()).await.unwrap();
        assert_eq!(claim(&ours[0])["key"], claim(&theirs[0])["key"]);
        let read = scripts::node("external.mjs", &store.request("retrieve", ctx, &ours));
        assert!(read["error"].is_string(), "it reads ours: {read}");
    }
}
