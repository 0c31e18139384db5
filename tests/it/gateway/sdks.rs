//! Every way of a payload on the official SDKs, unmodified.
//!
//! Each program has the same workflow, the same activities and the same steps. It checks every value
//! itself, and says the hash of what came back, which is compared here once more.

mod program;

use aws_lc_rs::digest::{SHA256, digest};
use cloakroom_tests::rigs::{DevOptions, DevServer};
use serde_json::{Value, json};

use self::program::{Program, Sdk};
use super::canary::{self, CANARY};
use crate::worker::{server, unique};

/// The steps of the scenario. Every SDK with a program takes every one of them: a program fails at a
/// step that it does not know.
const STEPS: [&str; 20] = [
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
const SMALL: usize = 1000;

/// A payload that Temporal refuses: its limit is 2 MiB.
const LARGE: usize = 3_000_000;

/// Returns a request with a task queue of its own.
fn request(server: &DevServer, role: &str, size: usize, steps: &[&str]) -> Value {
    let queue = unique("sdks");
    json!({
        "address": server.target(),
        "namespace": "default",
        "task_queue": queue,
        "role": role,
        "id": queue,
        "size": size,
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

/// Runs a program with its own worker, and checks that each step returned what was sent.
fn passes(sdk: Sdk, request: &Value) {
    let program = Program::start(sdk, request);
    let size = request["size"].as_u64().unwrap() as usize;
    for step in request["steps"].as_array().unwrap() {
        let (line, name) = (program.next(), step.as_str().unwrap());
        assert!(line["step"] == *step && line["ok"] == true, "{sdk}: {line}\n{}", program.log());
        let sent = hex::encode(digest(&SHA256, parcel(size, name).as_bytes()));
        assert_eq!(line["sha256"], sent, "{sdk}: {name}");
    }
    assert!(program.end(), "{sdk} fails after its last step");
}

fn takes_every_step(sdk: Sdk) {
    passes(sdk, &request(server(), "both", SMALL, &STEPS));
}

#[test]
fn go_takes_every_step() {
    takes_every_step(Sdk::Go);
}

#[test]
fn java_takes_every_step() {
    takes_every_step(Sdk::Java);
}

#[test]
fn node_takes_every_step() {
    takes_every_step(Sdk::Node);
}

#[test]
fn python_takes_every_step() {
    takes_every_step(Sdk::Python);
}

/// Without a gateway the server refuses a large input, and the program says so.
fn refuses_a_large_start(sdk: Sdk) {
    let program = Program::start(sdk, &request(server(), "client", LARGE, &["start"]));
    let line = program.next();
    let error = line["error"].as_str().unwrap_or_default();
    assert!(line["ok"] == false && error.contains("Blob data size exceeds limit"), "{sdk}: {line}");
    assert!(!program.end());
}

#[test]
fn go_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Go);
}

#[test]
fn java_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Java);
}

#[test]
fn node_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Node);
}

#[test]
fn python_is_refused_a_large_input() {
    refuses_a_large_start(Sdk::Python);
}

/// Go starts a workflow and runs it. Python runs its activity, and Java its child.
#[test]
fn mixed_sdks_work_for_each_other() {
    for (sdk, step) in [(Sdk::Python, "activity"), (Sdk::Java, "child")] {
        let other = request(server(), "worker", SMALL, &[]);
        let _other = Program::start(sdk, &other);
        let mut request = request(server(), "both", SMALL, &[step]);
        request["other_queue"] = other["task_queue"].clone();
        passes(Sdk::Go, &request);
    }
}

/// Without a gateway the server has inputs, failure texts and stack traces in the clear: the search
/// for canaries finds them.
#[test]
fn python_leaves_canaries_without_a_gateway() {
    let server = DevServer::start(DevOptions::default());
    passes(Sdk::Python, &request(&server, "both", SMALL, &["failure", "panic"]));
    let found = canary::found(&[server.folder()]);
    for half in canary::halves() {
        assert!(found.iter().any(|one| one.starts_with(half)), "{half} is not in {found:?}");
    }
}
