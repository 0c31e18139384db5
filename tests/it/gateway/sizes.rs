//! Limits of the server that the gateway keeps to by storing more.

use std::path::Path;

use cloakroom::Cloakroom;
use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::WorkflowGetResultOptions;
use temporalio_common::MemoValues;

use super::harness::{Served, named, plain_client, plain_worker};
use crate::worker::{self, Filled, Helper, folder_driver, unique};

/// A text of so many characters that does not get small.
fn noise(size: usize) -> String {
    hex::encode(cloakroom_tests::noise(size / 2))
}

/// Encrypts, but does not compress: sizes stay as they are.
async fn sealing(folder: &Path, upstream: &str) -> Cloakroom {
    let text = r#"
        [[stage]]
        plugin = "bundled:aes-gcm"
        settings = { ring = "payments" }
        grants.keys = ["payments"]
        [storage]
        threshold = "256KiB"
    "#;
    let gateway = format!("[gateway.temporal]\nupstream = \"{upstream}\"\n");
    let text = text.to_owned() + &folder_driver("local", folder) + &gateway;
    worker::opened(text).open().await.unwrap()
}

/// A namespace allows less than the gateway's defaults. Nobody has asked for its limits when the first
/// request comes.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_limit_of_a_namespace_is_kept_to_before_anybody_asked_for_it() {
    let dynamic = [("limit.blobSize.error", "100000"), ("limit.blobSize.warn", "90000")];
    let server = DevServer::start(DevOptions { dynamic: &dynamic, ..DevOptions::default() });
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&sealing(folder.path(), &server.url()).await).await;
    let queue = unique("limit");
    let client = plain_client(&gateway.url()).await;
    let text = noise(200_000);
    let started = client.start_workflow(Helper::run, text.clone(), named(&queue, "limit")).await;
    let _worker = plain_worker(&gateway, &queue);
    let result = started.unwrap().get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == text);
    // Without the gateway the same is refused.
    let direct = plain_client(&server.url()).await;
    let started = direct.start_workflow(Helper::run, text, named(&queue, "direct")).await;
    let error = started.map(drop).unwrap_err().to_string();
    assert!(error.contains("Blob data size exceeds limit"), "{error}");
    gateway.end().await;
}

/// Each entry is below the threshold, and the message is below its limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_memo_over_its_limit_is_stored_in_part() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&sealing(folder.path(), &server.url()).await).await;
    let queue = unique("memo");
    let client = plain_client(&gateway.url()).await;
    let (mut memo, text) = (MemoValues::new(), noise(200_000));
    for entry in 0..15 {
        memo.insert(format!("entry {entry}"), text.clone());
    }
    let mut options = named(&queue, "memo");
    options.memo = Some(memo);
    let handle = client.start_workflow(Helper::run, String::new(), options).await.unwrap();
    let described = handle.describe(Default::default()).await.unwrap();
    for entry in 0..15 {
        let entry = described.memo().get::<String>(&format!("entry {entry}")).unwrap();
        assert!(entry.as_ref() == Some(&text));
    }
    gateway.end().await;
}

/// 400 results of 200 KiB are 80 MiB. The server ends a workflow at 50 MiB, and each result is below
/// the threshold.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_many_results_below_the_threshold_finishes() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&sealing(folder.path(), &server.url()).await).await;
    let queue = unique("filled");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let started = client.start_workflow(Filled::run, (400, 200 << 10), named(&queue, "filled"));
    let result = started.await.unwrap().get_result(WorkflowGetResultOptions::default()).await;
    assert_eq!(result.unwrap(), 400 * (200 << 10));
    gateway.end().await;
}
