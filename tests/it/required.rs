//! A payload that only looks like a reference does not bypass a required stage.

use std::sync::Arc;

use cloakroom::{
    ByteSize, ErrorKind, Payload, Pipeline, Stage,
    pipeline::PipelineBuilder,
    plugin::{Limits, Reuse, Settings},
    storage::{Bucket, ClaimPolicy, ObjectBucket, Offload},
};
use cloakroom_tests::{bucket_driver, bundled, chain, ctx, host, noise, plain, ring};
use serde_json::{Value, json};

const MARKER: &str = "__temporal_external_storage_reference";
const CANARY: &str = "canary-77ab";

async fn stage(name: &str) -> Stage {
    Stage::new(name, bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await)
}

pub(crate) async fn stages() -> PipelineBuilder {
    cloakroom_tests::pipeline()
        .with_stage(stage("zstd").await)
        .with_stage(stage("aes-gcm").await.required())
}

pub(crate) async fn offload(bucket: &Arc<dyn Bucket>) -> Offload {
    let driver = bucket_driver("s3", bucket, &[]).await;
    Offload::new(ByteSize::kib(64)).with_driver("aws.s3driver", driver)
}

pub(crate) fn memory() -> Arc<dyn Bucket> {
    Arc::new(ObjectBucket::memory("temporal-payloads"))
}

struct Scene {
    pipeline: Pipeline,
    /// The payload that `good` stands for.
    sent: Payload,
    /// A reference that is good, in the clear.
    good: Payload,
    /// The same, encoded and marked.
    marked: Payload,
}

async fn scene(claims: Option<ClaimPolicy>) -> Scene {
    let bucket = memory();
    let with_claims = |offload: Offload| match claims {
        Some(policy) => offload.with_claim_proofs(ring(), policy),
        None => offload,
    };
    let clear = with_claims(offload(&bucket).await);
    let hidden = with_claims(offload(&bucket).await).with_encoded_references();
    let pipeline = stages().await.with_offload(clear).build().unwrap();
    let hiding = stages().await.with_offload(hidden).build().unwrap();
    let sent = plain(noise(100_000));
    let good = pipeline.encode(&ctx(), vec![sent.clone()]).await.unwrap().remove(0);
    let marked = hiding.encode(&ctx(), vec![sent.clone()]).await.unwrap().remove(0);
    Scene { pipeline, sent, good, marked }
}

pub(crate) fn holds(payload: &Payload, text: &str) -> bool {
    payload.envelope().to_bytes().windows(text.len()).any(|part| part == text.as_bytes())
}

impl Scene {
    fn with(&self, change: impl FnOnce(&mut Value)) -> Payload {
        let mut reference: Value = serde_json::from_slice(&self.good.data).unwrap();
        change(&mut reference);
        Payload { data: reference.to_string().into(), ..self.good.clone() }
    }

    /// It is sealed whole, and comes back as it was.
    async fn is_ordinary(&self, payload: Payload) {
        let sent = vec![payload];
        let sealed = self.pipeline.encode(&ctx(), sent.clone()).await;
        let sealed = sealed.unwrap_or_else(|error| panic!("{}: {sent:?}", chain(&error)));
        assert_eq!(sealed[0].encoding(), Some("binary/sealed"), "{:?}", sent[0].metadata);
        assert!(!holds(&sealed[0], CANARY), "{:?}", sent[0].metadata);
        assert_eq!(self.pipeline.decode(&ctx(), sealed).await.unwrap(), sent);
    }

    async fn passes(&self, payload: Payload) {
        let passed = self.pipeline.encode(&ctx(), vec![payload.clone()]).await.unwrap();
        assert_eq!(passed, [payload], "it was encoded");
        let decoded = self.pipeline.decode(&ctx(), passed).await.unwrap();
        assert_eq!(decoded, std::slice::from_ref(&self.sent));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_payload_passes_only_if_the_stages_decode_it_to_a_reference() {
    let scene = scene(None).await;
    scene.passes(scene.marked.clone()).await;
    scene.is_ordinary(plain(CANARY).with_metadata(MARKER, "true")).await;
    scene.is_ordinary(Payload::new("binary/protobuf", CANARY).with_metadata(MARKER, "true")).await;
    scene.is_ordinary(Payload::new("binary/sealed", CANARY).with_metadata(MARKER, "true")).await;
    scene.is_ordinary(Payload::new("binary/zstd", CANARY).with_metadata(MARKER, "true")).await;
    scene.is_ordinary(Payload::default().with_metadata(MARKER, "true")).await;
    // Sealed by us, and no reference.
    let sealed = scene.pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap().remove(0);
    scene.is_ordinary(sealed.with_metadata(MARKER, "true")).await;
    // A reference, but not sealed: the required stage is not in it.
    let zstd = cloakroom_tests::pipeline().with_stage(stage("zstd").await).build().unwrap();
    let long = scene.with(|reference| reference["claimData"]["note"] = json!(CANARY.repeat(99)));
    let long = Payload { metadata: plain("").metadata, ..long };
    for reference in [long, scene.good.clone()] {
        let external_sizes = reference.external_sizes.clone();
        let compressed = zstd.encode(&ctx(), vec![reference]).await.unwrap().remove(0);
        assert_eq!(compressed.encoding(), Some("binary/zstd"));
        let marked = Payload { external_sizes, ..compressed.with_metadata(MARKER, "true") };
        scene.is_ordinary(marked).await;
    }
}

/// Nothing rides along with a reference that passes.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_a_marked_reference_is_left_out() {
    let scene = scene(None).await;
    let laden = scene.marked.clone().with_metadata("note", CANARY);
    let encoded = scene.pipeline.encode(&ctx(), vec![laden]).await.unwrap();
    assert!(!holds(&encoded[0], CANARY));
    let decoded = scene.pipeline.decode(&ctx(), encoded).await.unwrap();
    assert_eq!(decoded, std::slice::from_ref(&scene.sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_passes_only_if_it_is_nothing_else() {
    let scene = scene(None).await;
    scene.passes(scene.good.clone()).await;
    scene.passes(scene.good.clone().with_metadata(MARKER, "true")).await;
    let claim = |name: &str, value: &str| {
        scene.with(|reference| reference["claimData"][name] = json!(value))
    };
    for other in [
        scene.good.clone().with_metadata("note", CANARY),
        scene.good.clone().with_metadata(MARKER, CANARY),
        Payload { data: CANARY.into(), ..scene.good.clone() },
        Payload { unknown: format!("\x22\x0b{CANARY}").into(), ..scene.good.clone() },
        Payload { external_sizes: vec![1, 2], ..scene.good.clone() },
        Payload { external_sizes: vec![i64::MAX], ..scene.good.clone() },
        scene.with(|reference| reference["note"] = json!(CANARY)),
        scene.with(|reference| reference["driverName"] = json!(CANARY)),
        claim("hash_value", CANARY),
        claim("note", &CANARY.repeat(2000)),
        scene.with(|reference| {
            let claim = reference["claimData"].as_object_mut().unwrap();
            claim.extend((0..61).map(|number| (format!("{CANARY} {number}"), json!(""))));
        }),
        claim("cloakroom_note", CANARY),
        claim("cloakroom_key", &CANARY.repeat(30)),
    ] {
        scene.is_ordinary(other).await;
    }
    let doubled = String::from_utf8(scene.good.data.to_vec()).unwrap();
    let doubled = doubled.replacen('{', &format!(r#"{{"driverName":"{CANARY}","#), 1);
    scene.is_ordinary(Payload { data: doubled.into(), ..scene.good.clone() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_proofs_are_required_a_reference_without_one_is_ordinary() {
    let (scene, bare) = (scene(Some(ClaimPolicy::Require)).await, scene(None).await.good);
    scene.passes(scene.good.clone()).await;
    scene.passes(scene.marked.clone()).await;
    scene.is_ordinary(bare).await;
    scene.is_ordinary(scene.with(|reference| reference["claimData"]["key"] = json!("v0/x"))).await;
}

/// Without storage no reference could be followed.
#[tokio::test(flavor = "multi_thread")]
async fn without_storage_every_reference_is_ordinary() {
    let scene = scene(None).await;
    let (good, marked) = (scene.good.clone(), scene.marked.clone());
    let scene = Scene { pipeline: stages().await.build().unwrap(), ..scene };
    scene.is_ordinary(good).await;
    scene.is_ordinary(marked).await;
}

/// Left as it is, decoding would take it for a reference: a codec that compresses changes it
/// although it gets no smaller.
#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_only_compresses_wraps_what_looks_like_a_reference() {
    let scene = scene(None).await;
    let zstd = cloakroom_tests::pipeline().with_stage(stage("zstd").await).build().unwrap();
    let sent = vec![scene.with(|reference| reference["driverName"] = json!("other"))];
    let encoded = zstd.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/zstd"));
    assert_eq!(zstd.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// A sealed look-alike is not followed when it is opened, unless a history says that it is a
/// reference; and then what it stands for must be sealed.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_look_alike_brings_no_plaintext_back() {
    let (bucket, scene) = (memory(), scene(None).await);
    let pipeline = stages().await.with_offload(offload(&bucket).await).build().unwrap();
    let object = plain(CANARY).envelope().to_bytes();
    bucket
        .put("v0/plain", vec![object.clone()], cloakroom::storage::PutMode::Create)
        .await
        .unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &object);
    let forged = scene.with(|reference| {
        reference["claimData"]["key"] = json!("v0/plain");
        reference["claimData"]["hash_value"] = json!(hex::encode(digest));
        // No reference as it is, but one that decoding would read.
        reference["note"] = json!("x");
    });
    let forged = Payload { external_sizes: vec![], ..forged };
    let sealed = pipeline.encode(&ctx(), vec![forged.clone()]).await.unwrap();
    let decoded = pipeline.decode(&ctx(), sealed.clone()).await.unwrap();
    assert_eq!(decoded, std::slice::from_ref(&forged));
    for reference in [sealed[0].clone().with_metadata(MARKER, "true"), forged] {
        let error = pipeline.decode(&ctx(), vec![reference]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsealed, "{}", chain(&error));
    }
}
