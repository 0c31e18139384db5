//! Official SDKs, while an object that they need cannot be read.

use cloakroom_tests::rigs::{bucket, moto};
use tokio::runtime::Runtime;

use super::{
    program::{Program, Sdk},
    scenario::request,
};
use crate::{
    gateway::undecodable::rig::{Rig, wait_for_failure},
    worker::unique,
};

/// A payload that is stored.
const STORED: usize = 600_000;

/// A worker gets no task while its input cannot be read, and the workflow completes afterwards.
fn completes_when_the_object_is_back(sdk: Sdk) {
    let runtime = Runtime::new().unwrap();
    let rig = runtime.block_on(Rig::start("sdk"));
    rig.spoil();
    let asked = request(&rig.gateway.address.to_string(), "both", STORED, &["activity"]);
    let program = Program::start(sdk, &asked);
    let id = format!("{}-activity", asked["id"].as_str().unwrap());
    runtime.block_on(wait_for_failure(&id));
    rig.mend();
    let line = program.next();
    assert!(line["ok"] == true, "{sdk}: {line}\n{}", program.log());
    assert!(program.end());
    runtime.block_on(rig.gateway.end());
}

/// A client waits for a result that cannot be read. It gets an error that names the cause.
fn a_client_gets_the_cause(sdk: Sdk) {
    let runtime = Runtime::new().unwrap();
    let name = unique("sdk-client");
    bucket(&moto().url(), &name);
    let rig = runtime.block_on(Rig::on(&name, ""));
    let reading = runtime.block_on(Rig::on(&name, ""));
    reading.spoil();
    let worker = request(&rig.gateway.address.to_string(), "worker", STORED, &[]);
    let _worker = Program::start(Sdk::Python, &worker);
    let address = reading.gateway.address.to_string();
    let mut asked = request(&address, "client", STORED, &["start"]);
    asked["task_queue"] = worker["task_queue"].clone();
    let program = Program::start(sdk, &asked);
    let line = program.next();
    let error = line["error"].as_str().unwrap_or_default();
    let names_cause = error.contains("SHA-256 differs") && error.contains("storage aws.s3driver");
    assert!(line["ok"] == false && names_cause, "{sdk}: {line}\n{}", program.log());
    assert!(!program.end());
}

#[test]
fn go_completes_when_the_object_is_back() {
    completes_when_the_object_is_back(Sdk::Go);
}

#[test]
fn java_completes_when_the_object_is_back() {
    completes_when_the_object_is_back(Sdk::Java);
}

#[test]
fn python_completes_when_the_object_is_back() {
    completes_when_the_object_is_back(Sdk::Python);
}

#[test]
fn a_client_in_go_gets_the_cause() {
    a_client_gets_the_cause(Sdk::Go);
}

#[test]
fn a_client_in_java_gets_the_cause() {
    a_client_gets_the_cause(Sdk::Java);
}

#[test]
fn a_client_in_python_gets_the_cause() {
    a_client_gets_the_cause(Sdk::Python);
}
