//! Workflows that nobody runs: started with an input, which is read from their first event.

use std::net::SocketAddr;

use prost::Message as _;
use temporalio_common::protos::temporal::api::{
    common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
    history::v1::history_event::Attributes,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        StartWorkflowExecutionRequest,
    },
};

use super::raw::{Answer, call};

/// Returns a payload with this encoding.
pub(crate) fn payload(encoding: &str, data: &[u8]) -> Payload {
    let metadata = [("encoding".to_owned(), encoding.into())].into();
    Payload { metadata, data: data.to_vec(), ..Default::default() }
}

/// Returns a request to start a workflow with an input.
pub(crate) fn start_request(
    namespace: &str,
    id: &str,
    payloads: Vec<Payload>,
) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: namespace.to_owned(),
        workflow_id: id.to_owned(),
        request_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: "Recorded".to_owned() }),
        task_queue: Some(TaskQueue { name: "nobody".to_owned(), ..Default::default() }),
        input: Some(Payloads { payloads }),
        ..Default::default()
    }
}

/// Returns a request for the history of a workflow.
pub(crate) fn history_request(namespace: &str, id: &str) -> GetWorkflowExecutionHistoryRequest {
    let execution = WorkflowExecution { workflow_id: id.to_owned(), ..Default::default() };
    GetWorkflowExecutionHistoryRequest {
        namespace: namespace.to_owned(),
        execution: Some(execution),
        ..Default::default()
    }
}

/// Returns the input in the first event of a history.
pub(crate) fn input(page: GetWorkflowExecutionHistoryResponse) -> Vec<Payload> {
    let first = page.history.unwrap().events.swap_remove(0).attributes.unwrap();
    match first {
        Attributes::WorkflowExecutionStartedEventAttributes(started) => {
            started.input.unwrap().payloads
        }
        other => panic!("another event: {other:?}"),
    }
}

/// Starts a workflow in the namespace `default`.
pub(crate) async fn start(address: SocketAddr, id: &str, payloads: Vec<Payload>) {
    let request = start_request("default", id, payloads).encode_to_vec();
    let started = call(address, "StartWorkflowExecution", &[], &request).await;
    assert_eq!(started.code, "0", "{}", started.message);
}

/// Asks for its history.
pub(crate) async fn read(address: SocketAddr, id: &str) -> Answer {
    let request = history_request("default", id).encode_to_vec();
    call(address, "GetWorkflowExecutionHistory", &[], &request).await
}

/// Returns its input.
pub(crate) async fn read_input(address: SocketAddr, id: &str) -> Vec<Payload> {
    let answer = read(address, id).await;
    assert_eq!(answer.code, "0", "{}", answer.message);
    input(GetWorkflowExecutionHistoryResponse::decode(&*answer.body).unwrap())
}
