//! Answers that clients read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_common::MemoValues;

use super::rig::{Rig, go, show, tell};
use crate::{
    gateway::harness::parcel,
    worker::{Held, unique},
};

/// Encoding of a payload that takes the place of another.
const MARKER: &str = "cloakroom/undecodable";

/// A history, a list and a description are refused with the cause. A reader gets all but the payload.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_all_but_what_cannot_be_decoded() {
    let rig = Rig::start("read").await;
    let reader = Rig::on(&rig.queue, "readers = [\"temporal-cli\"]").await;
    let _worker = rig.worker();
    let mut memo = MemoValues::new();
    memo.insert("large", parcel());
    memo.insert("little", "canary-of-the-memo");
    let id = unique("read");
    let mut options = WorkflowStartOptions::new(rig.queue.clone(), id.clone()).build();
    options.memo = Some(memo);
    let input = ("activity".to_owned(), parcel());
    let handle = rig.client.start_workflow(Held::run, input, options).await.unwrap();
    go(&handle).await;
    handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();

    for rig in [&rig, &reader] {
        rig.spoil();
    }
    let query = format!("WorkflowId = '{id}'");
    let ways: [&[&str]; 3] = [
        &["workflow", "show", "-w", &id, "-o", "json"],
        &["workflow", "list", "-q", &query, "-o", "json"],
        &["workflow", "describe", "-w", &id, "-o", "json"],
    ];
    for way in ways {
        let (is_shown, says) = tell(&rig.gateway.address.to_string(), way);
        assert!(!is_shown && says.contains("SHA-256 differs"), "{way:?}: {says}");
        let (is_shown, says) = tell(&reader.gateway.address.to_string(), way);
        assert!(is_shown, "{way:?}: {says}");
        assert!(says.contains(&STANDARD.encode(MARKER)), "{way:?}: {says}");
        let little = STANDARD.encode("\"canary-of-the-memo\"");
        assert!(says.contains("canary-of-the-memo") || says.contains(&little), "{way:?}: {says}");
    }
    // The result is the last event, and a client waits for it alone.
    let result = handle.get_result(WorkflowGetResultOptions::default()).await;
    let says = format!("{:?}", result.unwrap_err());
    assert!(says.contains("storage aws.s3driver") && says.contains("SHA-256 differs"), "{says}");
    // By then it is whole again.
    rig.mend();
    assert!(handle.get_result(Default::default()).await.is_ok());
    rig.gateway.end().await;
    reader.gateway.end().await;
}

/// The payload stays encoded if no stage is required.
#[tokio::test(flavor = "multi_thread")]
async fn a_marker_is_no_value() {
    let rig = Rig::start("marker").await;
    let id = unique("marker");
    let encoding = format!("encoding={MARKER}");
    let (is_started, says) = tell(
        &rig.gateway.address.to_string(),
        &[
            "workflow",
            "start",
            "--type",
            "Held",
            "-t",
            &rig.queue,
            "-w",
            &id,
            "--input",
            "1",
            "--input-meta",
            &encoding,
        ],
    );
    assert!(!is_started && says.contains("send the value itself"), "{says}");
    assert!(!show(&rig.gateway.address.to_string(), &id).0);
    rig.gateway.end().await;
}
