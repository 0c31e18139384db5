//! Requests that do not fit, on each SDK: the server gets none of them, the task fails with the reason,
//! and nobody sends the same again for ever.

use cloakroom_tests::{
    poll_until,
    rigs::{DevServer, GatewayProcess, temporal},
};
use serde_json::Value;

use super::{
    behind::{Behind, IN_FOLDER, SEALING, gateway},
    program::{Program, Sdk},
    scenario::{LARGE, fails, request, start_by_hand},
};
use crate::worker::unique;

/// Reads what the other gateway stored, but stores nothing itself, so that a large payload does not fit.
const STORES_NOTHING: &str = r#"
    [[storage.rule]]
    store_with = "inline"

    [temporal]
    field = "256KiB"
"#;

/// Start of the reason.
const REASON: &str = "the encoded field has";

/// Waits until the command line shows a text for a workflow, and returns all that it shows then.
pub(super) fn shows(target: &str, command: &str, id: &str, text: &str) -> String {
    let mut shown = String::new();
    poll_until(&format!("{id} shows {text}"), || {
        let mut show = temporal(target);
        let output = show.args(["workflow", command, "-w", id, "-o", "json"]).output().unwrap();
        shown = String::from_utf8_lossy(&output.stdout).into_owned();
        shown.contains(text)
    });
    shown
}

/// Requests of clients, none of which is sent. The last three end or extend an activity that is running.
const CLIENT: [&str; 9] = [
    "start",
    "signal",
    "signal_with_start",
    "update",
    "update_with_start",
    "schedule",
    "async_completion",
    "async_by_id",
    "beat_by_id",
];

/// A gateway that stores what is large, and one that has nowhere to put it.
struct Rig {
    storing: String,
    full: GatewayProcess,
}

impl Rig {
    fn start() -> Self {
        let storing = Behind::shared();
        let full = tight(&storing.server, &storing.gateway, "");
        Self { storing: storing.gateway.target(), full }
    }

    /// Starts a workflow through the gateway that stores, and waits until its history has the reason and
    /// this text.
    fn history_has(&self, worker: &Value, way: &str, other: &Value, text: &str) {
        let other = other["task_queue"].as_str().unwrap_or_default();
        let id = start_by_hand(&self.storing, worker, way, LARGE, other);
        let history = shows(&Behind::shared().server.target(), "show", &id, REASON);
        assert!(history.contains(text), "{way}: {history}");
    }
}

/// Starts a gateway that reads what `storing` stored, and stores nothing itself.
pub(super) fn tight(server: &DevServer, storing: &GatewayProcess, tables: &str) -> GatewayProcess {
    let objects = format!("file:{}", storing.folder().join("objects").display());
    let folder = IN_FOLDER.replace("file:objects", &objects);
    gateway(server, &[SEALING, &folder, STORES_NOTHING, tables], "")
}

fn does_not_send_what_does_not_fit(sdk: Sdk) {
    let rig = Rig::start();
    clients_get_the_reason(sdk, &rig);
    workflow_tasks_and_queries_fail(sdk, &rig);
    activities_fail(sdk, &rig);
}

/// Requests of a client get the reason, or end the activity with it.
fn clients_get_the_reason(sdk: Sdk, rig: &Rig) {
    let mut asked = request(&rig.full.target(), "both", LARGE, &CLIENT);
    asked["go_on"] = true.into();
    let program = Program::start(sdk, &asked);
    for step in CLIENT {
        let line = program.next();
        let error = line["error"].as_str().unwrap_or_default();
        // A heartbeat is answered as one of an activity that is to be cancelled.
        let is_told = match step {
            "beat_by_id" => error.to_lowercase().contains("cancel"),
            _ => error.contains(REASON),
        };
        assert!(line["step"] == step && is_told, "{sdk}: {line}\n{}", program.log());
    }
    assert!(!program.end(), "{sdk} had errors");
    let id = format!("{}-beat_by_id", asked["id"].as_str().unwrap());
    shows(&Behind::shared().server.target(), "show", &id, REASON);
}

/// A command, the texts of a failure of a workflow task, and the answer to a query.
fn workflow_tasks_and_queries_fail(sdk: Sdk, rig: &Rig) {
    let worker = request(&rig.full.target(), "worker", LARGE, &[]);
    let _running = Program::start(sdk, &worker);
    rig.history_has(&worker, "activity", &Value::Null, "PAYLOADS_TOO_LARGE");
    rig.history_has(&worker, "burst", &Value::Null, "PAYLOADS_TOO_LARGE");
    let mut client = request(&rig.storing, "client", LARGE, &["query"]);
    client["task_queue"] = worker["task_queue"].clone();
    // A caller may give up before its query is handed out, and each SDK says so in its own words.
    poll_until("a query is answered with the reason", || {
        client["id"] = unique("query").into();
        fails(sdk, &client).contains(REASON)
    });
}

/// The result of an activity, its failure, and a heartbeat, of workflows that run on another worker. The
/// answer to the heartbeat cancels the activity, which has failed at the server.
fn activities_fail(sdk: Sdk, rig: &Rig) {
    let activities = request(&rig.full.target(), "worker", LARGE, &[]);
    let workflows = request(&rig.storing, "worker", LARGE, &[]);
    let [other, _running] = [&activities, &workflows].map(|asked| Program::start(sdk, asked));
    rig.history_has(&workflows, "fail", &activities, "PayloadsTooLarge");
    for way in ["activity", "beat"] {
        let queue = activities["task_queue"].as_str().unwrap();
        let id = start_by_hand(&rig.storing, &workflows, way, LARGE, queue);
        let target = Behind::shared().server.target();
        let described = shows(&target, "describe", &id, "PayloadsTooLarge");
        assert!(described.contains(REASON), "{sdk}: {described}");
    }
    let line = other.next();
    assert_eq!(line["step"], "cancelled", "{sdk}: {line}");
}

#[test]
fn go_does_not_send_what_does_not_fit() {
    does_not_send_what_does_not_fit(Sdk::Go);
}

#[test]
fn java_does_not_send_what_does_not_fit() {
    does_not_send_what_does_not_fit(Sdk::Java);
}

#[test]
fn node_does_not_send_what_does_not_fit() {
    does_not_send_what_does_not_fit(Sdk::Node);
}

#[test]
fn python_does_not_send_what_does_not_fit() {
    does_not_send_what_does_not_fit(Sdk::Python);
}

/// Its client receives 4 MiB, and asks again for ever if an answer has more.
#[test]
fn node_is_told_that_an_answer_is_too_large() {
    let target = Behind::shared().gateway.target();
    let error = fails(Sdk::Node, &request(&target, "both", 5_000_000, &["start"]));
    assert!(error.contains("grpc-node-js receives no more than 4,194,304"), "{error}");
    assert!(error.contains("gateway.temporal.client.answer"), "{error}");
}
