//! Messages between an app and Dapr's sidecar, through a pipeline that compresses, encrypts and stores.

mod apps;
mod dispatch;

use std::path::Path;

use bytes::Bytes;
use cloakroom::{
    Cloakroom, ErrorKind,
    dapr::{Call, Exchange, ExchangeSettings, ItemKind, Refused, WorkItemHead},
    metric,
};
use cloakroom_tests::{
    dapr_protos::{self as protos, history_event::EventType, workflow_action::WorkflowActionType},
    noise, text,
};
use metrics_util::debugging::DebugValue;
use prost::Message as _;

use crate::{
    metrics::{record, recorded},
    worker::{in_folder, opened, stages},
};

const CANARY: &str = "canary-5f2a91";

/// The largest message that the sidecar may see.
const LARGEST: usize = 64 << 10;

const START: &str = "/TaskHubSidecarService/StartInstance";
const TURN: &str = "/TaskHubSidecarService/CompleteWorkflowTask";
const RESULT: &str = "/TaskHubSidecarService/CompleteActivityTask";
const STATE: &str = "/TaskHubSidecarService/GetInstance";

fn call(path: &str) -> Call<'_> {
    Call { path, memory: None }
}

/// JSON that does not get smaller, and can be searched for.
fn value(size: usize) -> String {
    let noise: String = noise(size).iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    format!("{{\"{CANARY}\":\"{noise}\"}}")
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn open(folder: &Path) -> Cloakroom {
    opened(stages(true) + &in_folder("local", folder)).open().await.unwrap()
}

fn exchange(cloakroom: &Cloakroom) -> Exchange {
    Exchange::new(cloakroom.clone(), ExchangeSettings::new("orders"))
}

/// Returns the number of objects in a store.
fn objects(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { objects(&path) } else { 1 }).sum()
}

fn event(id: i32, event: EventType) -> protos::HistoryEvent {
    protos::HistoryEvent { event_id: id, event_type: Some(event), ..Default::default() }
}

fn started(input: Option<String>) -> protos::HistoryEvent {
    let start =
        protos::ExecutionStartedEvent { name: "Checkout".into(), input, ..Default::default() };
    event(-1, EventType::ExecutionStarted(start))
}

fn completed(task: i32, result: Option<String>) -> protos::HistoryEvent {
    let event_ =
        protos::TaskCompletedEvent { task_scheduled_id: task, result, ..Default::default() };
    event(-1, EventType::TaskCompleted(event_))
}

/// A work item of the instance `order-17`.
fn turn(past: Vec<protos::HistoryEvent>, new: Vec<protos::HistoryEvent>) -> protos::WorkItem {
    let request = protos::WorkflowRequest {
        instance_id: "order-17".into(),
        past_events: past,
        new_events: new,
        ..Default::default()
    };
    protos::WorkItem {
        completion_token: "token".into(),
        request: Some(protos::work_item::Request::WorkflowRequest(request)),
    }
}

fn bytes(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}

fn activity_result(task: i32, result: String) -> Bytes {
    let instance_id = "order-17".to_owned();
    bytes(&protos::ActivityResponse {
        instance_id,
        task_id: task,
        result: Some(result),
        ..Default::default()
    })
}

async fn encode(exchange: &Exchange, path: &str, message: Bytes) -> Bytes {
    exchange.encode_request(&call(path), message).await.unwrap().bytes
}

/// Returns the result of an activity as the sidecar has it.
async fn encoded_result(exchange: &Exchange, task: i32, result: String) -> Option<String> {
    let encoded = encode(exchange, RESULT, activity_result(task, result)).await;
    protos::ActivityResponse::decode(encoded).unwrap().result
}

async fn decode(exchange: &Exchange, item: &protos::WorkItem) -> Result<Bytes, Refused> {
    exchange.decode_work_item(None, bytes(item), usize::MAX).await.map(|item| item.bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_a_run_are_small_and_secret_for_the_sidecar_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = exchange(&open(folder.path()).await);
    let (large, small) = (value(1_500_000), value(100));
    let start = protos::CreateInstanceRequest {
        instance_id: "order-17".into(),
        name: "Checkout".into(),
        input: Some(large.clone()),
        ..Default::default()
    };
    // A field that no version of Dapr has survives.
    let message = [&bytes(&start)[..], b"\xfa\x7d\x05later"].concat().into();
    let encoded = encode(&exchange, START, message).await;
    assert!(encoded.len() < LARGEST && encoded.ends_with(b"\xfa\x7d\x05later"));
    assert!(!holds(&encoded, CANARY));
    let input = protos::CreateInstanceRequest::decode(encoded).unwrap().input;

    let action = |id, action| protos::WorkflowAction {
        id,
        workflow_action_type: Some(action),
        ..Default::default()
    };
    let schedule = protos::ScheduleTaskAction {
        name: "Charge".into(),
        input: Some(large.clone()),
        ..Default::default()
    };
    let send = protos::SendEventAction {
        instance: Some(protos::WorkflowInstance {
            instance_id: "other".into(),
            ..Default::default()
        }),
        name: "paid".into(),
        data: Some(small.clone()),
    };
    let answer = protos::WorkflowResponse {
        instance_id: "order-17".into(),
        actions: vec![
            action(0, WorkflowActionType::ScheduleTask(schedule)),
            action(1, WorkflowActionType::SendEvent(send)),
        ],
        custom_status: Some(small.clone()),
        completion_token: "token".into(),
        ..Default::default()
    };
    let encoded = encode(&exchange, TURN, bytes(&answer)).await;
    assert!(encoded.len() < LARGEST && !holds(&encoded, CANARY));
    let encoded = protos::WorkflowResponse::decode(encoded).unwrap();
    assert_eq!(encoded.completion_token, "token");
    let result = encoded_result(&exchange, 0, large.clone()).await;
    // One value of one instance is one object, whoever sends it.
    assert_eq!(objects(folder.path()), 1);

    let item = turn(vec![started(input)], vec![completed(0, result), completed(1, None)]);
    let decoded = decode(&exchange, &item).await.unwrap();
    let expected = turn(
        vec![started(Some(large.clone()))],
        vec![completed(0, Some(large.clone())), completed(1, None)],
    );
    assert!(decoded == bytes(&expected));

    let state = protos::WorkflowState {
        custom_status: encoded.custom_status,
        output: Some(String::new()),
        ..Default::default()
    };
    let state = protos::GetInstanceResponse { exists: true, workflow_state: Some(state) };
    let decoded = exchange.decode_answer(&call(STATE), bytes(&state), usize::MAX).await.unwrap();
    let decoded =
        protos::GetInstanceResponse::decode(decoded.bytes).unwrap().workflow_state.unwrap();
    assert_eq!((decoded.custom_status, decoded.output), (Some(small), Some(String::new())));
}

/// On one thread, since the recorder is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_replay_fetches_each_object_once() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    let writer = exchange(&cloakroom);
    let mut results = Vec::new();
    for task in 0..3 {
        let value = format!("[{task},{}]", value(600_000));
        results.push(encoded_result(&writer, task, value).await);
    }
    // Another process, whose cache is empty.
    let exchange = exchange(&open(folder.path()).await);
    let snapshotter = record();
    for count in 1..=3 {
        let past = (0..count).map(|task| completed(task, results[task as usize].clone()));
        // Equal values of one message are one object, too.
        let item = turn(past.clone().chain(past).collect(), vec![]);
        decode(&exchange, &item).await.unwrap();
    }
    let name = format!("{}{{part=driver,name=local,direction=decode}}", metric::CALLS);
    let gets = recorded(&snapshotter).into_iter().find(|(written, _)| *written == name);
    assert!(matches!(gets, Some((_, DebugValue::Counter(3)))), "{gets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_looks_like_the_form_and_a_foreign_one_come_back() {
    let plain = Exchange::new(
        cloakroom_tests::pipeline().build().unwrap(),
        ExchangeSettings::new("orders"),
    );
    let folder = tempfile::tempdir().unwrap();
    let encrypting = exchange(&open(folder.path()).await);
    let sealed = encoded_result(&encrypting, 0, value(10)).await.unwrap();
    for exchange in [&plain, &encrypting] {
        for text in
            ["\"cloakroom:v1:\"", "\"cloakroom:", "\"cloakroom:v7:x\"", "null", "[1]", "é", &sealed]
        {
            let encoded = encoded_result(exchange, 0, text.to_owned()).await;
            let item = turn(vec![completed(0, encoded.clone())], vec![]);
            let decoded = protos::WorkItem::decode(decode(exchange, &item).await.unwrap()).unwrap();
            let Some(protos::work_item::Request::WorkflowRequest(request)) = decoded.request else {
                panic!("another item");
            };
            let Some(EventType::TaskCompleted(event)) = request.past_events[0].event_type.clone()
            else {
                panic!("another event");
            };
            // What is sealed under the key passes as it is, so that nothing is sealed twice.
            let is_own = text == sealed && std::ptr::eq(exchange, &encrypting);
            assert!(!is_own || encoded.as_deref() == Some(text), "sealed twice");
            let expected = if is_own { value(10) } else { text.to_owned() };
            assert_eq!(event.result, Some(expected), "{text}");
        }
    }
    // It is only a label without a key: then the text is data of the app.
    assert_eq!(encoded_result(&plain, 0, sealed.clone()).await, Some(sealed));
}

#[tokio::test(flavor = "multi_thread")]
async fn plaintext_is_refused_where_a_stage_is_required_and_passes_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let encrypting = exchange(&open(folder.path()).await);
    let item = turn(vec![started(Some(value(10)))], vec![]);
    let Err(Refused::Undecodable(error)) = decode(&encrypting, &item).await else {
        panic!("plaintext passed");
    };
    assert_eq!(error.kind(), ErrorKind::Unsealed);
    assert!(!error.report().contains(CANARY));
    let pipeline = cloakroom_tests::pipeline().build().unwrap();
    let plain = Exchange::new(pipeline, ExchangeSettings::new("orders"));
    assert_eq!(decode(&plain, &item).await.unwrap(), bytes(&item));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_encoded_where_a_stage_is_required_or_a_setting_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = open(folder.path()).await;
    for (setting, is_encoded) in [(None, true), (Some(true), true), (Some(false), false)] {
        let settings =
            ExchangeSettings { encode_failures: setting, ..ExchangeSettings::new("orders") };
        let exchange = Exchange::new(cloakroom.clone(), settings);
        let inner = protos::TaskFailureDetails {
            error_type: "ValueError".into(),
            error_message: "\"cloakroom:v1:looks like it\"".into(),
            ..Default::default()
        };
        let failure = protos::TaskFailureDetails {
            error_type: "RuntimeError".into(),
            error_message: value(10),
            stack_trace: Some(value(20)),
            inner_failure: Some(Box::new(inner)),
            is_non_retriable: true,
        };
        let answer = protos::ActivityResponse {
            failure_details: Some(failure.clone()),
            ..Default::default()
        };
        let encoded = encode(&exchange, RESULT, bytes(&answer)).await;
        assert_eq!(holds(&encoded, CANARY), !is_encoded, "{setting:?}");
        let encoded = protos::ActivityResponse::decode(encoded).unwrap().failure_details;
        assert_eq!(encoded.as_ref().unwrap().error_type, "RuntimeError");
        let failed = protos::TaskFailedEvent { failure_details: encoded, ..Default::default() };
        let item = turn(vec![event(3, EventType::TaskFailed(failed.clone()))], vec![]);
        let decoded = decode(&exchange, &item).await.unwrap();
        let failed = protos::TaskFailedEvent { failure_details: Some(failure), ..failed };
        assert!(decoded == bytes(&turn(vec![event(3, EventType::TaskFailed(failed))], vec![])));
    }
}

/// The sidecar runs them itself, and reads what they are given.
#[tokio::test(flavor = "multi_thread")]
async fn workflows_of_the_sidecar_get_plaintext() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = exchange(&open(folder.path()).await);
    let start = |name: &str| protos::CreateInstanceRequest {
        instance_id: "order-17".into(),
        name: name.into(),
        input: Some("\"cloakroom:v1:\"".into()),
        ..Default::default()
    };
    let own = bytes(&start("dapr.internal.mcp.files.ListTools"));
    assert_eq!(encode(&exchange, START, own.clone()).await, own);
    let child = |name: &str| {
        let child = protos::CreateChildWorkflowAction {
            instance_id: "child".into(),
            name: name.into(),
            input: Some(value(10)),
            ..Default::default()
        };
        let action = protos::WorkflowAction {
            workflow_action_type: Some(WorkflowActionType::CreateChildWorkflow(child)),
            ..Default::default()
        };
        bytes(&protos::WorkflowResponse { actions: vec![action], ..Default::default() })
    };
    assert!(holds(&encode(&exchange, TURN, child("dapr.internal.mcp.x.ListTools")).await, CANARY));
    assert!(!holds(&encode(&exchange, TURN, child("Ship")).await, CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_app_is_refused_before_it_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = exchange(&open(folder.path()).await);
    let stored = encoded_result(&exchange, 0, value(600_000)).await;
    std::fs::remove_dir_all(folder.path().join("v0")).unwrap();
    let fresh = self::exchange(&open(folder.path()).await);
    let twice = turn(vec![completed(0, stored.clone()), completed(1, stored)], vec![]);
    let refused = fresh.decode_work_item(None, bytes(&twice), 500_000).await.unwrap_err();
    assert!(matches!(refused, Refused::TooLarge { size, most: 500_000 } if size > 500_000));
    assert!(!refused.is_transient());
    // With room for both it is the object that is missing.
    let missing = fresh.decode_work_item(None, bytes(&twice), usize::MAX).await.unwrap_err();
    assert!(matches!(missing, Refused::Undecodable(error) if error.kind() == ErrorKind::NotFound));
    // Text that compresses well says how large it is only when it is decoded.
    let dense =
        encoded_result(&exchange, 0, String::from_utf8(text(400_000).to_vec()).unwrap()).await;
    let dense = turn(vec![completed(0, dense)], vec![]);
    let refused = exchange.decode_work_item(None, bytes(&dense), 300_000).await.unwrap_err();
    assert!(matches!(refused, Refused::TooLarge { most: 300_000, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_can_be_failed_and_a_workflow_cannot() {
    let activity = protos::ActivityRequest {
        name: "Charge".into(),
        workflow_instance: Some(protos::WorkflowInstance {
            instance_id: "order-17".into(),
            ..Default::default()
        }),
        task_id: -3,
        input: Some("\"cloakroom:v1:____\"".into()),
        ..Default::default()
    };
    let item = protos::WorkItem {
        completion_token: "token".into(),
        request: Some(protos::work_item::Request::ActivityRequest(activity)),
    };
    let folder = tempfile::tempdir().unwrap();
    let exchange = exchange(&open(folder.path()).await);
    let Err(Refused::Undecodable(error)) = decode(&exchange, &item).await else {
        panic!("it was decoded");
    };
    let text = error.report();
    assert!(text.contains("WorkItem.activityRequest.input.value"), "{text}");
    let head = WorkItemHead::read(&bytes(&item));
    assert_eq!((head.kind, &*head.name, head.task_id), (ItemKind::Activity, "Charge", -3));
    let (path, answer) = head.fail_activity(&error).unwrap();
    assert_eq!(path, RESULT);
    let answer = protos::ActivityResponse::decode(answer).unwrap();
    assert_eq!(
        (&*answer.instance_id, answer.task_id, &*answer.completion_token),
        ("order-17", -3, "token")
    );
    let failure = answer.failure_details.unwrap();
    assert_eq!((&*failure.error_message, failure.is_non_retriable), (&*text, false));
    let workflow = WorkItemHead::read(&bytes(&turn(vec![], vec![])));
    assert_eq!((workflow.kind, &*workflow.instance_id), (ItemKind::Workflow, "order-17"));
    assert!(workflow.fail_activity(&error).is_none());
}
