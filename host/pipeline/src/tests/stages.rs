//! Order of stages, and which results of codecs stand.

use cloakroom_core::{Direction, ErrorKind, Purpose};

use super::fakes::{Fake, Work, builder, ctx, plain};
use crate::{Pipeline, Stage};

fn stage(name: &str, purpose: Purpose, work: Work) -> Stage {
    Stage::new(name, Fake::new(&format!("x/{name}"), purpose, work))
}

fn reverse(name: &str) -> Stage {
    stage(name, Purpose::Encryption, Work::Reverse)
}

fn only(stage: Stage) -> Pipeline {
    builder().with_stage(stage).build().unwrap()
}

#[tokio::test]
async fn stages_run_in_written_order_and_back() {
    let pipeline = builder().with_stage(reverse("a")).with_stage(reverse("b")).build().unwrap();
    let encoded = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("x/b"));
    let inner = only(reverse("b")).decode(&ctx(), encoded.clone()).await.unwrap();
    assert_eq!(inner[0].encoding(), Some("x/a"));
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), [plain("text")]);
}

#[tokio::test]
async fn each_payload_has_one_result_in_its_place() {
    let pipeline = only(reverse("a"));
    let batch: Vec<_> = (0..300).map(|n| plain(&n.to_string())).collect();
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!(encoded.len(), 300);
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
    assert_eq!(pipeline.encode(&ctx(), Vec::new()).await.unwrap(), []);
}

#[tokio::test]
async fn compression_that_does_not_pay_is_dropped() {
    let pipeline = only(stage("squeeze", Purpose::Compression, Work::Squeeze));
    let batch = vec![plain(&"a".repeat(1000)), plain("abc")];
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    assert_eq!((encoded[0].encoding(), &encoded[1]), (Some("x/squeeze"), &batch[1]));
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), batch);
    // The same result of another codec stands.
    let pipeline = only(stage("squeeze", Purpose::Conversion, Work::Squeeze));
    let encoded = pipeline.encode(&ctx(), batch).await.unwrap();
    assert_eq!(encoded[1].encoding(), Some("x/squeeze"));
}

#[tokio::test]
async fn foreign_payloads_pass_while_decoding() {
    let foreign = vec![plain("text"), plain("text").with_metadata("encoding", "x/other")];
    let decoded = only(reverse("a")).decode(&ctx(), foreign.clone()).await.unwrap();
    assert_eq!(decoded, foreign);
}

#[tokio::test]
async fn a_required_stage_refuses_plaintext_both_ways() {
    let required = only(reverse("a").required());
    let error = required.decode(&ctx(), vec![plain("text")]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage(), error.slot()),
        (ErrorKind::Unsealed, Some("a"), Some(0))
    );
    let lenient = only(reverse("a").required_to_encode());
    assert_eq!(lenient.decode(&ctx(), vec![plain("text")]).await.unwrap(), [plain("text")]);
    for stage in [
        stage("idle", Purpose::Encryption, Work::Nothing).required(),
        stage("idle", Purpose::Encryption, Work::Nothing).required_to_encode(),
    ] {
        let error = only(stage).encode(&ctx(), vec![plain("text")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsealed);
    }
    let idle = only(stage("idle", Purpose::Encryption, Work::Nothing));
    assert_eq!(idle.encode(&ctx(), vec![plain("text")]).await.unwrap(), [plain("text")]);
}

#[tokio::test]
async fn a_payload_that_claims_a_stages_encoding_must_be_changed() {
    let claimed = plain("text").with_metadata("encoding", "x/squeeze");
    let squeeze = only(stage("squeeze", Purpose::Compression, Work::Squeeze));
    let encoded = squeeze.encode(&ctx(), vec![claimed.clone()]).await.unwrap();
    assert_ne!(encoded[0], claimed, "decoding would undo what was never done");
    assert_eq!(squeeze.decode(&ctx(), encoded).await.unwrap(), [claimed]);
    let idle = only(stage("idle", Purpose::Conversion, Work::Nothing));
    let claimed = plain("text").with_metadata("encoding", "x/idle");
    let error = idle.encode(&ctx(), vec![claimed]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_codec_may_not_write_what_it_did_not_declare() {
    let pipeline = only(stage("a", Purpose::Conversion, Work::Undeclared));
    let error = pipeline.encode(&ctx(), vec![plain("text")]).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Protocol, Some("a")));
}

#[tokio::test]
async fn an_error_names_stage_direction_and_payload() {
    let failing = stage("a", Purpose::Conversion, Work::FailOnBad);
    let batch = vec![plain("good"), plain("good"), plain("bad")];
    let error = only(failing).encode(&ctx(), batch).await.unwrap_err();
    let place = (error.stage(), error.direction(), error.slot());
    assert_eq!(place, (Some("a"), Some(Direction::Encode), Some(2)));
    assert_eq!(error.kind(), ErrorKind::Failed);
}

#[tokio::test]
async fn a_panic_of_a_codec_is_an_error_without_its_text() {
    let panicking = only(stage("a", Purpose::Conversion, Work::Panic));
    let error = panicking.encode(&ctx(), vec![plain("text")]).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Internal, Some("a")));
    assert!(!error.report().contains("canary"), "{error:?}");
}

/// Temporal's samples and its proxy call two formats by one name. No stage is offered the proxy's, unless
/// it says so.
#[tokio::test]
async fn the_format_of_temporal_proxy_is_only_for_who_reads_it() {
    let name = "binary/encrypted";
    let stage = || Stage::new("a", Fake::new(name, Purpose::Encryption, Work::Reverse));
    let entry = |name: &str, value: &'static str| (name.to_owned(), value.into());
    let mut proxied = plain("nonce, ciphertext and tag");
    proxied.metadata = [
        entry("encoding", name),
        entry("encryption-key-id", "testing://key"),
        entry("encryption-dek", "d3JhcHBlZA=="),
    ]
    .into();
    let pipeline = only(stage());
    let passed = pipeline.decode(&ctx(), vec![proxied.clone()]).await.unwrap();
    assert_eq!(passed, [proxied.clone()]);
    let required = only(stage().required());
    let error = required.decode(&ctx(), vec![proxied.clone()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed);
    assert!(error.report().contains("temporal-proxy"), "{}", error.report());
    // In front of such a proxy or behind it, a payload of its is one like any other.
    let encoded = required.clone().keeping_own().encode(&ctx(), vec![proxied.clone()]).await;
    let encoded = encoded.unwrap();
    assert_ne!(encoded, [proxied.clone()]);
    assert_eq!(required.decode(&ctx(), encoded).await.unwrap(), [proxied.clone()]);
    let name = cloakroom_core::Description::TEMPORAL_PROXY;
    let reader = only(Stage::new("a", Fake::new(name, Purpose::Encryption, Work::Reverse)));
    // The fake codec is offered it, and cannot read it.
    let error = reader.decode(&ctx(), vec![proxied.clone()]).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Malformed, Some("a")));
    proxied.metadata.remove("encryption-dek");
    assert_eq!(reader.decode(&ctx(), vec![proxied.clone()]).await.unwrap(), [proxied]);
}
