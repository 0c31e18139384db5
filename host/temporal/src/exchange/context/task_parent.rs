//! The parent of a run, which the first event of its history names.

use cloakroom_wire::{Schema, View};

const EVENT: &str = "temporal.api.history.v1.HistoryEvent";

/// Number of `events` in a history.
const EVENTS: u32 = 1;

/// The parent of a run, or that it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parent {
    /// The workflow that started this one as its child.
    pub(crate) execution: Option<ParentExecution>,
    /// True if the run continues another one. Its result is then stored as its own.
    pub(crate) is_continued: bool,
    /// Task queue of the run itself, which its activities' tasks do not name.
    pub(crate) task_queue: String,
}

/// A workflow that started another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParentExecution {
    pub(crate) namespace: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
}

impl Parent {
    /// Returns the bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let execution = self.execution.as_ref();
        let texts = execution
            .map(|parent| parent.namespace.len() + parent.workflow_id.len() + parent.run_id.len());
        texts.unwrap_or_default() + self.task_queue.len() + size_of::<Self>()
    }
}

/// Returns the parent, if the first event is in this part of a history, and the size of the whole
/// history that the last started task says, or zero.
pub(crate) fn facts(history: View<'_>) -> (Option<Parent>, u64) {
    let Some(event) = Schema::temporal().message(EVENT) else { return (None, 0) };
    let fields = history.fields();
    let events = fields.iter().filter(|field| field.number == EVENTS);
    let events = events.filter_map(|field| Some(View::new(event, field.content?)));
    let first = events.clone().next().filter(|first| first.number("event_id") == Some(1));
    // The last event of a task is the one that started it. A page that ends elsewhere is not searched
    // through: it may have ten thousands of events.
    let last = events.rev().take(4);
    let mut started =
        last.filter_map(|event| event.message("workflow_task_started_event_attributes"));
    let size = started.next().and_then(|started| started.number("history_size_bytes"));
    (first.and_then(parent), size.unwrap_or_default())
}

/// Returns the parent that the first event of a history names.
fn parent(first: View<'_>) -> Option<Parent> {
    let started = first.message("workflow_execution_started_event_attributes")?;
    let execution = started.message("parent_workflow_execution").map(|execution| ParentExecution {
        namespace: text(started, "parent_workflow_namespace"),
        workflow_id: text(execution, "workflow_id"),
        run_id: text(execution, "run_id"),
    });
    let is_named =
        |parent: &ParentExecution| !parent.workflow_id.is_empty() && !parent.namespace.is_empty();
    let execution = execution.filter(is_named);
    let is_continued = !text(started, "continued_execution_run_id").is_empty();
    let queue = started.message("task_queue").map(|queue| text(queue, "name"));
    Some(Parent { execution, is_continued, task_queue: queue.unwrap_or_default() })
}

/// Returns a field of text, which is empty if it is not there.
pub(crate) fn text(view: View<'_>, name: &str) -> String {
    view.text(name).unwrap_or_default().to_owned()
}
