//! Workers and clients on the official SDKs, as they come, through the gateway.

use serde_json::json;

use super::{
    behind::Behind,
    program::{Program, Sdk},
    scenario::{FANNED, LARGE, STEPS, fails, passes, request},
};
use crate::worker::server;

/// Takes every step with 3 MB. The server, the store and the gateway's log see nothing of it.
fn passes_large_payloads(sdk: Sdk) {
    let behind = Behind::shared();
    let mut request = request(&behind.gateway.target(), "both", LARGE, &STEPS);
    request["sizes"] = json!({ "fan": FANNED });
    if sdk == Sdk::Node {
        // A description has the memo twice, a failure has the details of its cause, and this client
        // takes 4 MiB.
        request["sizes"]["memo"] = json!(2_000_000);
        request["sizes"]["failure"] = json!(1_900_000);
    }
    passes(sdk, &request);
    behind.has_no_canary();
}

#[test]
fn go_passes_large_payloads() {
    passes_large_payloads(Sdk::Go);
}

#[test]
fn java_passes_large_payloads() {
    passes_large_payloads(Sdk::Java);
}

#[test]
fn node_passes_large_payloads() {
    passes_large_payloads(Sdk::Node);
}

#[test]
fn python_passes_large_payloads() {
    passes_large_payloads(Sdk::Python);
}

/// The input of a workflow, and its result.
fn passes_thirty_megabytes(sdk: Sdk) {
    let behind = Behind::shared();
    passes(sdk, &request(&behind.gateway.target(), "both", 30_000_000, &["start"]));
    behind.has_no_canary();
}

#[test]
fn java_passes_thirty_megabytes() {
    passes_thirty_megabytes(Sdk::Java);
}

#[test]
fn python_passes_thirty_megabytes() {
    passes_thirty_megabytes(Sdk::Python);
}

/// Twenty inputs of 250 kB end the workflow without the gateway: each is small enough, and their
/// message is not. With the gateway, `fan` is one of the steps above.
fn dies_of_a_fan(sdk: Sdk) {
    // Another server than the one in which no canary may be.
    let error = fails(sdk, &request(&server().target(), "both", FANNED, &["fan"]));
    assert!(error.contains("terminated") || error.contains("Terminated"), "{sdk}: {error}");
}

#[test]
fn go_dies_of_a_fan() {
    dies_of_a_fan(Sdk::Go);
}

#[test]
fn java_dies_of_a_fan() {
    dies_of_a_fan(Sdk::Java);
}

#[test]
fn node_dies_of_a_fan() {
    dies_of_a_fan(Sdk::Node);
}

#[test]
fn python_dies_of_a_fan() {
    dies_of_a_fan(Sdk::Python);
}

/// Go starts a workflow and runs it. Python runs its activity, and Java its child.
#[test]
fn mixed_sdks_pass_large_payloads() {
    let behind = Behind::shared();
    for (sdk, step) in [(Sdk::Python, "activity"), (Sdk::Java, "child")] {
        let other = request(&behind.gateway.target(), "worker", LARGE, &[]);
        let _other = Program::start(sdk, &other);
        let mut request = request(&behind.gateway.target(), "both", LARGE, &[step]);
        request["other_queue"] = other["task_queue"].clone();
        passes(Sdk::Go, &request);
    }
    behind.has_no_canary();
}
