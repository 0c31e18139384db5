//! Beside workers and clients with DataDog's codec for large payloads, which know no gateway.

use std::fs;

use cloakroom_tests::{
    LARGE_PAYLOADS,
    rigs::{self, temporal},
};
use serde_json::{Value, json};

use super::{
    behind::gateway,
    program::{Program, Sdk},
    scenario::{LARGE, passes, request},
};
use crate::worker::server;

/// Ways of a payload, both to the worker and back.
const WAYS: [&str; 5] = ["start", "activity", "child", "signal", "update"];

/// Returns the payloads of a workflow's input, as the server has them.
fn input(id: &str) -> Value {
    let mut show = temporal(&server().target());
    show.args(["workflow", "show", "-o", "json", "--no-json-shorthand-payloads", "-w", id]);
    let shown: Value = serde_json::from_slice(&show.output().unwrap().stdout).unwrap();
    shown["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"].clone()
}

/// Each side reads what the other wrote, and both write the same bytes for the same input.
#[test]
fn go_and_datadogs_codec_read_what_the_plugin_writes_and_it_reads_theirs() {
    let service = rigs::large_payloads().url();
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("remote.wasm");
    fs::write(&plugin, LARGE_PAYLOADS).unwrap();
    let tables = format!(
        "[[stage]]\nplugin = \"file:{}\"\nsettings = {{ service = \"lps\" }}\n\
         grants.services = [\"lps\"]\n[services.lps]\nurl = \"{service}/\"\n",
        plugin.display()
    );
    let gateway = gateway(server(), &[&tables], "");
    let mut inputs = Vec::new();
    for is_theirs in [true, false] {
        // With their codec at the server itself, and without it at the gateway.
        let (server, gateway) = (server().target(), gateway.target());
        let (worker, client) = if is_theirs { (server, gateway) } else { (gateway, server) };
        let mut worker = request(&worker, "worker", LARGE, &[]);
        let mut client = request(&client, "client", LARGE, &WAYS);
        client["id"] = "beside-datadog".into();
        client["task_queue"] = worker["task_queue"].clone();
        let with_codec = if is_theirs { &mut worker } else { &mut client };
        with_codec["large_payloads"] = json!(service);
        let _worker = Program::start(Sdk::Go, &worker);
        passes(Sdk::Go, &client);
        inputs.push(input("beside-datadog-start"));
    }
    let [ours, theirs] = &inputs[..] else { unreachable!() };
    assert_eq!(ours, theirs);
    let mark = |payload: &&Value| payload["metadata"]["temporal.io/remote-codec"] == "djI=";
    assert_eq!(ours.as_array().unwrap().iter().filter(mark).count(), 1, "{ours}");
}
