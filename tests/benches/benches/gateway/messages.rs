//! Requests, and the pages that the stub answers with.

use std::{fs, io::Write as _, path::PathBuf};

use bytes::{BufMut as _, Bytes, BytesMut};
use cloakroom::{Cloakroom, CloakroomBuilder, Context};
use cloakroom_tests::KEY;
use flate2::{Compression, write::GzEncoder};
use prost::Message as _;
use temporalio_common::protos::temporal::api::{
    common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
    history::v1::{
        ActivityTaskCompletedEventAttributes, History, HistoryEvent, history_event::Attributes,
    },
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        StartWorkflowExecutionRequest,
    },
};

/// Events of a page. With results of 1 kB, it has 3 MB.
const EVENTS: usize = 3000;

/// Compression and encryption, as most operators will have them.
pub(crate) const STAGES: &str = r#"
[[stage]]
plugin = "bundled:zstd"
[[stage]]
plugin = "bundled:aes-gcm"
settings = { ring = "bench" }
grants.keys = ["bench"]
[keys.bench]
current = "bench"
material = { bench = { file = "key" } }
"#;

/// Pages of a history, in files for the stub.
pub(crate) struct Pages {
    folder: tempfile::TempDir,
    size: usize,
}

impl Pages {
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let plain: Vec<_> = (0..EVENTS).map(|event| payload(1000, event)).collect();
        fs::write(folder.path().join("key"), KEY).expect("a key");
        let config = folder.path().join("cloakroom.toml");
        fs::write(&config, STAGES).expect("a configuration");
        let cloakroom = CloakroomBuilder::file(&config).open().await.expect("opens");
        let sealed = page(seal(&cloakroom, &plain).await);
        let plain = page(plain);
        let size = plain.len();
        for (name, page) in [("plain", plain), ("sealed", sealed)] {
            fs::write(folder.path().join(name), page).expect("a page");
        }
        Self { folder, size }
    }

    /// Returns the length of an answer with the plaintext page.
    pub(crate) fn answer(&self) -> usize {
        self.size + 5
    }

    pub(crate) fn file(&self, is_sealed: bool) -> PathBuf {
        self.folder.path().join(if is_sealed { "sealed" } else { "plain" })
    }
}

/// Returns a message as gRPC frames it.
pub(crate) fn framed(message: &[u8], is_gzip: bool) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(message).expect("memory");
    let compressed = gzip.finish().expect("memory");
    let body = if is_gzip { &compressed } else { message };
    let mut framed = BytesMut::with_capacity(body.len() + 5);
    framed.put_u8(u8::from(is_gzip));
    framed.put_u32(body.len() as u32);
    framed.extend_from_slice(body);
    framed.freeze()
}

/// Returns the request that starts a workflow with an input of this size.
pub(crate) fn start(size: usize) -> Vec<u8> {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "bench".into(),
        workflow_type: Some(WorkflowType { name: "Bench".into() }),
        input: Some(Payloads { payloads: vec![payload(size, 0)] }),
        ..Default::default()
    };
    request.encode_to_vec()
}

/// Returns the request for a page.
pub(crate) fn history() -> Vec<u8> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: "bench".into(), ..Default::default() }),
        ..Default::default()
    };
    request.encode_to_vec()
}

/// JSON of which half is noise, as hexadecimal digits are.
fn payload(size: usize, seed: usize) -> Payload {
    let digits = hex::encode(cloakroom_tests::noise(size / 2 + 8));
    let data = format!("\"{seed:06}{}\"", &digits[..size.saturating_sub(8)]);
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: data.into_bytes(),
        ..Default::default()
    }
}

async fn seal(cloakroom: &Cloakroom, plain: &[Payload]) -> Vec<Payload> {
    let payloads = plain.iter().map(|payload| {
        cloakroom::Payload::from_envelope(payload.encode_to_vec().into()).expect("a payload")
    });
    let ctx = Context::namespace("default");
    let sealed = cloakroom.pipeline().encode(&ctx, payloads.collect()).await.expect("encodes");
    let parse = |payload: &cloakroom::Payload| {
        let envelope = payload.envelope();
        let bytes = [&envelope.head[..], &envelope.body, &envelope.tail].concat();
        Payload::decode(&bytes[..]).expect("a payload")
    };
    sealed.iter().map(parse).collect()
}

fn page(results: Vec<Payload>) -> Vec<u8> {
    let event = |(id, payload)| HistoryEvent {
        event_id: id as i64 + 1,
        attributes: Some(Attributes::ActivityTaskCompletedEventAttributes(
            ActivityTaskCompletedEventAttributes {
                result: Some(Payloads { payloads: vec![payload] }),
                ..Default::default()
            },
        )),
        ..Default::default()
    };
    let events = results.into_iter().enumerate().map(event).collect();
    let page = GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        ..Default::default()
    };
    page.encode_to_vec()
}
