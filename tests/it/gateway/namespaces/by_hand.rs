//! A worker that writes its commands by hand: SDKs start no child in another namespace.

use cloakroom_tests::rigs::{DevServer, temporal};
use temporalio_client::{
    Connection,
    grpc::WorkflowService,
    tonic::{Request, Status},
};
use temporalio_common::protos::temporal::api::{
    command::v1::{Command, command::Attributes as Write},
    common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType},
    enums::v1::CommandType,
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueRequest,
        PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
        StartWorkflowExecutionRequest,
    },
};

use crate::worker::{connection, unique, until};

/// A worker and client of one namespace, with a task queue of its own.
pub(in crate::gateway) struct Side {
    service: Box<dyn WorkflowService>,
    pub(in crate::gateway) namespace: String,
    pub(in crate::gateway) queue: String,
}

/// Creates a namespace.
pub(in crate::gateway) fn create(server: &DevServer, namespace: &str) {
    let mut create = temporal(&server.target());
    create.args(["operator", "namespace", "create", "--namespace", namespace]);
    let output = create.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(in crate::gateway) fn payloads(text: &str) -> Option<Payloads> {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    let data = serde_json::to_vec(text).unwrap();
    Some(Payloads { payloads: vec![Payload { metadata, data, ..Payload::default() }] })
}

pub(in crate::gateway) fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.to_owned(), ..TaskQueue::default() })
}

pub(in crate::gateway) fn type_name(name: &str) -> Option<WorkflowType> {
    Some(WorkflowType { name: name.to_owned() })
}

impl Side {
    pub(in crate::gateway) async fn connect(url: &str, namespace: &str) -> Self {
        Self::over(connection(url).await, namespace).await
    }

    pub(in crate::gateway) async fn over(connection: Connection, namespace: &str) -> Self {
        let service = connection.workflow_service();
        let side = Self { service, namespace: namespace.to_owned(), queue: unique(namespace) };
        // The namespace is known everywhere only after a while.
        until(async || {
            side.history("none", "").await.map_err(|status| status.message().to_owned()).or_else(
                |text| if text.contains("is not found") { Err(text) } else { Ok(Vec::new()) },
            )
        })
        .await;
        side
    }

    /// Starts a workflow, and returns its id.
    pub(in crate::gateway) async fn start(&mut self, input: &str) -> String {
        self.try_start(input).await.unwrap()
    }

    /// Starts a workflow, and returns its id or why it was refused.
    pub(in crate::gateway) async fn try_start(&mut self, input: &str) -> Result<String, Status> {
        self.start_with(payloads(input)).await
    }

    /// Starts a workflow with an input as it is, and returns its id or why it was refused.
    pub(in crate::gateway) async fn start_with(
        &mut self,
        input: Option<Payloads>,
    ) -> Result<String, Status> {
        let id = unique(&self.namespace);
        let request = StartWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_id: id.clone(),
            workflow_type: type_name("ByHand"),
            task_queue: queue(&self.queue),
            input,
            request_id: id.clone(),
            ..Default::default()
        };
        self.service.start_workflow_execution(Request::new(request)).await?;
        Ok(id)
    }

    /// Waits for a task.
    pub(in crate::gateway) async fn poll(&mut self) -> PollWorkflowTaskQueueResponse {
        loop {
            let request = PollWorkflowTaskQueueRequest {
                namespace: self.namespace.clone(),
                task_queue: queue(&self.queue),
                ..Default::default()
            };
            let mut request = Request::new(request);
            request.set_timeout(std::time::Duration::from_secs(70));
            let polled = self.service.poll_workflow_task_queue(request).await;
            let task = polled.unwrap().into_inner();
            if !task.task_token.is_empty() {
                return task;
            }
        }
    }

    /// Completes a task with these commands.
    pub(in crate::gateway) async fn complete(
        &mut self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Write>,
    ) -> Result<(), Status> {
        let command = |attributes: Write| Command {
            command_type: match &attributes {
                Write::CompleteWorkflowExecutionCommandAttributes(_) => {
                    CommandType::CompleteWorkflowExecution
                }
                Write::StartChildWorkflowExecutionCommandAttributes(_) => {
                    CommandType::StartChildWorkflowExecution
                }
                Write::SignalExternalWorkflowExecutionCommandAttributes(_) => {
                    CommandType::SignalExternalWorkflowExecution
                }
                other => panic!("{other:?}"),
            }
            .into(),
            attributes: Some(attributes),
            ..Command::default()
        };
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: self.namespace.clone(),
            task_token: task.task_token.clone(),
            commands: commands.into_iter().map(command).collect(),
            ..Default::default()
        };
        self.service.respond_workflow_task_completed(Request::new(request)).await.map(drop)
    }

    /// Returns the events of a workflow.
    pub(in crate::gateway) async fn history(
        &self,
        id: &str,
        run: &str,
    ) -> Result<Vec<Event>, Status> {
        let execution = WorkflowExecution { workflow_id: id.to_owned(), run_id: run.to_owned() };
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.clone(),
            execution: Some(execution),
            ..Default::default()
        };
        let mut service = self.service.clone();
        let answer = service.get_workflow_execution_history(Request::new(request)).await?;
        let history = answer.into_inner().history.unwrap_or_default();
        Ok(attributes(history.events))
    }
}

/// Returns what events say.
pub(in crate::gateway) fn attributes(events: Vec<HistoryEvent>) -> Vec<Event> {
    events.into_iter().filter_map(|event| event.attributes).collect()
}

/// Returns the events of a task's history.
pub(in crate::gateway) fn events(task: &PollWorkflowTaskQueueResponse) -> Vec<Event> {
    attributes(task.history.clone().unwrap_or_default().events)
}
