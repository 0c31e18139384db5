//! Answers that a client cannot receive.

use serde_json::Value;

use super::{
    behind::{Behind, IN_FOLDER, SEALING, gateway},
    program::{Program, Sdk},
    scenario::{fails, passes, request},
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
