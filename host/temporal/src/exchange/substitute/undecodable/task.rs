//! A task of a worker: what the log says of it, and how long it may take.

use std::time::Duration;

use cloakroom_core::clean;
use cloakroom_wire::{MessageType, Schema, View};

use crate::exchange::proto::seconds;

/// Timeout of a workflow task, a query or a Nexus task whose own is not known: Temporal's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Most characters of an identifier in the log.
const IDENTIFIER: usize = 255;

/// Kind of a task, by the message that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskKind {
    Activity,
    Nexus,
    Workflow,
}

impl TaskKind {
    /// Returns the kind that a poll asks for.
    pub(super) fn of_poll(method: &str) -> Option<Self> {
        match method {
            "PollActivityTaskQueue" => Some(Self::Activity),
            "PollNexusTaskQueue" => Some(Self::Nexus),
            "PollWorkflowTaskQueue" => Some(Self::Workflow),
            _ => None,
        }
    }

    /// Returns the fields of other answers that carry tasks.
    pub(super) fn in_answer(method: &str) -> &'static [(u32, Self)] {
        match method {
            "RespondWorkflowTaskCompleted" => &[(1, Self::Workflow), (2, Self::Activity)],
            "StartWorkflowExecution" => &[(2, Self::Workflow)],
            _ => &[],
        }
    }

    /// Returns the type of the message that carries the task.
    pub(super) fn message(self) -> Option<MessageType> {
        Schema::temporal().message(match self {
            Self::Activity => "temporal.api.workflowservice.v1.PollActivityTaskQueueResponse",
            Self::Nexus => "temporal.api.workflowservice.v1.PollNexusTaskQueueResponse",
            Self::Workflow => "temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse",
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Nexus => "nexus",
            Self::Workflow => "workflow",
        }
    }
}

/// A task as the frontend sent it.
pub(super) struct Task<'a> {
    pub(super) kind: TaskKind,
    pub(super) view: View<'a>,
}

impl<'a> Task<'a> {
    pub(super) fn new(kind: TaskKind, bytes: &'a [u8]) -> Option<Self> {
        Some(Self { kind, view: View::new(kind.message()?, bytes) })
    }

    pub(super) fn token(&self) -> &'a [u8] {
        self.view.bytes("task_token").unwrap_or_default()
    }

    /// Returns the attempt, from 1. Later attempts of workflow tasks and activities have a number.
    pub(super) fn attempt(&self) -> u64 {
        self.view.number("attempt").unwrap_or(1).max(1)
    }

    /// Returns whether the task is a query alone. Queries of a task that does more are in a map.
    pub(super) fn is_query(&self) -> bool {
        self.kind == TaskKind::Workflow && self.view.message("query").is_some()
    }

    /// Returns the time that the frontend waits for an answer.
    pub(super) fn timeout(&self) -> Duration {
        let timeouts = match self.kind {
            TaskKind::Workflow => vec![self.scheduled_timeout()],
            // The frontend counts the silence while the gateway decodes as a missing heartbeat.
            TaskKind::Activity => {
                let names =
                    ["start_to_close_timeout", "schedule_to_close_timeout", "heartbeat_timeout"];
                names.map(|name| self.view.bytes(name).and_then(seconds)).into()
            }
            TaskKind::Nexus => Vec::new(),
        };
        let known = timeouts.into_iter().flatten().filter(|seconds| *seconds > 0).min();
        known.map_or(DEFAULT_TIMEOUT, Duration::from_secs)
    }

    /// Returns the timeout in the event that scheduled this workflow task.
    fn scheduled_timeout(&self) -> Option<u64> {
        let event = Schema::temporal().message("temporal.api.history.v1.HistoryEvent")?;
        let events = self.view.message("history")?.fields().into_iter().rev();
        let mut events = events.filter_map(|field| Some(View::new(event, field.content?)));
        let scheduled = "workflow_task_scheduled_event_attributes";
        let scheduled = events.find_map(|event| event.message(scheduled))?;
        scheduled.bytes("start_to_close_timeout").and_then(seconds)
    }

    /// Writes the line of a task that could not be decoded.
    pub(super) fn log(&self, namespace: &str, kind: &str, report: &str) {
        let execution = self.view.message("workflow_execution");
        let within = |name: &str| execution.and_then(|execution| text(execution, name));
        let name = |field: &str| self.view.message(field).and_then(|of| text(of, "name"));
        tracing::warn!(
            target: "cloakroom::request",
            task = if self.is_query() { "query" } else { self.kind.as_str() },
            kind,
            namespace = clean(namespace, IDENTIFIER),
            workflow = within("workflow_id"),
            run = within("run_id"),
            workflow_type = name("workflow_type"),
            activity = text(self.view, "activity_id"),
            activity_type = name("activity_type"),
            attempt = self.attempt(),
            error = report,
            "a task cannot be decoded: answered for the worker"
        );
    }
}

/// Returns an identifier for the log. A caller chose it, so it is cut and cleaned.
fn text(view: View<'_>, name: &str) -> Option<String> {
    view.text(name).filter(|text| !text.is_empty()).map(|text| clean(text, IDENTIFIER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::proto::{put_bytes, put_number};

    fn duration(seconds: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_number(&mut bytes, 1, seconds);
        put_number(&mut bytes, 2, 500);
        bytes
    }

    fn timeout(kind: TaskKind, bytes: &[u8]) -> u64 {
        Task::new(kind, bytes).unwrap().timeout().as_secs()
    }

    #[test]
    fn an_activity_has_the_shortest_of_its_timeouts() {
        let mut task = Vec::new();
        assert_eq!(timeout(TaskKind::Activity, &task), 10);
        put_bytes(&mut task, 15, &duration(600));
        assert_eq!(timeout(TaskKind::Activity, &task), 600);
        put_bytes(&mut task, 16, &duration(30));
        put_bytes(&mut task, 14, &duration(0));
        assert_eq!(timeout(TaskKind::Activity, &task), 30);
    }

    #[test]
    fn a_workflow_task_has_the_timeout_of_the_last_event_that_scheduled_one() {
        let event = |seconds| {
            let (mut scheduled, mut event) = (Vec::new(), Vec::new());
            put_bytes(&mut scheduled, 2, &duration(seconds));
            put_number(&mut event, 1, 7);
            put_bytes(&mut event, 10, &scheduled);
            event
        };
        let (mut history, mut task) = (Vec::new(), Vec::new());
        put_bytes(&mut history, 1, &event(5));
        put_bytes(&mut history, 1, &event(20));
        put_bytes(&mut history, 1, b"");
        put_bytes(&mut task, 8, &history);
        assert_eq!(timeout(TaskKind::Workflow, &task), 20);
        assert_eq!(timeout(TaskKind::Workflow, b""), 10);
    }
}
