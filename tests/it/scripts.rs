//! Other people's implementations, asked in JSON.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Payload, codec::Metadata};
use serde_json::{Value, json};

/// A script of `tests/python`, with the libraries that are pinned there.
pub fn python(script: &str, request: &Value) -> Value {
    ask(Command::new(cloakroom_tests::python()).arg(tests().join("python").join(script)), request)
}

/// A script of `tests/node`, with the packages that are pinned there.
pub fn node(script: &str, request: &Value) -> Value {
    let packages = cloakroom_tests::node();
    let mut node = Command::new("node");
    node.arg(tests().join("node").join(script)).env("CLOAKROOM_NODE", &packages);
    ask(node.current_dir(packages), request)
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ask(command: &mut Command, request: &Value) -> Value {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn to_json(payload: &Payload) -> Value {
    let metadata: serde_json::Map<_, _> = payload
        .metadata
        .iter()
        .map(|(name, value)| (name.clone(), STANDARD.encode(value).into()))
        .collect();
    let external: Vec<_> = payload
        .external_sizes
        .iter()
        .map(|size| json!({ "sizeBytes": size.to_string() }))
        .collect();
    json!({ "metadata": metadata, "data": STANDARD.encode(&payload.data), "externalPayloads": external })
}

pub fn from_json(value: &Value) -> Payload {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap().into();
    let metadata = value["metadata"].as_object();
    let metadata: Metadata =
        metadata.into_iter().flatten().map(|(name, value)| (name.clone(), bytes(value))).collect();
    let sizes = value["externalPayloads"].as_array();
    let size = |entry: &Value| entry["sizeBytes"].as_str().map_or(0, |size| size.parse().unwrap());
    let external_sizes = sizes.into_iter().flatten().map(size).collect();
    Payload { metadata, data: bytes(&value["data"]), external_sizes, ..Payload::default() }
}
