//! Requests that do not fit, on each SDK: the server gets none of them, the task fails with the reason,
//! and nobody sends the same again for ever.

use cloakroom_tests::{poll_until, rigs::temporal};
use serde_json::{Value, json};

use super::{
    behind::{Behind, IN_FOLDER, SEALING, gateway},
    program::{Program, Sdk},
    scenario::{LARGE, fails, request},
};

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

fn does_not_send_what_does_not_fit(sdk: Sdk) {
    let storing = Behind::shared();
    let objects = format!("file:{}", storing.gateway.folder().join("objects").display());
    let folder = IN_FOLDER.replace("file:objects", &objects);
    let full = gateway(&storing.server, &[SEALING, &folder, STORES_NOTHING], "");
    let (storing, full, server) =
        (storing.gateway.target(), full.target(), storing.server.target());
    let asked = |address: &str, role, steps: &[&str], worker: &Value| {
        let mut request = request(address, role, LARGE, steps);
        if !worker.is_null() {
            request["task_queue"] = worker["task_queue"].clone();
        }
        request
    };
    let none = Value::Null;

    let error = fails(sdk, &asked(&full, "client", &["start"], &none));
    assert!(error.contains(REASON), "{sdk}: {error}");

    // The workflow task that schedules the activity, and the answer to a query.
    let worker = asked(&full, "worker", &[], &none);
    let running = Program::start(sdk, &worker);
    let client = asked(&storing, "client", &["activity"], &worker);
    let waiting = Program::start(sdk, &client);
    let id = format!("{}-activity", client["id"].as_str().unwrap());
    let history = shows(&server, "show", &id, REASON);
    assert!(history.contains("PAYLOADS_TOO_LARGE"), "{sdk}: {history}");
    let described = shows(&server, "describe", &id, "\"status\"");
    assert!(described.contains("RUNNING"), "{sdk}: {described}");
    drop(waiting);
    // A caller may give up before its query is handed out, and each SDK says so in its own words.
    poll_until("a query is answered with the reason", || {
        fails(sdk, &asked(&storing, "client", &["query"], &worker)).contains(REASON)
    });
    drop(running);

    // The result of an activity, whose workflow is another worker's.
    let (activities, workflows) =
        (asked(&full, "worker", &[], &none), asked(&storing, "worker", &[], &none));
    let [other, _running] = [&activities, &workflows].map(|request| Program::start(sdk, request));
    let mut client = asked(&storing, "client", &["activity"], &workflows);
    client["other_queue"] = activities["task_queue"].clone();
    let waiting = Program::start(sdk, &client);
    let id = format!("{}-activity", client["id"].as_str().unwrap());
    let described = shows(&server, "describe", &id, "PayloadsTooLarge");
    assert!(described.contains(REASON), "{sdk}: {described}");
    drop(waiting);

    // A heartbeat. Its answer cancels the activity, which has failed at the server.
    client["steps"] = json!(["beat"]);
    let _waiting = Program::start(sdk, &client);
    let id = format!("{}-beat", client["id"].as_str().unwrap());
    let described = shows(&server, "describe", &id, "PayloadsTooLarge");
    assert!(described.contains(REASON), "{sdk}: {described}");
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
