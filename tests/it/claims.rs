//! Proofs in claims: who can write one, of which version, and for which namespace.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::hmac;
use cloakroom::{
    ByteSize, Codec, Context, ErrorKind, Payload, Pipeline,
    keys::KeyError,
    plugin::{Limits, Reuse},
    storage::{Bucket, ClaimPolicy, ObjectBucket, Offload},
};
use cloakroom_tests::{
    KEY, ROGUE, assert_text, bucket_driver, chain, ctx, host, plain, ring, rogue,
};
use expect_test::expect;
use serde_json::{Value, json};

async fn pipeline(bucket: &Arc<dyn Bucket>, change: impl FnOnce(Offload) -> Offload) -> Pipeline {
    let driver = bucket_driver("s3", bucket, &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    cloakroom_tests::pipeline().with_offload(change(offload)).build().unwrap()
}

fn memory() -> Arc<dyn Bucket> {
    Arc::new(ObjectBucket::memory("temporal-payloads"))
}

fn require(offload: Offload) -> Offload {
    offload.with_claim_proofs(ring(), ClaimPolicy::Require)
}

fn write(offload: Offload) -> Offload {
    offload.with_claim_proofs(ring(), ClaimPolicy::Write)
}

fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Returns what `subkeys.derive("RING", none, "cloakroom claim", "", 32)` gave a plugin.
fn derived_for_claims() -> Vec<u8> {
    let prk = hmac(b"cloakroom/subkey/1", &KEY);
    hmac(&prk, b"\0\0\0\x0fcloakroom claim\x01")
}

/// The reference with a proof of version 1, as a plugin with `grants.subkeys` could write it.
fn forge(bare: &Payload) -> Payload {
    let mut reference: Value = serde_json::from_slice(&bare.data).unwrap();
    let claim = reference["claimData"].as_object_mut().unwrap();
    claim.insert("cloakroom_key".to_owned(), json!("test-key"));
    claim.insert("cloakroom_size".to_owned(), json!(bare.external_sizes[0].to_string()));
    let entries: Vec<_> = claim.iter().collect();
    let texts = entries.iter().flat_map(|(name, value)| [name.as_str(), value.as_str().unwrap()]);
    let mut message = Vec::new();
    for text in ["cloakroom claim 1", "aws.s3driver"].into_iter().chain(texts) {
        message.extend_from_slice(&(text.len() as u64).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    let mac = hex::encode(hmac(&derived_for_claims(), &message));
    claim.insert("cloakroom_mac".to_owned(), json!(mac));
    Payload { data: reference.to_string().into(), ..bare.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_with_subkeys_cannot_forge_a_claim() {
    let bucket = memory();
    let sent = vec![plain("x")];
    let bare = pipeline(&bucket, |offload| offload).await.encode(&ctx(), sent.clone()).await;
    let forged = vec![forge(&bare.unwrap()[0])];
    let required = pipeline(&bucket, require).await;
    let error = required.decode(&ctx(), forged.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &[],
        &expect![[r#"
            stage `storage aws.s3driver`, decoding payload 0: the claim's proof is of version 1, which counts as none: accept claims of older versions until a date (`Offload::with_v1_claims_until`)
        "#]],
    );
    // The same claim is what an older version wrote, and is read as such for as long as is said.
    let accepting = |until| move |offload: Offload| require(offload.with_v1_claims_until(until));
    let migrating = pipeline(&bucket, accepting(in_an_hour())).await;
    assert_eq!(migrating.decode(&ctx(), forged.clone()).await.unwrap(), sent);
    let over = pipeline(&bucket, accepting(SystemTime::UNIX_EPOCH)).await;
    assert!(over.decode(&ctx(), forged.clone()).await.is_err());
    // Where proofs are not required, it counts as none.
    assert_eq!(pipeline(&bucket, write).await.decode(&ctx(), forged).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_derived_for_claims() {
    let key = cloakroom_tests::key();
    let refused = key.derive("cloakroom claim", b"", &mut [0; 32]);
    assert_eq!(refused, Err(KeyError::Refused));
    let rogue = rogue(&host(Limits::default()), ROGUE, Reuse::Fresh).await;
    let error = rogue.encode(&ctx(), &plain("claim-subkey")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
}

/// During a migration both proofs are written, so that workers of the older version read them.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_reader_reads_what_is_written_during_a_migration() {
    let bucket = memory();
    let migrating = |offload: Offload| require(offload.with_v1_claims_until(in_an_hour()));
    let migrating = pipeline(&bucket, migrating).await;
    let kept = migrating.encode(&ctx(), vec![plain("x")]).await.unwrap().remove(0);
    let claim = |payload: &Payload| {
        let reference: Value = serde_json::from_slice(&payload.data).unwrap();
        reference["claimData"].as_object().unwrap().clone()
    };
    let mut before = claim(&kept);
    let mac = before.remove("cloakroom_mac").unwrap();
    let text = json!({ "claimData": before, "driverName": "aws.s3driver" }).to_string();
    let forged = forge(&Payload { data: text.into(), ..kept.clone() });
    assert_eq!(claim(&forged)["cloakroom_mac"], mac);
    assert!(claim(&kept)["cloakroom_proof"].as_str().unwrap().starts_with("2:"));
    assert!(pipeline(&bucket, require).await.decode(&ctx(), vec![kept]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_claim_is_good_in_its_namespace_alone() {
    let bucket = memory();
    let bound = pipeline(&bucket, |offload| require(offload).with_namespace_bound_claims()).await;
    let free = pipeline(&bucket, require).await;
    let sent = vec![plain("x")];
    let kept = bound.encode(&ctx(), sent.clone()).await.unwrap();
    for pipeline in [&bound, &free] {
        assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent);
        for (elsewhere, snapshot) in [
            (
                Context::namespace("other"),
                expect![[r#"
                    stage `storage aws.s3driver`, decoding payload 0: the claim was not written under a key of this ring, in this namespace if it is bound to one, or was changed
                "#]],
            ),
            (
                Context::none(),
                expect![[r#"
                    stage `storage aws.s3driver`, decoding payload 0: the claim is bound to its namespace, and the call names none
                "#]],
            ),
        ] {
            let error = pipeline.decode(&elsewhere, kept.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
            assert_text(&chain(&error), &[], &snapshot);
        }
    }
    let free_claim = free.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(free.decode(&Context::none(), free_claim.clone()).await.unwrap(), sent);
    let error = bound.decode(&ctx(), free_claim.clone()).await.unwrap_err();
    assert_text(
        &chain(&error),
        &[],
        &expect![[r#"
            stage `storage aws.s3driver`, decoding payload 0: the claim's proof is not bound to a namespace, and that is required (`Offload::with_namespace_bound_claims`)
        "#]],
    );
    let writing = pipeline(&bucket, |offload| write(offload).with_namespace_bound_claims()).await;
    assert_eq!(writing.decode(&ctx(), free_claim).await.unwrap(), sent);
    let error = bound.encode(&Context::none(), sent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
}

/// A proof of another version, or a changed scope, is no proof less.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_proof_is_refused_also_where_none_is_required() {
    let bucket = memory();
    let writing = pipeline(&bucket, write).await;
    let kept = writing.encode(&ctx(), vec![plain("x")]).await.unwrap().remove(0);
    for (name, value) in [("cloakroom_proof", "3:00"), ("cloakroom_scope", "namespace")] {
        let mut reference: Value = serde_json::from_slice(&kept.data).unwrap();
        reference["claimData"][name] = json!(value);
        let changed = Payload { data: reference.to_string().into(), ..kept.clone() };
        let error = writing.decode(&ctx(), vec![changed]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{name}: {}", chain(&error));
    }
}
