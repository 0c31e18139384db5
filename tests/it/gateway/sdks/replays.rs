//! Workers that replay a workflow from its history: they store nothing, and what the workflow once sent
//! is not fetched.

use std::{
    fs,
    sync::{Mutex, OnceLock, PoisonError},
};

use cloakroom_tests::{
    poll_until,
    rigs::{self, GatewayProcess, Tamper, temporal},
    s3_storage,
};
use serde_json::{Value, json};

use super::{
    behind::{SEALING, gateway},
    program::{Program, Sdk},
    scenario::request,
};
use crate::worker::server;

/// Objects that a worker is sent when it replays `rest`: the workflow's input, and the results of a
/// local activity, of an activity and of a child.
const READ: usize = 4;

/// The other objects: the inputs of the activity and of the child, and of the signal to the child.
const SENT: usize = 3;

/// Java keeps the input of a local activity beside its result, in a marker that a replay reads.
const IN_MARKER: usize = 1;

/// A gateway that caches nothing, and the store that counts its requests.
struct Counted {
    store: Tamper,
    gateway: GatewayProcess,
}

impl Counted {
    /// Returns the one that all SDKs share.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Counted> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (moto, bucket) = (rigs::moto(), "sdk-replays");
            rigs::bucket(&moto.url(), bucket);
            let store = Tamper::new(moto.address());
            // Each sealing is another object, so that what is sent and what comes back are two.
            let sealing = SEALING.replace("repeatable = true", "repeatable = false");
            let gateway = gateway(server(), &[&sealing, &s3_storage(&store.url(), bucket)], "");
            Self { store, gateway }
        })
    }

    /// Returns how many objects were written and read since this was asked last.
    fn requests(&self) -> (usize, usize) {
        let seen = self.store.seen();
        let count = |method| seen.iter().filter(|seen| *seen == method).count();
        (count("PUT"), count("GET"))
    }

    /// Runs the command line with a file, through the gateway.
    fn run(&self, args: &[&str]) -> Value {
        let output = temporal(&self.gateway.target()).args(args).output().unwrap();
        let says = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {says}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }
}

/// Returns the events of a workflow's history, as the server has it.
fn events(id: &str) -> Vec<String> {
    let mut show = temporal(&server().target());
    let shown = show.args(["workflow", "show", "-w", id, "-o", "json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    let events = shown["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
}

/// A worker carries a parcel in several ways, and rests. Another worker, which knows nothing, goes on.
/// Later a query asks the workflow that has ended.
fn replays(sdk: Sdk, stored: usize, read: usize) {
    static TURN: Mutex<()> = Mutex::new(());
    // Requests are counted for one SDK at a time.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = Counted::shared();
    let asked = request(&counted.gateway.target(), "worker", 0, &[]);
    let queue = asked["task_queue"].as_str().unwrap();
    let id = format!("{queue}-rest");
    let parcel = hex::encode(cloakroom_tests::noise(300_000));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("order.json");
    fs::write(&file, json!({ "way": "rest", "parcel": parcel }).to_string()).unwrap();
    let first = Program::start(sdk, &asked);
    counted.requests();
    // A task that times out is handed out again, and read again.
    let start = ["workflow", "start", "--type", "Courier", "--task-timeout", "2m", "-t", queue];
    let input = ["-w", &id, "--input-file", file.to_str().unwrap()];
    counted.run(&[&start[..], &input].concat());
    let child = "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED";
    poll_until("the workflow rests", || {
        let events = events(&id);
        let is_still = events.last().is_some_and(|last| last.ends_with("TASK_COMPLETED"));
        is_still && events.iter().any(|event| event == child)
    });
    assert_eq!(counted.requests().0, stored, "{sdk}: other objects than expected");
    assert!(first.leave(), "{sdk} leaves with an error");

    let _second = Program::start(sdk, &asked);
    counted.requests();
    counted.run(&["workflow", "signal", "--name", "add", "-w", &id, "-i", "\"done\""]);
    let completed = "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED";
    poll_until("the workflow completes", || events(&id).iter().any(|event| event == completed));
    // It stores its result, and nothing again.
    assert_eq!(counted.requests(), (1, read), "{sdk}: the replay of a run");
    let result = counted.run(&["workflow", "result", "-w", &id, "-o", "json"]);
    assert!(result["result"] == parcel, "{sdk}: {}", result["status"]);

    counted.requests();
    let query = ["workflow", "query", "--type", "stage", "-w", &id, "-o", "json"];
    let stage = counted.run(&query);
    assert_eq!(stage["queryResult"], json!(["ended"]), "{sdk}: {stage}");
    // Where everything is read, the result is too.
    let ended = if read == stored { read + 1 } else { read };
    assert_eq!(counted.requests(), (0, ended), "{sdk}: the replay of a run that has ended");
}

#[test]
fn python_replays_without_what_it_sent() {
    replays(Sdk::Python, READ + SENT, READ);
}

#[test]
fn node_replays_without_what_it_sent() {
    replays(Sdk::Node, READ + SENT, READ);
}

#[test]
fn java_replays_without_what_it_sent() {
    replays(Sdk::Java, READ + SENT + IN_MARKER, READ + IN_MARKER);
}

/// It looks through every payload of a task before it replays.
#[test]
fn go_replays_and_reads_everything_once() {
    replays(Sdk::Go, READ + SENT, READ + SENT);
}
