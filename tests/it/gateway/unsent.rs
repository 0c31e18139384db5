//! Requests that do not fit, for each RPC that has a row in `host/docs/gateway.md`, by hand: SDKs would
//! not send some of them. The server is a real one, and sees none of what does not fit.

use cloakroom_tests::rigs::temporal;
use temporalio_client::{
    grpc::WorkflowService,
    tonic::{Code, Request, Status},
};
use temporalio_common::protos::temporal::api::{
    command::v1::{
        Command, ScheduleActivityTaskCommandAttributes, ScheduleNexusOperationCommandAttributes,
        command::Attributes as Write,
    },
    common::v1::{ActivityType, Payload, Payloads, RetryPolicy, WorkflowExecution},
    enums::v1::{CommandType, QueryResultType},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::history_event::Attributes as Event,
    nexus::v1 as nexus,
    query::v1::{WorkflowQuery, WorkflowQueryResult},
    schedule::v1::{Schedule, ScheduleAction, schedule_action::Action},
    update::v1 as update,
    workflow::v1::NewWorkflowExecutionInfo,
    workflowservice::v1::*,
};

use super::{
    harness::Served,
    namespaces::by_hand::{Side, events, payloads, queue, type_name},
};
use crate::worker::{connection, opening, server, unique};

/// Start of the reason.
const REASON: &str = "the encoded field has";

/// A text over the limit, which does not get small.
fn large() -> String {
    hex::encode(cloakroom_tests::noise(100_000))
}

fn large_payload() -> Payload {
    payloads(&large()).unwrap().payloads.remove(0)
}

/// A failure with large details, or of large texts and nothing else.
fn failure(details: Option<Payloads>, message: &str) -> Option<Failure> {
    let info = ApplicationFailureInfo { r#type: "Torn".to_owned(), details, ..Default::default() };
    Some(Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    })
}

/// A gateway that encrypts, stores nothing, and has a low limit.
async fn low() -> Served {
    low_with("").await
}

async fn low_with(tables: &str) -> Served {
    let gateway = format!("[gateway.temporal]\nupstream = \"{}\"\n", server().url());
    let text = format!("[temporal]\nfield = \"64KiB\"\n{gateway}{tables}");
    Served::start(&opening(&text).open().await.unwrap()).await
}

async fn service(gateway: &Served) -> Box<dyn WorkflowService> {
    connection(&gateway.url()).await.workflow_service()
}

fn command(kind: CommandType, attributes: Write) -> Command {
    Command { command_type: kind.into(), attributes: Some(attributes), ..Command::default() }
}

fn namespace() -> String {
    "default".to_owned()
}

/// Completes a task of a workflow with these commands and results of queries.
async fn complete(
    service: &mut Box<dyn WorkflowService>,
    task: &PollWorkflowTaskQueueResponse,
    commands: Vec<Command>,
    results: Vec<(String, WorkflowQueryResult)>,
) -> Result<(), Status> {
    let request = RespondWorkflowTaskCompletedRequest {
        namespace: namespace(),
        task_token: task.task_token.clone(),
        commands,
        query_results: results.into_iter().collect(),
        ..Default::default()
    };
    service.respond_workflow_task_completed(Request::new(request)).await.map(drop)
}

/// Requests about an activity that do not fit.
const ACTIVITY: [&str; 9] = [
    "completed",
    "failed",
    "failed by texts",
    "canceled",
    "heartbeat",
    "completed by id",
    "failed by id",
    "canceled by id",
    "heartbeat by id",
];

/// Each fails its activity with the reason, and the worker goes on.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_for_an_activity_fails_it() {
    let gateway = low().await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let mut service = service(&gateway).await;
    let workflow_id = side.start("input").await;
    let task = side.poll().await;
    let schedule = |name: &&str| {
        let once = RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() };
        let attributes = ScheduleActivityTaskCommandAttributes {
            activity_id: (*name).to_owned(),
            activity_type: Some(ActivityType { name: "Carry".to_owned() }),
            task_queue: queue(&side.queue),
            start_to_close_timeout: Some(std::time::Duration::from_secs(600).try_into().unwrap()),
            schedule_to_close_timeout: Some(
                std::time::Duration::from_secs(600).try_into().unwrap(),
            ),
            retry_policy: Some(once),
            ..Default::default()
        };
        let attributes = Write::ScheduleActivityTaskCommandAttributes(attributes);
        command(CommandType::ScheduleActivityTask, attributes)
    };
    let commands = ACTIVITY.iter().map(schedule).collect();
    complete(&mut service, &task, commands, Vec::new()).await.unwrap();
    for _ in ACTIVITY {
        let mut task = PollActivityTaskQueueResponse::default();
        while task.task_token.is_empty() {
            let request = PollActivityTaskQueueRequest {
                namespace: namespace(),
                task_queue: queue(&side.queue),
                ..Default::default()
            };
            let mut request = Request::new(request);
            request.set_timeout(std::time::Duration::from_secs(70));
            task = service.poll_activity_task_queue(request).await.unwrap().into_inner();
        }
        let is_cancelled = answer(&mut service, &workflow_id, &task).await.unwrap();
        let is_heartbeat = task.activity_id.starts_with("heartbeat");
        assert_eq!(is_cancelled, is_heartbeat, "{}", task.activity_id);
    }
    let mut failed = 0;
    for event in side.history(&workflow_id, "").await.unwrap() {
        let Event::ActivityTaskFailedEventAttributes(event) = event else { continue };
        let failure = event.failure.unwrap();
        assert!(failure.message.contains(REASON), "{}", failure.message);
        let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else {
            panic!("no failure of an application");
        };
        assert_eq!(info.r#type, "PayloadsTooLarge");
        failed += 1;
    }
    assert_eq!(failed, ACTIVITY.len());
    gateway.end().await;
}

/// Sends the request that the activity is named after. Returns whether the answer asks its worker to cancel it.
async fn answer(
    service: &mut Box<dyn WorkflowService>,
    workflow_id: &str,
    task: &PollActivityTaskQueueResponse,
) -> Result<bool, Status> {
    let (task_token, details) = (task.task_token.clone(), payloads(&large()));
    let (workflow_id, activity_id) = (workflow_id.to_owned(), task.activity_id.clone());
    let namespace = namespace();
    match &*task.activity_id {
        "completed" => {
            let request = RespondActivityTaskCompletedRequest {
                namespace,
                task_token,
                result: details,
                ..Default::default()
            };
            service.respond_activity_task_completed(Request::new(request)).await?;
        }
        "failed" | "failed by texts" => {
            let texts = if activity_id == "failed" { String::new() } else { large() };
            let details = details.filter(|_| activity_id == "failed");
            let failure = failure(details, &texts);
            let request = RespondActivityTaskFailedRequest {
                namespace,
                task_token,
                failure,
                ..Default::default()
            };
            service.respond_activity_task_failed(Request::new(request)).await?;
        }
        "canceled" => {
            let request = RespondActivityTaskCanceledRequest {
                namespace,
                task_token,
                details,
                ..Default::default()
            };
            service.respond_activity_task_canceled(Request::new(request)).await?;
        }
        "heartbeat" => {
            let request = RecordActivityTaskHeartbeatRequest {
                namespace,
                task_token,
                details,
                ..Default::default()
            };
            let answer = service.record_activity_task_heartbeat(Request::new(request)).await?;
            return Ok(answer.into_inner().cancel_requested);
        }
        "completed by id" => {
            let request = RespondActivityTaskCompletedByIdRequest {
                namespace,
                workflow_id,
                activity_id,
                result: details,
                ..Default::default()
            };
            service.respond_activity_task_completed_by_id(Request::new(request)).await?;
        }
        "failed by id" => {
            let failure = failure(details, "");
            let request = RespondActivityTaskFailedByIdRequest {
                namespace,
                workflow_id,
                activity_id,
                failure,
                ..Default::default()
            };
            service.respond_activity_task_failed_by_id(Request::new(request)).await?;
        }
        "canceled by id" => {
            let request = RespondActivityTaskCanceledByIdRequest {
                namespace,
                workflow_id,
                activity_id,
                details,
                ..Default::default()
            };
            service.respond_activity_task_canceled_by_id(Request::new(request)).await?;
        }
        "heartbeat by id" => {
            let request = RecordActivityTaskHeartbeatByIdRequest {
                namespace,
                workflow_id,
                activity_id,
                details,
                ..Default::default()
            };
            let answer =
                service.record_activity_task_heartbeat_by_id(Request::new(request)).await?;
            return Ok(answer.into_inner().cancel_requested);
        }
        other => panic!("another activity: {other}"),
    }
    Ok(false)
}

/// A failure of a workflow task is replaced by the reason.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_a_workflow_task_is_replaced() {
    let gateway = low().await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let mut service = service(&gateway).await;
    for failure in [failure(payloads(&large()), ""), failure(None, &large())] {
        let id = side.start("input").await;
        let task = side.poll().await;
        let request = RespondWorkflowTaskFailedRequest {
            namespace: namespace(),
            task_token: task.task_token,
            failure,
            ..Default::default()
        };
        service.respond_workflow_task_failed(Request::new(request)).await.unwrap();
        let events = side.history(&id, "").await.unwrap();
        let is_failed = |event: &Event| match event {
            Event::WorkflowTaskFailedEventAttributes(failed) => {
                failed.failure.as_ref().is_some_and(|failure| failure.message.contains(REASON))
            }
            _ => false,
        };
        assert!(events.iter().any(is_failed));
        // The next one would wait for the task that is handed out again.
        side.queue = unique("default");
    }
    gateway.end().await;
}

/// One result of a query is too large. The task is completed all the same: its commands count, and so does
/// the other result. The server skips results of queries that it does not wait for.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_a_query_inside_of_a_task_fails_alone() {
    let gateway = low().await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let mut service = service(&gateway).await;
    let id = side.start("input").await;
    let task = side.poll().await;
    let result = |name: &str, text: &str| {
        let answer = payloads(text);
        let result_type = QueryResultType::Answered.into();
        (name.to_owned(), WorkflowQueryResult { result_type, answer, ..Default::default() })
    };
    let results = vec![result("small", "answer"), result("large", &large())];
    let end = super::namespaces::result("the end");
    let commands = vec![command(CommandType::CompleteWorkflowExecution, end)];
    complete(&mut service, &task, commands, results).await.unwrap();
    let events = side.history(&id, "").await.unwrap();
    assert!(matches!(
        events.last(),
        Some(Event::WorkflowExecutionCompletedEventAttributes(completed))
            if completed.result == payloads("the end")
    ));
    gateway.end().await;
}

/// The operation fails with the reason, and is not tried again.
#[tokio::test(flavor = "multi_thread")]
async fn answers_for_an_operation_of_nexus_fail_it() {
    let endpoint = unique("unsent");
    let gateway = low_with(&format!("[nexus.{endpoint}]\nnamespace = \"default\"\n")).await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let mut service = service(&gateway).await;
    let mut create = temporal(&server().target());
    create.args(["operator", "nexus", "endpoint", "create", "--name", &endpoint]);
    create.args(["--target-namespace", "default", "--target-task-queue", &side.queue]);
    assert!(create.output().unwrap().status.success());
    for is_completed in [true, false] {
        let id = side.start("input").await;
        let task = side.poll().await;
        let attributes = ScheduleNexusOperationCommandAttributes {
            endpoint: endpoint.clone(),
            service: "carrier".to_owned(),
            operation: "carry".to_owned(),
            // SDKs always send one. In place of none the server gives the handler a `binary/null`,
            // which is no plaintext.
            input: is_completed.then(|| payloads("input").unwrap().payloads.remove(0)),
            ..Default::default()
        };
        let attributes = Write::ScheduleNexusOperationCommandAttributes(attributes);
        let schedule = command(CommandType::ScheduleNexusOperation, attributes);
        complete(&mut service, &task, vec![schedule], Vec::new()).await.unwrap();
        let mut task_token = Vec::new();
        // A poll that waited for nothing is answered empty.
        while task_token.is_empty() {
            let request = PollNexusTaskQueueRequest {
                namespace: namespace(),
                task_queue: queue(&side.queue),
                ..Default::default()
            };
            let mut request = Request::new(request);
            request.set_timeout(std::time::Duration::from_secs(70));
            let polled = service.poll_nexus_task_queue(request).await.unwrap();
            task_token = polled.into_inner().task_token;
        }
        if is_completed {
            use nexus::start_operation_response::{Sync, Variant};
            let sync = Sync { payload: Some(large_payload()), ..Default::default() };
            let start = nexus::StartOperationResponse { variant: Some(Variant::SyncSuccess(sync)) };
            let variant = nexus::response::Variant::StartOperation(start);
            let request = RespondNexusTaskCompletedRequest {
                namespace: namespace(),
                task_token,
                response: Some(nexus::Response { variant: Some(variant) }),
                ..Default::default()
            };
            service.respond_nexus_task_completed(Request::new(request)).await.unwrap();
        } else {
            let request = RespondNexusTaskFailedRequest {
                namespace: namespace(),
                task_token,
                failure: failure(payloads(&large()), ""),
                ..Default::default()
            };
            service.respond_nexus_task_failed(Request::new(request)).await.unwrap();
        }
        let task = side.poll().await;
        let failed = events(&task).into_iter().find_map(|event| match event {
            Event::NexusOperationFailedEventAttributes(failed) => failed.failure,
            _ => None,
        });
        let text = format!("{:?}", failed.unwrap());
        assert!(text.contains(REASON), "{id}: {text}");
        complete(&mut service, &task, Vec::new(), Vec::new()).await.unwrap();
    }
    gateway.end().await;
}

/// The server gets none of them.
#[tokio::test(flavor = "multi_thread")]
async fn clients_get_the_reason() {
    let gateway = low().await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let mut service = service(&gateway).await;
    let id = side.start("input").await;
    let execution = Some(WorkflowExecution { workflow_id: id.clone(), ..Default::default() });
    let input = payloads(&large());
    let mut refused = vec![("start", side.try_start(&large()).await.map(drop))];
    let signal = SignalWorkflowExecutionRequest {
        namespace: namespace(),
        workflow_execution: execution.clone(),
        signal_name: "add".to_owned(),
        input: input.clone(),
        ..Default::default()
    };
    let sent = service.signal_workflow_execution(Request::new(signal)).await;
    refused.push(("signal", sent.map(drop)));
    let start = SignalWithStartWorkflowExecutionRequest {
        namespace: namespace(),
        workflow_id: unique("unsent"),
        workflow_type: type_name("ByHand"),
        task_queue: queue(&side.queue),
        signal_name: "add".to_owned(),
        signal_input: input.clone(),
        ..Default::default()
    };
    let sent = service.signal_with_start_workflow_execution(Request::new(start)).await;
    refused.push(("signal with start", sent.map(drop)));
    let revise = update::Input { name: "revise".to_owned(), args: input.clone(), header: None };
    let update = UpdateWorkflowExecutionRequest {
        namespace: namespace(),
        workflow_execution: execution.clone(),
        request: Some(update::Request { input: Some(revise), ..Default::default() }),
        ..Default::default()
    };
    let sent = service.update_workflow_execution(Request::new(update)).await;
    refused.push(("update", sent.map(drop)));
    let query = QueryWorkflowRequest {
        namespace: namespace(),
        execution,
        query: Some(WorkflowQuery {
            query_type: "look".to_owned(),
            query_args: input.clone(),
            header: None,
        }),
        ..Default::default()
    };
    refused.push(("query", service.query_workflow(Request::new(query)).await.map(drop)));
    let started = NewWorkflowExecutionInfo {
        workflow_id: unique("unsent"),
        workflow_type: type_name("ByHand"),
        task_queue: queue(&side.queue),
        input,
        ..Default::default()
    };
    let action = ScheduleAction { action: Some(Action::StartWorkflow(started)) };
    let schedule = CreateScheduleRequest {
        namespace: namespace(),
        schedule_id: unique("unsent"),
        schedule: Some(Schedule { action: Some(action), ..Default::default() }),
        ..Default::default()
    };
    refused.push(("schedule", service.create_schedule(Request::new(schedule)).await.map(drop)));
    for (name, result) in refused {
        let status = result.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{name}: {status}");
        assert!(status.message().contains(REASON), "{name}: {status}");
    }
    let events = side.history(&id, "").await.unwrap();
    assert_eq!(events.len(), 2, "the server knows the start and its task alone");
    gateway.end().await;
}
