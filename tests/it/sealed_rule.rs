//! The rule of required stages, for payloads as nobody would write them: encoding never emits a
//! body in plaintext, decoding never returns a body that no key opened, and what goes in comes out.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom::{
    Payload, Pipeline,
    storage::{Bucket, ClaimPolicy, TemporalReferences},
    temporal::SystemEnvelopes,
};
use cloakroom_tests::{chain, ctx, noise, plain, ring};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::required::{holds, memory, offload, stages};

const MARKER: &str = "__temporal_external_storage_reference";
const SYSTEM: &str = "__temporal_system_payload";
const REFERENCE: &str = "temporal.api.sdk.v1.ExternalStorageReference";
const REQUEST: &str = "temporal.api.workflowservice.v1.SignalWithStartWorkflowExecutionRequest";

struct Scene {
    pipeline: Pipeline,
    /// The payload that all good references stand for.
    stored: Payload,
    /// References and sealed payloads that are good.
    good: Vec<Payload>,
}

async fn scene(encode_references: bool, claims: Option<ClaimPolicy>) -> Scene {
    let bucket: Arc<dyn Bucket> = memory();
    let pipeline = async |encodes: bool| {
        let mut offload = offload(&bucket).await;
        if let Some(policy) = claims {
            offload = offload.with_claim_proofs(ring(), policy);
        }
        if encodes {
            offload = offload.with_encoded_references();
        }
        let stages = stages().await.with_envelopes(SystemEnvelopes::shared());
        stages.with_offload(offload).build().unwrap()
    };
    let stored = plain(noise(100_000));
    let mut good = Vec::new();
    for encodes in [false, true] {
        let batch = vec![stored.clone(), plain("small")];
        good.extend(pipeline(encodes).await.encode(&ctx(), batch).await.unwrap());
    }
    Scene { pipeline: pipeline(encode_references).await, stored, good }
}

/// An envelope with this payload as its input.
fn enveloped(payload: &Payload) -> Bytes {
    let field = |number: u8, bytes: &[u8]| {
        let mut length = bytes.len();
        let mut field = vec![number << 3 | 2];
        while length > 0x7f {
            field.push(length as u8 | 0x80);
            length >>= 7;
        }
        field.push(length as u8);
        [&field, bytes].concat()
    };
    let input = field(1, &payload.envelope().to_bytes());
    [field(1, b"payments prod"), field(5, &input)].concat().into()
}

/// Parts of a case; `canary` is in its body, unless the body is of a good payload.
#[derive(Clone, Debug)]
struct Recipe {
    /// A good payload to begin with.
    good: Option<usize>,
    body: usize,
    encoding: Option<&'static str>,
    message_type: Option<&'static str>,
    marker: Option<&'static str>,
    system: Option<&'static str>,
    more: bool,
    sizes: Vec<i64>,
}

impl Recipe {
    fn payload(&self, scene: &Scene, canary: &str) -> Payload {
        let good = self.good.map(|index| scene.good[index % scene.good.len()].clone());
        let is_new = good.is_none();
        let mut payload = good.unwrap_or_default();
        if is_new {
            let inner = plain(format!("\"{canary}\""));
            let claim = format!(
                r#"{{"bucket":"temporal-payloads","key":"{canary}","hash_algorithm":"sha256","hash_value":"{}"}}"#,
                "0".repeat(64)
            );
            payload.data = match self.body {
                0 => canary.to_owned().into(),
                1 => format!(r#"{{"driverName":"{canary}"}}"#).into(),
                2 => format!(r#"{{"driverName":"aws.s3driver","note":"{canary}"}}"#).into(),
                3 => format!(r#"{{"driverName":"aws.s3driver","claimData":{{"k":"{canary}"}}}}"#)
                    .into(),
                4 => inner.envelope().to_bytes(),
                5 => enveloped(&inner),
                6 => [enveloped(&inner), format!("\u{7a}\u{20}{canary}").into()].concat().into(),
                7 => format!("{canary}{}", "x".repeat(70_000)).into(),
                _ => format!(r#"{{"driverName":"aws.s3driver","claimData":{claim}}}"#)
                    .replace(canary, &canary.replace('c', "\u{5c}u0063"))
                    .into(),
            };
            payload.external_sizes = self.sizes.clone();
        }
        let entries = [
            ("encoding", self.encoding),
            ("messageType", self.message_type),
            (MARKER, self.marker),
            (SYSTEM, self.system),
        ];
        for (name, value) in entries {
            if let Some(value) = value {
                payload.metadata.insert(name.to_owned(), value.into());
            }
        }
        if self.more {
            payload.metadata.insert("more".to_owned(), canary.to_owned().into());
        }
        payload
    }
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let some = |values: &'static [&'static str]| prop::option::of(prop::sample::select(values));
    (
        prop::option::weighted(0.3, 0..4usize),
        0..9usize,
        some(&[
            "json/protobuf",
            "json/external-storage-reference",
            "binary/protobuf",
            "binary/sealed",
            "binary/encrypted",
            "binary/zstd",
            "json/plain",
        ]),
        some(&[REFERENCE, REQUEST, "a.B"]),
        some(&["true", "TRUE"]),
        some(&["true", ""]),
        prop::bool::weighted(0.2),
        prop::collection::vec(prop::sample::select(vec![0, 30, -1, i64::MAX]), 0..3),
    )
        .prop_map(|(good, body, encoding, message_type, marker, system, more, sizes)| Recipe {
            good,
            body,
            encoding,
            message_type,
            marker,
            system,
            more,
            sizes,
        })
}

/// Text that is nowhere else.
fn canary(seed: u64) -> String {
    format!("canary{:016x}", seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 60)
}

/// Returns whether a payload passed as a reference. Its claim may hold a canary: it names a place.
fn passed(sent: &Payload, encoded: &Payload) -> bool {
    sent == encoded && TemporalReferences::is_reference(sent)
}

async fn encodes(scene: &Scene, sent: &Payload, canary: &str) -> Result<(), TestCaseError> {
    let encoded = match scene.pipeline.encode(&ctx(), vec![sent.clone()]).await {
        Ok(encoded) => encoded,
        // Envelopes alone are refused: nothing else is, whatever it looks like.
        Err(error) => {
            let is_envelope = sent.metadata.get(SYSTEM).is_some_and(|value| value == "true");
            prop_assert!(is_envelope, "{}", chain(&error));
            return Ok(());
        }
    };
    if passed(sent, &encoded[0]) {
        prop_assert!(!sent.metadata.contains_key("more"));
        return Ok(());
    }
    prop_assert!(!holds(&encoded[0], canary), "plaintext went out");
    let decoded = scene.pipeline.decode(&ctx(), encoded).await;
    let decoded = decoded.map_err(|error| TestCaseError::fail(chain(&error)))?.remove(0);
    // A marked reference with something beside it is written anew.
    prop_assert!(decoded == *sent || decoded == scene.stored, "it did not come back");
    prop_assert!(decoded == *sent || sent.metadata.contains_key(MARKER));
    Ok(())
}

async fn decodes(scene: &Scene, forged: &Payload, canary: &str) -> Result<(), TestCaseError> {
    if let Ok(decoded) = scene.pipeline.decode(&ctx(), vec![forged.clone()]).await {
        prop_assert!(!holds(&decoded[0], canary), "plaintext came in");
    }
    Ok(())
}

fn check(encode_references: bool, claims: Option<ClaimPolicy>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let scene = runtime.block_on(scene(encode_references, claims));
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let checked =
        TestRunner::new_with_rng(config, rng).run(&(recipes(), any::<u64>()), |(recipe, seed)| {
            let canary = canary(seed);
            let payload = recipe.payload(&scene, &canary);
            runtime.block_on(encodes(&scene, &payload, &canary))?;
            runtime.block_on(decodes(&scene, &payload, &canary))
        });
    checked.unwrap();
}

#[test]
fn holds_with_references_in_the_clear() {
    check(false, None);
}

#[test]
fn holds_with_encoded_references_and_proofs() {
    check(true, Some(ClaimPolicy::Require));
}
