//! Requests to the programs, and the values that come back.

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use cloakroom_tests::rigs::temporal;
use serde_json::{Value, json};

use super::program::{Program, Sdk};
use crate::{gateway::canary::CANARY, worker::unique};

/// The steps of the scenario. Every SDK with a program takes every one of them: a program fails at a
/// step that it does not know.
pub(super) const STEPS: [&str; 20] = [
    "start",
    "activity",
    "local_activity",
    "child",
    "signal",
    "query",
    "update",
    "update_with_start",
    "signal_with_start",
    "continue_as_new",
    "memo",
    "headers",
    "failure",
    "panic",
    "heartbeat",
    "async_completion",
    "async_by_id",
    "schedule",
    "reset",
    "fan",
];

/// A payload that passes without a gateway.
pub(super) const SMALL: usize = 1000;

/// A payload that Temporal refuses: its limit is 2 MiB.
pub(super) const LARGE: usize = 3_000_000;

/// A payload that Temporal takes. Twenty of them are more than it takes in one message.
pub(super) const FANNED: usize = 250_000;

/// Returns a request with a task queue of its own.
pub(super) fn request(address: &str, role: &str, size: usize, steps: &[&str]) -> Value {
    let queue = unique("sdks");
    json!({
        "address": address,
        "namespace": "default",
        "task_queue": queue,
        "role": role,
        "id": queue,
        "size": size,
        "sizes": {},
        "canary": CANARY,
        "steps": steps,
        "other_queue": "",
    })
}

/// Makes the same text as the programs.
fn parcel(size: usize, step: &str) -> String {
    let hash = |i| hex::encode(digest(&SHA256, format!("{step}-{i}").as_bytes()));
    let mut text: String = CANARY.into();
    text.extend((0..size / 64 + 1).map(hash));
    text.truncate(size);
    text
}

/// Starts the workflow of a worker by Temporal's command line, with this way and a parcel of this size.
///
/// A workflow task that times out is handed out again, and only its first attempt says why it failed:
/// each has minutes.
pub(super) fn start_by_hand(
    target: &str,
    worker: &Value,
    way: &str,
    size: usize,
    other: &str,
) -> String {
    let queue = worker["task_queue"].as_str().unwrap();
    let id = unique(way);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("order.json");
    let order = json!({ "way": way, "parcel": parcel(size, way), "queue": other });
    fs::write(&file, order.to_string()).unwrap();
    let mut start = temporal(target);
    start.args(["workflow", "start", "--type", "Courier", "--task-timeout", "2m"]);
    start.args(["-t", queue, "-w", &id, "--input-file"]).arg(&file);
    let output = start.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    id
}

/// Runs a program, and checks that each step returned what was sent.
pub(super) fn passes(sdk: Sdk, request: &Value) {
    passes_and(sdk, request, |_| ());
}

/// The same, with something to do after each step, while the next one runs.
pub(super) fn passes_and(sdk: Sdk, request: &Value, mut after: impl FnMut(&str)) {
    let program = Program::start(sdk, request);
    for step in request["steps"].as_array().unwrap() {
        let (line, name) = (program.next(), step.as_str().unwrap());
        assert!(line["step"] == *step && line["ok"] == true, "{sdk}: {line}\n{}", program.log());
        let size = request["sizes"].get(name).unwrap_or(&request["size"]).as_u64().unwrap();
        let sent = hex::encode(digest(&SHA256, parcel(size as usize, name).as_bytes()));
        assert_eq!(line["sha256"], sent, "{sdk}: {name}");
        after(name);
    }
    assert!(program.end(), "{sdk} fails after its last step");
}

/// Runs a program that fails at its first step, and returns its error.
pub(super) fn fails(sdk: Sdk, request: &Value) -> String {
    let program = Program::start(sdk, request);
    let line = program.next();
    assert_eq!(line["ok"], false, "{sdk}: {line}");
    assert!(!program.end());
    line["error"].as_str().unwrap().to_owned()
}
