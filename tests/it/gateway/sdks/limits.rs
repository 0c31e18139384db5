//! Answers that a client cannot receive, and histories that are cut for it.

use std::sync::OnceLock;

use cloakroom_tests::rigs::GatewayProcess;
use serde_json::Value;

use super::{
    behind::{Behind, IN_FOLDER, SEALING, gateway},
    program::{Program, Sdk},
    scenario::{LARGE, fails, passes, request},
};
use crate::worker::server;

/// More than the client of the TypeScript SDK receives: 4 MiB.
const SIZE: usize = 5_000_000;

/// Returns a request of a client, whose workflows Go runs.
fn client(gateway: &str) -> (Program, Value) {
    let worker = request(gateway, "worker", SIZE, &[]);
    let mut client = request(gateway, "client", SIZE, &["start"]);
    client["task_queue"] = worker["task_queue"].clone();
    (Program::start(Sdk::Go, &worker), client)
}

/// The gateway sends no answer that the client would ask for again and again. It names sizes and
/// settings.
#[test]
fn node_is_told_why_it_cannot_read_five_megabytes() {
    let (_worker, client) = client(&Behind::shared().gateway.target());
    let error = fails(Sdk::Node, &client);
    assert!(error.contains("grpc-node-js receives no more than 4,194,304"), "{error}");
}

/// The client's limit and the gateway's are both raised.
#[test]
fn node_reads_five_megabytes_with_both_limits_raised() {
    let raised = "[[gateway.temporal.client]]\nuser_agent = \"grpc-node-js\"\nanswer = \"128MiB\"";
    let gateway = gateway(server(), &[SEALING, IN_FOLDER], raised);
    let (_worker, mut client) = client(&gateway.target());
    client["receive"] = (128 << 20).into();
    passes(Sdk::Node, &client);
}

/// The history has 12 MB. Each of its events fits.
#[test]
fn node_reads_a_history_of_twelve_megabytes_in_pages() {
    passes(Sdk::Node, &request(&Behind::shared().gateway.target(), "both", LARGE, &["history"]));
}

/// Workers that cache nothing replay histories that are several times as large as what they receive: with
/// an update, whose events the server has not stored, with a query, with many results in one task, and
/// after a reset.
fn replays_in_pages(sdk: Sdk) {
    static GATEWAY: OnceLock<GatewayProcess> = OnceLock::new();
    let gateway = GATEWAY.get_or_init(|| {
        let limit = |agent| {
            format!("[[gateway.temporal.client]]\nuser_agent = \"{agent}\"\nanswer = \"150KiB\"\n")
        };
        let limits = ["tonic", "grpc-go", "grpc-java"].map(limit).concat();
        gateway(server(), &[SEALING, IN_FOLDER], &limits)
    });
    let steps = ["activity", "child", "query", "update", "fan", "reset"];
    let mut request = request(&gateway.target(), "both", 60_000, &steps);
    request["cached"] = 0.into();
    request["sizes"]["fan"] = 40_000.into();
    passes(sdk, &request);
}

#[test]
fn go_replays_a_history_in_pages() {
    replays_in_pages(Sdk::Go);
}

#[test]
fn java_replays_a_history_in_pages() {
    replays_in_pages(Sdk::Java);
}

#[test]
fn python_replays_a_history_in_pages() {
    replays_in_pages(Sdk::Python);
}
