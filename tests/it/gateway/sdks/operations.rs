//! Operations on running workflows, and those of other services.

use std::fs;

use cloakroom_tests::{poll_until, rigs::temporal};
use serde_json::Value;

use super::{
    behind::Behind,
    program::{Program, Sdk},
    scenario::{LARGE, passes, request},
};
use crate::worker::unique;

/// Runs Temporal's command line through the gateway.
fn run(args: &[&str]) -> String {
    let output = temporal(&Behind::shared().gateway.target()).args(args).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{args:?}: {out}{err}");
    out.into_owned()
}

/// Go calls operations of Go through an endpoint: one answers at once, the other runs a workflow.
#[test]
fn go_calls_nexus_operations() {
    let behind = Behind::shared();
    let endpoint = unique("carriers");
    let mut request =
        request(&behind.gateway.target(), "both", LARGE, &["nexus_sync", "nexus_run"]);
    request["other_queue"] = endpoint.clone().into();
    let queue = request["task_queue"].as_str().unwrap();
    run(&["operator", "nexus", "endpoint", "create", "--name", &endpoint]
        .into_iter()
        .chain(["--target-namespace", "default", "--target-task-queue", queue])
        .collect::<Vec<_>>());
    passes(Sdk::Go, &request);
    behind.has_no_canary();
}

/// A batch operation carries one payload of 3 MB to several workflows.
#[test]
fn a_batch_signals_workflows_with_a_large_payload() {
    let behind = Behind::shared();
    let worker = request(&behind.gateway.target(), "worker", LARGE, &[]);
    let queue = worker["task_queue"].as_str().unwrap();
    let _worker = Program::start(Sdk::Go, &worker);
    let ids = ["one", "other"].map(|name| format!("{queue}-{name}"));
    for id in &ids {
        let input = r#"{"way": "wait", "parcel": ""}"#;
        run(&["workflow", "start", "--type", "Courier", "-t", queue, "-w", id, "-i", input]);
    }
    let query = format!("TaskQueue = '{queue}' AND ExecutionStatus = 'Running'");
    poll_until("both workflows are visible", || {
        run(&["workflow", "count", "--query", &query]).contains("Total: 2")
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parcel.json");
    let parcel = hex::encode(cloakroom_tests::noise(LARGE / 2));
    fs::write(&file, format!("\"{parcel}\"")).unwrap();
    let signal = ["workflow", "signal", "--name", "add", "--reason", "test", "--yes"];
    let carries = ["--query", &query, "--input-file", file.to_str().unwrap()];
    run(&[&signal[..], &carries].concat());
    for id in &ids {
        let shown = run(&["workflow", "result", "-w", id, "-o", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert!(shown["result"] == parcel, "{}", shown["status"]);
    }
}
