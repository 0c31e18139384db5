//! Gateways that are killed, workers that leave, and two gateways side by side.

use std::{fs, path::Path, thread::scope};

use cloakroom_tests::{
    poll_until,
    rigs::{self, temporal},
    s3_storage,
};
use serde_json::json;

use super::{
    behind::{Behind, IN_FOLDER, SEALING, gateway},
    program::{Program, Sdk},
    scenario::{FANNED, LARGE, passes, passes_and, request},
};
use crate::worker::server;

/// Returns the number of files in a folder and its subfolders.
fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// Three times the gateway is killed while two programs work through it. Every workflow ends with what
/// it was given, and each of twenty activities is completed once.
#[test]
fn a_gateway_that_is_killed_under_load_loses_no_workflow() {
    let gateway = gateway(server(), &[SEALING, IN_FOLDER], "");
    let asked = |steps| {
        let mut asked = request(&gateway.target(), "both", LARGE, steps);
        asked["sizes"] = json!({ "fan": FANNED });
        // A task that was on its way to the worker is lost, as with a worker that is killed: the
        // server gives it to a worker again after this time.
        asked["activity_seconds"] = json!(20);
        asked
    };
    let driving = asked(&["start", "child", "activity", "signal_with_start", "memo"]);
    let beside = asked(&["fan", "child", "activity", "update"]);
    scope(|scope| {
        let other = scope.spawn(|| passes(Sdk::Go, &beside));
        let objects = gateway.folder().join("objects");
        passes_and(Sdk::Go, &driving, |step| {
            if !["start", "child", "activity"].contains(&step) {
                return;
            }
            // In the middle of calls: something was stored since, and nobody waits for an end.
            let before = count(&objects);
            poll_until(&format!("something is stored after {step}"), || {
                count(&objects) != before || other.is_finished()
            });
            gateway.crash();
        });
    });
    let id = format!("{}-fan", beside["id"].as_str().unwrap());
    let mut show = temporal(&gateway.target());
    let shown = show.args(["workflow", "show", "-o", "json", "-w", &id]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(shown.matches("EVENT_TYPE_ACTIVITY_TASK_COMPLETED").count(), 20);
    let starts = gateway.log().matches("opened the configuration").count();
    assert_eq!(starts, 4, "it was killed three times");
}

/// A worker in Go is behind one gateway, and a client in Python behind the other.
#[test]
fn two_gateways_side_by_side_are_as_one() {
    let (endpoint, bucket) = (rigs::moto().url(), "side-by-side");
    rigs::bucket(&endpoint, bucket);
    let storage = s3_storage(&endpoint, bucket);
    let start = || gateway(server(), &[SEALING, &storage], "");
    let (one, other) = (start(), start());
    let worker = request(&one.target(), "worker", LARGE, &[]);
    let _worker = Program::start(Sdk::Go, &worker);
    let steps = ["activity", "query", "update", "signal_with_start", "memo", "schedule", "reset"];
    let mut client = request(&other.target(), "client", LARGE, &steps);
    client["task_queue"] = worker["task_queue"].clone();
    passes(Sdk::Python, &client);
}

/// A worker leaves while its polls are open, and another takes its place.
fn leaves(sdk: Sdk) {
    let behind = Behind::shared();
    let worker = request(&behind.gateway.target(), "worker", LARGE, &[]);
    for _ in 0..2 {
        let running = Program::start(sdk, &worker);
        let mut client = request(&behind.gateway.target(), "client", LARGE, &["activity"]);
        client["task_queue"] = worker["task_queue"].clone();
        passes(Sdk::Go, &client);
        assert!(running.leave(), "{sdk} leaves with an error");
    }
}

#[test]
fn workers_leave_in_the_middle_of_calls() {
    leaves(Sdk::Go);
    leaves(Sdk::Python);
}
