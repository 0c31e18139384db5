//! Texts of failures: no server has them, and the SDKs see no difference.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use cloakroom_tests::rigs::{DevOptions, DevServer};
use serde_json::{Value, json};
use temporalio_client::WorkflowGetResultOptions;

use super::{
    canary::{self, CANARY},
    harness::{self, Served, named, opened, plain_client, plain_worker},
};
use crate::worker::{Failing, server, unique};

/// Runs the scenario of all failures on Python's SDK, and returns what worker and client see.
fn seen(address: &str) -> Value {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/failures.py");
    let mut python = Command::new(cloakroom_tests::python());
    python.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let request = json!({ "address": address, "queue": unique("failures"), "text": CANARY });
    writeln!(child.stdin.as_mut().unwrap(), "{request}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    // Its core writes to standard output too, and no JSON.
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap()
}

/// Failures of activities, children, workflows, tasks, queries and updates, with causes and stack
/// traces. Temporal retries an activity as it does without the gateway, because it sees the type.
#[tokio::test(flavor = "multi_thread")]
async fn python_sees_the_same_failures_and_the_server_has_no_text_of_them() {
    let (hidden, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&opened(folder.path(), &hidden.url()).await).await;
    let address = gateway.address.to_string();
    let mut through = tokio::task::spawn_blocking(move || seen(&address)).await.unwrap();
    let mut direct = tokio::task::spawn_blocking(|| seen(&server().target())).await.unwrap();
    // The core SDKs write no failure of a query, so that only the gateway's details have one.
    let details = [&mut through, &mut direct].map(|seen| seen["query details"].take());
    assert_eq!(details, [json!(true), json!(false)]);
    assert_eq!(through, direct);
    let said = direct.to_string();
    for text in ["cannot carry", "does not admit", "cannot look at", "true"] {
        assert!(said.contains(text), "no failure says {text:?}: {said}");
    }
    assert!(hidden.holds(b"\x0a\x0fEncoded failure"), "is this the database?");
    let found = canary::found(&[hidden.folder(), folder.path()]);
    assert!(found.is_empty(), "in the clear: {found:?}");
    gateway.end().await;
}

/// The Rust SDK puts back no messages of causes by itself.
#[tokio::test(flavor = "multi_thread")]
async fn rust_sees_the_messages_of_causes() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&opened(folder.path(), &server.url()).await).await;
    let queue = unique("failing");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = harness::parcel();
    let started = client.start_workflow(Failing::run, parcel, named(&queue, "failing")).await;
    let error = started.unwrap().get_result(WorkflowGetResultOptions::default()).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains(&format!("cannot carry {}", harness::CANARY)), "{text}");
    assert!(server.holds(b"\x0a\x0fEncoded failure"), "is this the database?");
    assert!(!server.holds(harness::CANARY.as_bytes()), "the server has it in the clear");
    gateway.end().await;
}
