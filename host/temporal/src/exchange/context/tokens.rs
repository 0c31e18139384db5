//! Tasks by their tokens: who a task belongs to, for the requests that name the token alone.
//!
//! A task that is looked up here decides under which key an object is stored, and nothing else: a gateway that
//! was restarted, or another replica, has not seen the task, and reads everything all the same.

use std::sync::Arc;

use cloakroom_core::{Context, Kind};
use cloakroom_wire::{MessageType, Schema, View};

use super::task_parent::{Parent, facts, text};
use crate::exchange::{recent::Recent, workflow_task::workflow_task};

/// Bytes of all tasks that are remembered: some 40,000 of them.
const TASKS: usize = 16 << 20;

/// Bytes of all runs whose parent is remembered.
const PARENTS: usize = 4 << 20;

const WORKFLOW_TASK: &str = "temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse";
const ACTIVITY_TASK: &str = "temporal.api.workflowservice.v1.PollActivityTaskQueueResponse";

/// A task that was handed out to a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Task {
    /// Namespace of the poll, by which no other namespace can look the task up.
    pub(crate) namespace: String,
    /// Empty for an activity without a workflow.
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) workflow_type: String,
    /// Id, type and run of an activity without a workflow.
    pub(crate) standalone: Option<[String; 3]>,
    /// Endpoint, service and operation of a task of Nexus.
    pub(crate) nexus: Option<[String; 3]>,
    /// Task queue of a workflow, which is not the worker's own for sticky tasks.
    pub(crate) task_queue: String,
    /// Attempt of the task, from 1.
    pub(crate) attempt: u64,
    /// Size in bytes of the history so far, as the server says it. Zero if it does not.
    pub(crate) history_size: u64,
}

/// Tasks that were handed out, by token, and the parents of their runs.
pub(crate) struct Tokens {
    tasks: Recent<Arc<Task>>,
    parents: Recent<Arc<Parent>>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { tasks: Recent::new(TASKS), parents: Recent::new(PARENTS) }
    }
}

impl Tokens {
    /// Remembers the tasks in the answer to a call of this method by a caller of `namespace`.
    pub(crate) fn learn(&self, name: &str, namespace: &str, answer: View<'_>) {
        let Some((workflow, activity)) = task_types() else { return };
        let inside = |number: u32, message: MessageType| {
            let fields = answer.fields().into_iter().filter(move |field| field.number == number);
            fields.filter_map(move |field| Some(View::new(message, field.content?)))
        };
        match name {
            "PollActivityTaskQueue" => self.activity_task(namespace, answer),
            "PollNexusTaskQueue" => self.nexus_task(namespace, answer),
            "RespondWorkflowTaskCompleted" => {
                inside(1, workflow).for_each(|task| self.workflow_task(namespace, task));
                inside(2, activity).for_each(|task| self.activity_task(namespace, task));
            }
            _ => {
                if let Some(task) = workflow_task(name, answer) {
                    self.workflow_task(namespace, task);
                }
            }
        }
    }

    /// Returns the task of a token that was handed out in this namespace.
    pub(crate) fn task(&self, namespace: &str, token: &[u8]) -> Option<Arc<Task>> {
        // A token of another namespace is one that this caller was never handed.
        self.tasks.get(token).filter(|task| task.namespace == namespace)
    }

    /// Returns the parent of a run, if its first event was seen.
    pub(crate) fn parent(&self, namespace: &str, run_id: &str) -> Option<Arc<Parent>> {
        self.parents.get((namespace, run_id))
    }

    /// Remembers the parent of a run.
    pub(crate) fn learn_parent(&self, namespace: &str, run_id: &str, parent: Arc<Parent>) {
        let bytes = parent.bytes();
        self.parents.insert((namespace, run_id), parent, bytes);
    }

    fn workflow_task(&self, namespace: &str, view: View<'_>) {
        let mut task = Task::of_execution(namespace, view);
        let queue = view.message("workflow_execution_task_queue");
        task.task_queue = queue.map(|queue| text(queue, "name")).unwrap_or_default();
        if let Some(history) = view.message("history") {
            let (parent, size) = facts(history);
            task.history_size = size;
            if let Some(parent) = parent {
                self.learn_parent(namespace, &task.run_id, Arc::new(parent));
            }
        }
        self.insert(view, task);
    }

    fn activity_task(&self, namespace: &str, view: View<'_>) {
        let mut task = Task::of_execution(namespace, view);
        if task.workflow_id.is_empty() {
            let type_name = view.message("activity_type").map(|name| text(name, "name"));
            let [id, run_id] = ["activity_id", "activity_run_id"].map(|name| text(view, name));
            task.standalone = Some([id, type_name.unwrap_or_default(), run_id]);
        } else if let Some(run) = self.parent(namespace, &task.run_id) {
            // Rules about a queue mean the workflow's: its activities may run on others.
            task.task_queue.clone_from(&run.task_queue);
        }
        self.insert(view, task);
    }

    fn nexus_task(&self, namespace: &str, view: View<'_>) {
        let Some(request) = view.message("request") else { return };
        let Some(start) = request.message("start_operation") else { return };
        let operation =
            [text(request, "endpoint"), text(start, "service"), text(start, "operation")];
        let mut task = Task::of_execution(namespace, view);
        task.nexus = Some(operation);
        self.insert(view, task);
    }

    fn insert(&self, view: View<'_>, task: Task) {
        let Some(token) = view.bytes("task_token").filter(|token| !token.is_empty()) else {
            return;
        };
        let bytes = task.bytes();
        self.tasks.insert(token, Arc::new(task), bytes);
    }
}

impl Task {
    fn of_execution(namespace: &str, view: View<'_>) -> Self {
        let execution = view.message("workflow_execution");
        let of_execution = |name| execution.map(|view| text(view, name)).unwrap_or_default();
        let workflow_type = view.message("workflow_type").map(|view| text(view, "name"));
        Self {
            namespace: namespace.to_owned(),
            workflow_id: of_execution("workflow_id"),
            run_id: of_execution("run_id"),
            workflow_type: workflow_type.unwrap_or_default(),
            attempt: view.number("attempt").unwrap_or(1),
            ..Self::default()
        }
    }

    /// Returns the context of payloads that answer the task: those of an activity belong to its
    /// workflow, which reads the result.
    pub(crate) fn context(&self) -> Context {
        let ctx = Context::namespace(&*self.namespace);
        if let Some([endpoint, service, operation]) = &self.nexus {
            return ctx.with_nexus_target(endpoint, service, operation);
        }
        match &self.standalone {
            Some([id, type_name, run_id]) => {
                ctx.with_target(Kind::Activity, id, type_name, some(run_id))
            }
            None => {
                let (id, run_id) = (&self.workflow_id, some(&self.run_id));
                let ctx = ctx.with_target(Kind::Workflow, id, &self.workflow_type, run_id);
                if self.task_queue.is_empty() { ctx } else { ctx.with_task_queue(&self.task_queue) }
            }
        }
    }

    /// Returns the bytes that the task takes.
    fn bytes(&self) -> usize {
        let texts = [&self.namespace, &self.workflow_id, &self.run_id, &self.workflow_type];
        let standalone = self.standalone.iter().chain(&self.nexus).flatten();
        let texts = texts.into_iter().chain([&self.task_queue]).chain(standalone);
        texts.map(String::len).sum::<usize>() + size_of::<Self>()
    }
}

fn task_types() -> Option<(MessageType, MessageType)> {
    let schema = Schema::temporal();
    Some((schema.message(WORKFLOW_TASK)?, schema.message(ACTIVITY_TASK)?))
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
