//! Requests, and the pages that the stub answers with.

use std::{fs, net::SocketAddr, path::PathBuf};

use bytes::{BufMut as _, Bytes, BytesMut};
use cloakroom::{Cloakroom, CloakroomBuilder, Context};
use cloakroom_tests::KEY;
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

const KB: usize = 1000;

/// Compression and encryption, as most operators will have them.
const STAGES: &str = r#"
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

/// One kind of call, and how it is made.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    method: &'static str,
    pub(crate) request: Bytes,
    /// Length of the answer's body.
    pub(crate) answer: usize,
    pub(crate) callers: usize,
    /// Calls of a turn.
    pub(crate) calls: usize,
    /// The page was encoded by the stages.
    pub(crate) is_sealed: bool,
}

impl Story {
    pub(crate) fn uri(&self, address: SocketAddr) -> http::Uri {
        let service = "temporal.api.workflowservice.v1.WorkflowService";
        format!("http://{address}/{service}/{}", self.method).parse().expect("a URI")
    }
}

pub(crate) struct Messages {
    folder: tempfile::TempDir,
    stories: Vec<Story>,
}

impl Messages {
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let plain: Vec<_> = (0..EVENTS).map(|event| payload(KB, event)).collect();
        fs::write(folder.path().join("key"), KEY).expect("a key");
        let config = folder.path().join("cloakroom.toml");
        fs::write(&config, STAGES).expect("a configuration");
        let cloakroom = CloakroomBuilder::file(&config).open().await.expect("opens");
        let sealed = seal(&cloakroom, &plain).await;
        let pages = [page(plain), page(sealed)];
        for (name, page) in ["plain", "sealed"].into_iter().zip(&pages) {
            fs::write(folder.path().join(name), page).expect("a page");
        }
        let answer = pages[0].len() + 5;
        let stories = vec![
            start("1 caller, 1 kB", KB, 1, 3000),
            start("16 callers, 1 kB", KB, 16, 16_000),
            start("1 caller, 100 kB", 100 * KB, 1, 1000),
            start("16 callers, 100 kB", 100 * KB, 16, 1600),
            history("page of 3,000 plaintext payloads", answer, false),
            history("page of 3,000 encoded payloads", answer, true),
        ];
        Self { folder, stories }
    }

    pub(crate) fn stories(&self) -> &[Story] {
        &self.stories
    }

    pub(crate) fn stages(&self) -> &str {
        STAGES
    }

    /// Returns the file of the page that the stub serves.
    pub(crate) fn page(&self, story: &Story) -> PathBuf {
        self.folder.path().join(if story.is_sealed { "sealed" } else { "plain" })
    }
}

/// Returns a message as gRPC frames it.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.extend_from_slice(message);
    framed.freeze()
}

fn start(name: &'static str, size: usize, callers: usize, calls: usize) -> Story {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "bench".into(),
        workflow_type: Some(WorkflowType { name: "Bench".into() }),
        input: Some(Payloads { payloads: vec![payload(size, 0)] }),
        ..Default::default()
    };
    let (method, request) = ("StartWorkflowExecution", framed(&request.encode_to_vec()));
    // A run id of 36 characters, its tag and its length.
    let answer = 5 + 38;
    Story { name, method, request, answer, callers, calls, is_sealed: false }
}

fn history(name: &'static str, answer: usize, is_sealed: bool) -> Story {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".into(),
        execution: Some(WorkflowExecution { workflow_id: "bench".into(), ..Default::default() }),
        ..Default::default()
    };
    let (method, request) = ("GetWorkflowExecutionHistory", framed(&request.encode_to_vec()));
    Story { name, method, request, answer, callers: 1, calls: 30, is_sealed }
}

/// JSON of which half is noise, as hexadecimal digits are.
fn payload(size: usize, seed: usize) -> Payload {
    let noise = cloakroom_tests::noise(size / 2);
    let digits = hex::encode(noise);
    let data = format!("\"{seed:06}{}\"", &digits[..size - 8]);
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
    let page =
        GetWorkflowExecutionHistoryResponse { history: Some(History { events }), ..Default::default() };
    page.encode_to_vec()
}
