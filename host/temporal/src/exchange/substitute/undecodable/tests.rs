//! Answers that are decoded in part, with a codec that loses chosen payloads.

use std::{
    future::{Future, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Context, Error, ErrorKind, Payload, Purpose};
use cloakroom_grpc::{Caller, Code, RequestLog, Status};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{Schema, View};
use http::HeaderMap;
use tokio::time::Instant;

use super::Answer;
use crate::{
    SizeLimits,
    adapter::Adapter,
    exchange::{
        Call, Exchange, Frontend,
        decoder::Decoder,
        proto::{put_bytes, put_number},
    },
    namespaces::NamespacePolicies,
};

const SERVICE: &str = "/temporal.api.workflowservice.v1.WorkflowService/";

/// Returns a function that loses `lost`, and is busy for the first payloads that are `late`.
fn losing(busy: &Arc<AtomicUsize>) -> impl Fn(Payload) -> Result<Payload, Error> + use<> {
    let busy = busy.clone();
    move |payload| {
        let is_busy = || busy.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        match &payload.data[..] {
            b"lost" => Err(Error::new(ErrorKind::NotFound, "no such object")),
            b"late" if is_busy() => Err(Error::new(ErrorKind::Busy, "too much work")),
            _ => Ok(Payload::new("json/plain", payload.data)),
        }
    }
}

/// A frontend that keeps the methods that it is asked for.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

impl Frontend for Asked {
    fn ask(
        &self,
        method: &str,
        _: &HeaderMap,
        _: Bytes,
        _: &CallMemory,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send {
        self.0.lock().unwrap().push(method.to_owned());
        ready(Ok(Bytes::new()))
    }
}

struct Rig {
    exchange: Exchange,
    busy: Arc<AtomicUsize>,
    asked: Asked,
}

impl Rig {
    fn new(is_required: bool) -> Self {
        let busy = Arc::new(AtomicUsize::new(0));
        let codec = Decoder::new("x/kept", Purpose::Encryption, losing(&busy));
        let stage = Stage::new("losing", codec);
        let stage = if is_required { stage.required() } else { stage };
        let pipeline = Pipeline::builder().with_stage(stage).build().unwrap();
        let adapter = Adapter::new(pipeline, SizeLimits::default());
        let policies = Box::new(Arc::new(NamespacePolicies::default()));
        let exchange = Exchange::new(adapter, ByteSize::mib(1), policies);
        Self { exchange, busy, asked: Asked::default() }
    }

    /// Decodes an answer to this method. Returns it, and what the frontend was asked for.
    async fn decode(
        &self,
        name: &str,
        reads: bool,
        answer: Vec<u8>,
    ) -> (Result<Bytes, Status>, Vec<String>) {
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let (headers, caller) = (HeaderMap::new(), Caller::everybody());
        let call = Call { is_reader: reads, ..Call::new(&method, name, &headers, &caller) };
        let ctx = Context::namespace("shop");
        let answer_of =
            Answer { frontend: &self.asked, call: &call, ctx: &ctx, began: Instant::now() };
        let mut log = RequestLog::start(None, name);
        let decoded = self.exchange.decode_patiently(&answer_of, answer.into(), &mut log).await;
        (decoded, std::mem::take(&mut *self.asked.0.lock().unwrap()))
    }
}

/// Returns a message `Payloads` with one payload that the codec decodes.
fn payloads(data: &str) -> Vec<u8> {
    let envelope = Payload::new("x/kept", data.to_owned()).envelope().to_bytes();
    let mut payloads = Vec::new();
    put_bytes(&mut payloads, 1, &envelope);
    payloads
}

/// Returns an activity task with this input.
fn activity(input: &str) -> Vec<u8> {
    let mut task = Vec::new();
    put_bytes(&mut task, 1, b"token");
    put_bytes(&mut task, 8, &payloads(input));
    task
}

/// Returns a workflow task whose history is one event, with this input.
fn workflow_task(input: &str) -> Vec<u8> {
    let (mut started, mut event, mut history, mut task) = (vec![], vec![], vec![], vec![]);
    put_bytes(&mut started, 6, &payloads(input));
    put_bytes(&mut event, 6, &started);
    put_bytes(&mut history, 1, &event);
    put_bytes(&mut task, 1, b"token");
    put_bytes(&mut task, 8, &history);
    task
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn only_the_tasks_with_such_a_payload_are_taken_out() {
    let rig = Rig::new(true);
    let mut answer = Vec::new();
    put_bytes(&mut answer, 1, &workflow_task("first"));
    put_bytes(&mut answer, 2, &activity("second"));
    put_bytes(&mut answer, 2, &activity("lost"));
    put_number(&mut answer, 3, 7);
    let (decoded, asked) = rig.decode("RespondWorkflowTaskCompleted", false, answer).await;
    let decoded = decoded.unwrap();
    assert_eq!(asked, ["RespondActivityTaskFailed"]);
    assert!(holds(&decoded, "first") && holds(&decoded, "second") && !holds(&decoded, "lost"));
    let method = Schema::temporal().method(&format!("{SERVICE}RespondWorkflowTaskCompleted"));
    let view = View::new(method.unwrap().response, &decoded);
    assert_eq!(view.number("reset_history_event_id"), Some(7));
    assert_eq!(view.fields().iter().filter(|field| field.number == 2).count(), 1);

    let mut answer = Vec::new();
    put_bytes(&mut answer, 1, b"run");
    put_bytes(&mut answer, 2, &workflow_task("lost"));
    let (decoded, asked) = rig.decode("StartWorkflowExecution", false, answer).await;
    assert_eq!(asked, ["RespondWorkflowTaskFailed"]);
    assert_eq!(decoded.unwrap(), &b"\x0a\x03run"[..]);
}

/// The update has its result, and the start its run.
#[tokio::test]
async fn a_task_is_taken_out_of_several_operations() {
    let field = |number, content: &[u8]| {
        let mut field = Vec::new();
        put_bytes(&mut field, number, content);
        field
    };
    let operations = |task: &str, outcome: &str| {
        let started = [field(1, b"run"), field(2, &workflow_task(task))].concat();
        let updated = field(2, &field(2, &field(1, &payloads(outcome))));
        [field(1, &field(1, &started)), field(1, &updated)].concat()
    };
    let rig = Rig::new(true);
    let name = "ExecuteMultiOperation";
    let (decoded, asked) = rig.decode(name, false, operations("lost", "second")).await;
    assert_eq!(asked, ["RespondWorkflowTaskFailed"]);
    let decoded = decoded.unwrap();
    assert!(decoded.starts_with(&field(1, &field(1, &field(1, b"run")))));
    assert!(holds(&decoded, "second") && !holds(&decoded, "lost") && !holds(&decoded, "x/kept"));

    let (decoded, asked) = rig.decode(name, false, operations("first", "second")).await;
    assert!(asked.is_empty());
    let decoded = decoded.unwrap();
    assert!(holds(&decoded, "first") && holds(&decoded, "second") && !holds(&decoded, "x/kept"));
    // The caller of an update waits for its result, and nothing takes its place.
    let (refused, asked) = rig.decode(name, false, operations("first", "lost")).await;
    assert_eq!((refused.unwrap_err().code, asked.len()), (Code::FailedPrecondition, 0));
}

#[tokio::test]
async fn a_poll_is_answered_empty() {
    let rig = Rig::new(true);
    for (name, task, expect) in [
        ("PollWorkflowTaskQueue", workflow_task("lost"), "RespondWorkflowTaskFailed"),
        ("PollActivityTaskQueue", activity("lost"), "RespondActivityTaskFailed"),
    ] {
        let (decoded, asked) = rig.decode(name, false, task).await;
        assert!(decoded.unwrap().is_empty());
        assert_eq!(asked, [expect]);
    }
}

#[tokio::test]
async fn what_is_busy_is_tried_again_and_nothing_is_failed() {
    let rig = Rig::new(true);
    rig.busy.store(2, Relaxed);
    let (decoded, asked) = rig.decode("PollActivityTaskQueue", false, activity("late")).await;
    assert!(holds(&decoded.unwrap(), "late") && asked.is_empty());
    rig.busy.store(2, Relaxed);
    let mut answer = Vec::new();
    put_bytes(&mut answer, 2, &activity("late"));
    put_bytes(&mut answer, 2, &activity("lost"));
    let (decoded, asked) = rig.decode("RespondWorkflowTaskCompleted", false, answer).await;
    assert!(holds(&decoded.unwrap(), "late"));
    assert_eq!(asked, ["RespondActivityTaskFailed"]);
}

#[tokio::test]
async fn a_reader_gets_the_rest_and_anybody_else_the_cause() {
    let query = |data: &str| {
        let mut result = payloads("shown");
        result.extend(payloads(data));
        let mut answer = Vec::new();
        put_bytes(&mut answer, 1, &result);
        answer
    };
    for required in [true, false] {
        let rig = Rig::new(required);
        let (refused, asked) = rig.decode("QueryWorkflow", false, query("lost")).await;
        let refused = refused.unwrap_err();
        assert_eq!((refused.code, asked.len()), (Code::FailedPrecondition, 0));
        assert!(refused.message.contains("no such object"), "{}", refused.message);

        let (decoded, _) = rig.decode("QueryWorkflow", true, query("lost")).await;
        let decoded = decoded.unwrap();
        assert!(holds(&decoded, "shown"));
        assert_eq!(holds(&decoded, "cloakroom/undecodable"), required);
        assert_eq!(holds(&decoded, "no such object"), required);
        assert_eq!(holds(&decoded, "x/kept"), !required);
    }
}
