//! Beside a worker on the Python SDK, with the encryption of its samples and its own S3 driver.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::CloakroomBuilder;
use cloakroom_tests::{KEY, compile_cache, rigs, ring, s3_storage};
use serde_json::{Value, json};
use temporalio_client::{WorkflowGetResultOptions, WorkflowStartOptions};

use super::{
    harness::{Parts, Running, client, converter, server, unique},
    workflows::ToPython,
};
use crate::scripts::python;

const BUCKET: &str = "beside-python";

/// The pipeline that does what Python's converter does.
fn as_python() -> CloakroomBuilder {
    let stages = r#"
        [[stage]]
        plugin = "bundled:aes-gcm"
        settings = { ring = "payments", format = "temporal" }
        grants.keys = ["payments"]
    "#;
    let text = stages.to_owned() + &s3_storage(&rigs::moto().url(), BUCKET);
    CloakroomBuilder::text(text).with_key_ring("payments", ring()).with_cache(compile_cache())
}

/// Returns a request to Python: the common fields and `more`.
fn request(more: &Value) -> Value {
    let mut request = json!({
        "target": server().target(),
        "namespace": "default",
        "key": STANDARD.encode(KEY),
        "key_id": "test-key",
        "s3": { "endpoint": rigs::moto().url(), "bucket": BUCKET },
        "threshold": 262_144,
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// A worker on the Python SDK, until it is dropped.
struct Beside(Child);

impl Beside {
    fn start(queue: &str, only: &str) -> Self {
        let interpreter = cloakroom_tests::python();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/worker.py");
        let mut child = Command::new(interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let request = request(&json!({ "op": "worker", "task_queue": queue, "only": only }));
        writeln!(child.stdin.as_mut().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), "ready");
        Self(child)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// All payloads of a history, as they lie there.
fn payloads(events: &Value, found: &mut Vec<Value>) {
    match events {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_array() {
                    Some(payloads) if name == "payloads" => found.extend(payloads.clone()),
                    _ => payloads_of(value, found),
                }
            }
        }
        _ => payloads_of(events, found),
    }
}

fn payloads_of(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| payloads(value, found)),
        Value::Object(_) => payloads(value, found),
        _ => {}
    }
}

/// In a history are references and ciphertext, and nothing else.
fn check(id: &str, references: usize) {
    let history = python("worker.py", &request(&json!({ "op": "history", "id": id })));
    let mut found = Vec::new();
    payloads(&history, &mut found);
    let encoding = |payload: &Value| {
        let encoding = STANDARD.decode(payload["metadata"]["encoding"].as_str().unwrap()).unwrap();
        String::from_utf8(encoding).unwrap()
    };
    let encodings: Vec<_> = found.iter().map(encoding).collect();
    let stored = encodings.iter().filter(|encoding| *encoding == "json/protobuf").count();
    assert_eq!(stored, references, "{encodings:?}");
    let known = ["json/protobuf", "binary/encrypted"];
    assert!(encodings.iter().all(|encoding| known.contains(&&**encoding)), "{encodings:?}");
}

/// A Rust workflow has Python do the work, and a Python workflow Rust; each pair on one task queue.
/// Input, activity's input and result, and result are of 3 MB each.
#[tokio::test(flavor = "multi_thread")]
async fn rust_and_python_work_for_each_other() {
    rigs::bucket(&rigs::moto().url(), BUCKET);
    let cloakroom = as_python().open().await.unwrap();
    let converter = converter(&cloakroom);
    let url = server().url();
    let client = client(&url, converter.clone()).await;
    let parcel = hex::encode(cloakroom_tests::noise(1_500_000));
    let turned: String = parcel.chars().rev().collect();

    let (queue, id) = (unique("to-python"), unique("to-python"));
    let _worker = Running::of(&url, &queue, converter.clone(), Parts::Workflows);
    let _python = Beside::start(&queue, "activities");
    let options = WorkflowStartOptions::new(queue.clone(), id.clone()).build();
    let handle = client.start_workflow(ToPython::run, parcel.clone(), options).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == turned);
    check(&id, 4);
    // A client on the Python SDK asks for the same.
    let asked = json!({
        "op": "run", "task_queue": queue, "workflow": "ToPython", "id": unique("asked"),
        "args": [parcel],
    });
    assert!(python("worker.py", &request(&asked))["result"] == *turned);

    let (queue, id) = (unique("to-rust"), unique("to-rust"));
    let _worker = Running::of(&url, &queue, converter, Parts::Activities);
    let _python = Beside::start(&queue, "workflows");
    let asked = json!({
        "op": "run", "task_queue": queue, "workflow": "PyEcho", "id": id,
        "args": [parcel, "Porter::handle"],
    });
    let answer = python("worker.py", &request(&asked));
    assert!(answer["result"] == *parcel, "{}", answer["error"]);
    // The start's arguments are two payloads, of which one is small.
    check(&id, 4);
}
