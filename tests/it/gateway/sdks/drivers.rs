//! Beside workers and clients that store with their SDK's own S3 driver, and know no gateway.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{
    rigs::{self, temporal},
    s3_storage,
};
use serde_json::{Value, json};

use super::{
    behind::gateway,
    program::{Program, Sdk},
    scenario::{LARGE, fails, passes, request},
};
use crate::worker::server;

/// The steps for which an SDK needs no gateway, because its own driver takes what is large.
const DRIVEN: [&str; 6] = ["start", "activity", "child", "signal", "query", "update"];

/// Returns the keys of the objects that the start of a workflow refers to.
fn start_keys(id: &str) -> Vec<String> {
    let mut show = temporal(&server().target());
    show.args(["workflow", "show", "-o", "json", "--no-json-shorthand-payloads", "-w", id]);
    let shown: Value = serde_json::from_slice(&show.output().unwrap().stdout).unwrap();
    let started = &shown["events"][0]["workflowExecutionStartedEventAttributes"];
    let payloads = started["input"]["payloads"].as_array().unwrap();
    let key = |payload: &Value| {
        let reference = STANDARD.decode(payload["data"].as_str().unwrap()).unwrap();
        let reference: Value = serde_json::from_slice(&reference).unwrap();
        reference["claimData"]["key"].as_str().unwrap().to_owned()
    };
    payloads.iter().map(key).collect()
}

/// A worker with the driver reads what a client sends through the gateway, and the other way round.
/// Both put the same input under the same key.
fn meets_the_driver(sdk: Sdk, bucket: &str) {
    let endpoint = rigs::moto().url();
    rigs::bucket(&endpoint, bucket);
    let gateway = gateway(server(), &[&s3_storage(&endpoint, bucket)], "");
    let driver = json!({ "endpoint": endpoint, "bucket": bucket });
    let mut keys = Vec::new();
    for is_driven in [true, false] {
        // With the driver at the server itself, and without it at the gateway.
        let (server, gateway) = (server().target(), gateway.target());
        let (worker, client) = if is_driven { (server, gateway) } else { (gateway, server) };
        let mut worker = request(&worker, "worker", LARGE, &[]);
        let mut client = request(&client, "client", LARGE, &DRIVEN);
        client["id"] = bucket.into();
        client["task_queue"] = worker["task_queue"].clone();
        let with_driver = if is_driven { &mut worker } else { &mut client };
        with_driver["s3"] = driver.clone();
        let _worker = Program::start(sdk, &worker);
        passes(sdk, &client);
        keys.push(start_keys(&format!("{bucket}-start")));
    }
    assert_eq!(keys[0], keys[1], "{sdk}");
    assert_eq!(keys[0].len(), 1);
}

#[test]
fn go_and_its_s3_driver_share_objects_with_the_gateway() {
    meets_the_driver(Sdk::Go, "beside-go");
}

#[test]
fn python_and_its_s3_driver_share_objects_with_the_gateway() {
    meets_the_driver(Sdk::Python, "beside-python-sdk");
}

/// With the driver alone, twenty inputs of 250 kB end the workflow: each stays below its threshold.
#[test]
fn go_dies_of_a_fan_with_its_s3_driver() {
    let (endpoint, bucket) = (rigs::moto().url(), "go-alone");
    rigs::bucket(&endpoint, bucket);
    let mut fan = request(&server().target(), "both", 250_000, &["fan"]);
    fan["s3"] = json!({ "endpoint": endpoint, "bucket": bucket });
    let error = fails(Sdk::Go, &fan);
    assert!(error.contains("terminated"), "{error}");
}
