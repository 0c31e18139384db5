//! Temporal's own envelopes, made and read by the official Python SDK: what is a user's in them is
//! sealed, and what is the server's stays readable.

use std::collections::BTreeSet;

use cloakroom::{
    ByteSize, ErrorKind, Payload, Pipeline, Stage,
    pipeline::PipelineBuilder,
    plugin::{Limits, Reuse, Settings},
    storage::{Bucket, ObjectBucket, Offload, TemporalReferences},
    temporal::SystemEnvelopes,
};
use cloakroom_tests::{assert_text, bucket_driver, bundled, chain, ctx, host, plain};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::scripts::{from_json, python, to_json};

const CANARY: &str = "canary-6f1c";

async fn stage(name: &str) -> Stage {
    Stage::new(name, bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await)
}

async fn sealing(required: fn(Stage) -> Stage) -> PipelineBuilder {
    cloakroom_tests::pipeline()
        .with_envelopes(SystemEnvelopes::shared())
        .with_stage(stage("zstd").await)
        .with_stage(required(stage("aes-gcm").await))
}

async fn required() -> Pipeline {
    sealing(Stage::required).await.build().unwrap()
}

fn ask(request: &Value) -> Value {
    python("system_nexus.py", request)
}

fn made(op: &str) -> Payload {
    from_json(&ask(&json!({ "op": op, "canary": CANARY }))["payload"])
}

fn holds_canary(payload: &Payload) -> bool {
    payload.envelope().to_bytes().windows(CANARY.len()).any(|part| part == CANARY.as_bytes())
}

fn broken(envelope: &Payload) -> [(Payload, [Expect; 2]); 4] {
    let unknown = [&envelope.data[..], b"\xe2\x01\x0bcanary-6f1c"].concat();
    [
        (
            envelope.clone().with_metadata("messageType", "a.B"),
            [
                expect![[r#"
                    stage `aes-gcm`, encoding payload 1: the payload is marked as an envelope of the workflow engine, `a.B`, which is not a type that this version of Cloakroom knows: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
                expect![[r#"
                    stage `aes-gcm`, decoding payload 0: the payload is marked as an envelope of the workflow engine, `a.B`, which is not a type that this version of Cloakroom knows: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
            ],
        ),
        (
            Payload { data: unknown.into(), ..envelope.clone() },
            [
                expect![[r#"
                    stage `aes-gcm`, encoding payload 1: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, with a field 28 that this version of Cloakroom does not know: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
                expect![[r#"
                    stage `aes-gcm`, decoding payload 0: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, with a field 28 that this version of Cloakroom does not know: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
            ],
        ),
        (
            Payload { data: "canary-6f1c".into(), ..envelope.clone() },
            [
                expect![[r#"
                    stage `aes-gcm`, encoding payload 1: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, whose field 12 cannot be read: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
                expect![[r#"
                    stage `aes-gcm`, decoding payload 0: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, whose field 12 cannot be read: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
            ],
        ),
        (
            envelope.clone().with_metadata("note", CANARY),
            [
                expect![[r#"
                    stage `aes-gcm`, encoding payload 1: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, with something else beside the message: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
                expect![[r#"
                    stage `aes-gcm`, decoding payload 0: the payload is marked as an envelope of the workflow engine, `temporal.api.workflowservice.v1.SignalWithStartWorkflowExecution`, with something else beside the message: no stage may encode an envelope, and this stage is required; update Cloakroom if the workflow engine has this envelope
                "#]],
            ],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn inner_payloads_are_sealed_and_the_server_reads_the_rest() {
    let (pipeline, sent) = (required().await, vec![plain("\"a\""), made("make"), plain("\"b\"")]);
    assert!(holds_canary(&sent[1]));
    let sealed = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(!holds_canary(&sealed[1]), "an inner payload left in plaintext");
    assert_eq!(sealed[1].metadata, sent[1].metadata);

    let read = ask(&json!({ "op": "read", "payload": to_json(&sealed[1]) }));
    let own = ["payments prod", "order-17", "Charge", "payments", "paid"];
    assert_eq!(read["own"], json!(own));
    let inner: Vec<_> = read["payloads"].as_array().unwrap().iter().map(from_json).collect();
    assert_eq!(inner.len(), 7);
    assert!(inner.iter().all(|payload| payload.encoding() == Some("binary/sealed")));
    // The workflow that the server starts gets them as payloads like any other.
    let arguments = pipeline.decode(&ctx(), inner).await.unwrap();
    assert_eq!(arguments[0], plain(format!("\"{CANARY}\"")));

    let opened = pipeline.decode(&ctx(), sealed).await.unwrap();
    assert_eq!(opened, sent, "not byte for byte");
    let opened = ask(&json!({ "op": "open", "payload": to_json(&opened[1]) }));
    assert_eq!(opened["args"], json!([CANARY, { "amount": 10 }]));
    assert_eq!(opened["signal_args"], json!([CANARY]));
}

/// A field that the schema lacks would be refused here.
#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_the_official_messages_is_known() {
    let types: BTreeSet<_> = SystemEnvelopes::types().collect();
    let official = ask(&json!({ "op": "types" }));
    let official = official["types"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    assert_eq!(types, official.collect());
    let (pipeline, sent) = (required().await, vec![made("full")]);
    let sealed = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    let opened = pipeline.decode(&ctx(), sealed.clone()).await.unwrap();
    assert_eq!(opened, sent);
    // Search attributes are the server's to index: they alone may hold it.
    let read = ask(&json!({ "op": "read", "payload": to_json(&sealed[0]) }));
    let inner: Vec<_> = read["payloads"].as_array().unwrap().iter().map(from_json).collect();
    assert!(!inner.iter().any(holds_canary));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_refused_if_a_stage_is_required() {
    let (pipeline, good) = (required().await, made("make"));
    for (forged, snapshots) in broken(&good) {
        let errors = [
            pipeline.encode(&ctx(), vec![plain("x"), forged.clone()]).await.unwrap_err(),
            pipeline.decode(&ctx(), vec![forged]).await.unwrap_err(),
        ];
        for (error, snapshot) in errors.iter().zip(&snapshots) {
            let text = chain(error);
            assert_eq!(error.kind(), ErrorKind::Unsealed, "{text}");
            assert_text(&text, &[], snapshot);
            assert!(!text.contains(CANARY), "{text}");
        }
    }
    let long = good.with_metadata("messageType", "a\n\u{1b}[2J".repeat(99));
    let text = chain(&pipeline.encode(&ctx(), vec![long]).await.unwrap_err());
    assert!(!text.contains(char::is_control) && text.len() < 600, "{text}");
}

/// An envelope in a history whose payloads nobody has sealed.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_envelope_gives_no_plaintext_to_a_worker() {
    let (pipeline, forged) = (required().await, made("make"));
    let batch = vec![pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap().remove(0), forged];
    let error = pipeline.decode(&ctx(), batch).await.unwrap_err();
    assert_eq!((error.kind(), error.slot()), (ErrorKind::Unsealed, Some(1)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_required_stage_what_cannot_be_opened_passes() {
    let pipeline = sealing(|stage| stage).await.build().unwrap();
    let good = made("make");
    for (foreign, _) in broken(&good) {
        let passed = pipeline.encode(&ctx(), vec![foreign.clone()]).await.unwrap();
        assert_eq!(passed, [foreign]);
        assert_eq!(pipeline.decode(&ctx(), passed.clone()).await.unwrap(), passed);
    }
    let sealed = pipeline.encode(&ctx(), vec![good]).await.unwrap();
    assert!(!holds_canary(&sealed[0]));
}

/// Inner payloads are stored as any others are, and the envelope is not.
#[tokio::test(flavor = "multi_thread")]
async fn inner_payloads_are_stored_and_the_envelope_is_not() {
    let bucket: std::sync::Arc<dyn Bucket> = std::sync::Arc::new(ObjectBucket::memory("b"));
    let driver = bucket_driver("s3", &bucket, &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    let pipeline = sealing(Stage::required).await.with_offload(offload).build().unwrap();
    let sent = vec![made("make")];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    let read = ask(&json!({ "op": "read", "payload": to_json(&kept[0]) }));
    let inner: Vec<_> = read["payloads"].as_array().unwrap().iter().map(from_json).collect();
    assert!(inner.iter().all(TemporalReferences::is_reference));
    assert!(!TemporalReferences::is_reference(&kept[0]));
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent);
}
