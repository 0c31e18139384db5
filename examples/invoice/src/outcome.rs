//! Outcome of a workflow, as the server reports it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use temporalio_client::{
    Client, HistoryEventFilterType, UntypedWorkflow, WorkflowDescribeOptions,
    WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowFetchHistoryOptions,
    WorkflowHandle, WorkflowTerminateOptions,
};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use tokio::time::sleep;

use crate::{progress::Progress, reason::Reason};

/// For how long a failure may be repeated until this gives up. Temporal would not.
const PATIENCE: Duration = Duration::from_secs(6);

/// Time limit of a whole workflow.
const TIME: Duration = Duration::from_secs(180);

/// Outcome of a workflow.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) finished: bool,
    /// When it ended, or when this gave up.
    pub(crate) status: String,
    pub(crate) reason: Option<Reason>,
    pub(crate) seconds: f64,
    pub(crate) history_bytes: i64,
    pub(crate) events: usize,
}

type Handle = WorkflowHandle<Client, UntypedWorkflow>;

impl Outcome {
    /// Follows a workflow until it ends, or until it is clear that it will not. Then it is
    /// terminated.
    pub(crate) async fn of(client: &Client, id: &str, progress: &mut Progress) -> Result<Self> {
        let handle: Handle = client.get_workflow_handle(id);
        let started = Instant::now();
        let mut well = started;
        loop {
            let told = handle.describe(WorkflowDescribeOptions::default()).await?;
            if told.status() != WorkflowExecutionStatus::Running {
                let reason = Reason::of_end(&last_event(&handle).await?);
                return Ok(Self::told(&told, reason, started));
            }
            let reason = Reason::of_repetition(&told);
            if reason.is_none() {
                well = Instant::now();
            }
            let now = Self::told(&told, reason, started);
            progress.now(&now.line(id));
            if well.elapsed() > PATIENCE || started.elapsed() > TIME {
                let last = WorkflowTerminateOptions::builder().reason("the example gives up");
                handle.terminate(last.build()).await?;
                return Ok(now);
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn told(told: &WorkflowExecutionDescription, reason: Option<Reason>, started: Instant) -> Self {
        let info = told.raw().workflow_execution_info.as_ref();
        Self {
            finished: told.status() == WorkflowExecutionStatus::Completed,
            status: format!("{:?}", told.status()),
            reason,
            seconds: started.elapsed().as_secs_f64(),
            history_bytes: info.map_or(0, |info| info.history_size_bytes),
            events: told.history_length(),
        }
    }

    /// Returns the state in words, with the known reason.
    pub(crate) fn line(&self, id: &str) -> String {
        let Self { status, reason, history_bytes, events, .. } = self;
        let size = *history_bytes as f64 / 1e6;
        let reason = reason.as_ref().map(|reason| format!(": {}", reason.in_full()));
        format!("{id}: {status}, {events} events, {size:.2} MB{}", reason.unwrap_or_default())
    }
}

async fn last_event(handle: &Handle) -> Result<HistoryEvent> {
    let close = WorkflowFetchHistoryOptions::builder();
    let close = close.event_filter_type(HistoryEventFilterType::CloseEvent).build();
    let mut events = handle.fetch_history(close).into_events().await?;
    events.pop().context("the server does not tell how the workflow ended")
}
