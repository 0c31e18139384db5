//! Metrics and log lines of a gateway, as an operator reads them: all that happened, and no value.

use std::{fs, net::SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{
    KEY, poll_until,
    rigs::{GatewayProcess, free_port},
};
use prost::Message as _;
use temporalio_common::protos::temporal::api::{
    command::v1::{CompleteWorkflowExecutionCommandAttributes, command::Attributes as Write},
    common::v1::{Payload, Payloads},
};

use super::{
    canary::{CANARY, halves},
    inputs::{payload, read, start_request},
    namespaces::by_hand::{Side, queue},
    raw::call,
};
use crate::{
    cli::binary,
    codec_server::client::ask,
    worker::{server, unique},
};

/// Encrypts and stores nothing, so that what is large does not fit.
const STAGE: &str = r#"
    [[stage]]
    plugin = "bundled:aes-gcm"
    required = true
    settings = { ring = "payments" }
    grants.keys = ["payments"]

    [keys.payments]
    current = "2026-11"
    material = { "2026-11" = { file = "payments.key" } }
"#;

/// A gateway, and the address of its metrics.
fn start() -> (GatewayProcess, SocketAddr) {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let table = format!(
        "[gateway.temporal]\nupstream = \"{}\"\nmetrics_listen = \"{metrics}\"\n",
        server().url()
    );
    let files = [("cloakroom.toml", &*(STAGE.to_owned() + &table))];
    let key = STANDARD.encode(KEY);
    (GatewayProcess::start(binary(), &[files[0], ("payments.key", &key)]), metrics)
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path}"), &[], b"").body
}

/// Returns the value of a series, which has these labels in any order.
#[track_caller]
fn value(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |line: &&str| {
        let labels = labels.iter().map(|(label, value)| format!("{label}=\"{value}\""));
        line.starts_with(name) && labels.into_iter().all(|label| line.contains(&label))
    };
    let found: Vec<_> = metrics.lines().filter(has).collect();
    let [line] = found[..] else { panic!("{name} {labels:?}: {found:?} in {metrics}") };
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Data and metadata hold the canary.
fn marked(data: &[u8]) -> Payload {
    let mut marked = payload("json/plain", &[CANARY.as_bytes(), data].concat());
    marked.metadata.insert("note".to_owned(), CANARY.into());
    marked
}

/// Waits for a line of the log that has all these parts, at WARN.
fn logs(gateway: &GatewayProcess, parts: &[&str]) {
    poll_until(&format!("a line with {parts:?}"), || {
        let log = gateway.log();
        let warned = log.lines().filter(|line| line.contains(" WARN "));
        warned.into_iter().any(|line| parts.iter().all(|part| line.contains(part)))
    });
}

/// Nobody learns a payload, the value of a metadata entry, or a key.
fn keeps_values_to_itself(text: &str, place: &str) {
    let key = String::from_utf8(KEY.to_vec()).unwrap();
    let base64 = STANDARD.encode(CANARY);
    let secrets = [&key, &STANDARD.encode(KEY), &hex::encode(KEY), &hex::encode(CANARY), &base64];
    for secret in secrets.into_iter().map(String::as_str).chain(halves()) {
        assert!(!text.contains(secret), "{place} holds {secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_goes_wrong_is_counted_and_logged_without_a_value() {
    let (gateway, metrics) = tokio::task::block_in_place(start);
    let address: SocketAddr = gateway.target().parse().unwrap();
    let direct: SocketAddr = server().target().parse().unwrap();
    let ask = async |method: &str, message: Vec<u8>| call(address, method, &[], &message).await;
    let said = |text: &str| keeps_values_to_itself(text, "an answer");

    // Plaintext where a stage is required: a history that is read, and a task.
    let (id, name) = (unique("observed"), unique("observed"));
    let mut request = start_request("default", &id, vec![marked(b"")]);
    request.task_queue = queue(&name);
    let begun = call(direct, "StartWorkflowExecution", &[], &request.encode_to_vec()).await;
    assert_eq!(begun.code, "0", "{}", begun.message);
    let refused = read(address, &id).await;
    assert_ne!(refused.code, "0");
    said(&refused.message);
    let mut worker = Side::connect(&gateway.url(), "default").await;
    worker.queue.clone_from(&name);
    let polling = tokio::spawn(async move { worker.poll().await });
    tokio::task::block_in_place(|| {
        logs(&gateway, &["answered for the worker", "kind=\"unsealed\"", "task=\"workflow\"", &id]);
        logs(&gateway, &["a call failed", "GetWorkflowExecutionHistory", "kind=\"unsealed\""]);
    });
    polling.abort();

    // What does not fit: of a client, and of a worker, whose task is failed.
    let large = marked(&cloakroom_tests::noise(3_000_000));
    let request = start_request("default", &unique("observed"), vec![large.clone()]);
    let refused = ask("StartWorkflowExecution", request.encode_to_vec()).await;
    assert_eq!(refused.code, "3", "{}", refused.message);
    said(&refused.message);
    let mut side = Side::connect(&gateway.url(), "default").await;
    side.start("small").await;
    let task = side.poll().await;
    let result = Some(Payloads { payloads: vec![large] });
    let complete = CompleteWorkflowExecutionCommandAttributes { result };
    let complete = Write::CompleteWorkflowExecutionCommandAttributes(complete);
    let refused = side.complete(&task, vec![complete]).await.unwrap_err();
    said(refused.message());
    let line =
        ["an answer to a task does not fit", "RespondWorkflowTaskCompleted", "limit_exceeded"];
    tokio::task::block_in_place(|| logs(&gateway, &line));

    // A field of a later version.
    let request = start_request("default", &unique("observed"), vec![marked(b"")]);
    let mut request = request.encode_to_vec();
    prost::encoding::string::encode(9999, &CANARY.to_owned(), &mut request);
    assert_eq!(ask("StartWorkflowExecution", request).await.code, "0");
    let message = "temporal.api.workflowservice.v1.StartWorkflowExecutionRequest";
    tokio::task::block_in_place(|| logs(&gateway, &["does not know", message, "field=9999"]));

    let text = tokio::task::block_in_place(|| get(metrics, "/metrics"));
    let (undecodable, unsent) =
        ("cloakroom_gateway_undecodable_total", "cloakroom_gateway_unsent_total");
    let calls = "cloakroom_gateway_calls_total";
    for (name, labels, least) in [
        (undecodable, &[("method", "GetWorkflowExecutionHistory"), ("kind", "unsealed")][..], 1.0),
        (undecodable, &[("method", "PollWorkflowTaskQueue"), ("kind", "unsealed")], 1.0),
        (unsent, &[("method", "StartWorkflowExecution")], 1.0),
        (unsent, &[("method", "RespondWorkflowTaskCompleted")], 1.0),
        ("cloakroom_gateway_unknown_fields_total", &[("message", message), ("field", "9999")], 1.0),
        (calls, &[("method", "StartWorkflowExecution"), ("code", "INVALID_ARGUMENT")], 1.0),
        (calls, &[("method", "StartWorkflowExecution"), ("code", "answered")], 2.0),
        ("cloakroom_gateway_connections", &[], 1.0),
    ] {
        let found = value(&text, name, labels);
        assert!(found >= least, "{name} {labels:?}: {found}");
    }
    keeps_values_to_itself(&text, "/metrics");
    let log = gateway.log();
    assert!(log.contains(" TRACE ") || log.contains(" DEBUG "), "is this the whole log?");
    keeps_values_to_itself(&log, "the log");
}

/// Readiness is the frontend's: nobody can be served without it, and it may come back.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_frontend() {
    let (gateway, metrics) = tokio::task::block_in_place(start);
    tokio::task::block_in_place(|| {
        ask(metrics, "GET /healthz", &[], b"").says(200, "ok");
        ask(metrics, "GET /readyz", &[], b"").says(200, "ready");
        ask(metrics, "GET /else", &[], b"").says(404, "unknown path");
    });
    drop(gateway);
    let gone = format!("127.0.0.1:{}", free_port());
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let table = format!(
        "[gateway.temporal]\nupstream = \"http://{gone}\"\nmetrics_listen = \"{metrics}\"\n"
    );
    let config = STAGE.to_owned() + &table;
    let key = STANDARD.encode(KEY);
    tokio::task::block_in_place(|| {
        let files = [("cloakroom.toml", &*config), ("payments.key", &key)];
        let _gateway = GatewayProcess::start(binary(), &files);
        let ready = ask(metrics, "GET /readyz", &[], b"");
        assert_eq!(ready.status, 503, "{ready:?}");
        assert!(ready.body.contains(&gone), "{ready:?}");
        ask(metrics, "GET /healthz", &[], b"").says(200, "ok");
    });
}

/// All replicas have the same store, so that it must not take them out. Its state is what its last call
/// found, and the probe makes none.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_of_stores_and_does_not_follow_them() {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let config = format!(
        r#"{STAGE}
        [storage]
        threshold = "1KiB"

        [[storage.driver]]
        name = "local"
        plugin = "bundled:file"
        settings = {{ bucket = "objects" }}
        grants.buckets = ["objects"]

        [buckets.objects]
        url = "file:objects"

        [gateway.temporal]
        upstream = "{}"
        metrics_listen = "{metrics}"
        "#,
        server().url()
    );
    let key = STANDARD.encode(KEY);
    let files = [("cloakroom.toml", &*config), ("payments.key", &key)];
    let gateway = tokio::task::block_in_place(|| GatewayProcess::start(binary(), &files));
    let says = |part: &str| {
        let ready = ask(metrics, "GET /readyz", &[], b"");
        assert_eq!(ready.status, 200, "{ready:?}");
        let lines: Vec<_> = ready.body.lines().collect();
        assert!(lines.len() == 2 && lines[0] == "ready" && lines[1].contains(part), "{lines:?}");
    };
    let start = async || {
        let input = payload("json/plain", &cloakroom_tests::noise(10_000));
        let request = start_request("default", &unique("observed"), vec![input]);
        let address = gateway.target().parse().unwrap();
        call(address, "StartWorkflowExecution", &[], &request.encode_to_vec()).await.code
    };
    tokio::task::block_in_place(|| says("driver local: no call since"));
    assert_eq!(start().await, "0");
    tokio::task::block_in_place(|| says("driver local: the last call succeeded"));

    let objects = gateway.folder().join("objects");
    fs::remove_dir_all(&objects).unwrap();
    fs::write(&objects, "a file in its place").unwrap();
    assert_ne!(start().await, "0");
    tokio::task::block_in_place(|| says("driver local: the last call failed"));
}
