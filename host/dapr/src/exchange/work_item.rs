//! Work items: what each is about, and the answer to an activity that cannot be decoded.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Direction, Error, Kind, clean};
use cloakroom_pipeline::Stage;
use cloakroom_wire::View;

use super::{
    Exchange, app_context,
    decode::{Decoded, Refused, decode_found},
    propagated,
};
use crate::{
    budget,
    fields::{put_bytes, put_number, put_text},
};

/// Types of the failures that an activity gets: its input cannot be decoded, or its answer not encoded.
const UNDECODABLE: &str = "CloakroomUndecodable";
const NOT_ENCODED: &str = "CloakroomNotEncoded";

/// Methods by which an app answers a turn or an activity.
const ANSWERS: [(&str, ItemKind); 3] = [
    (FAIL, ItemKind::Activity),
    ("/TaskHubSidecarService/CompleteOrchestratorTask", ItemKind::Workflow),
    ("/TaskHubSidecarService/CompleteWorkflowTask", ItemKind::Workflow),
];

/// Method that completes an activity, or fails it.
const FAIL: &str = "/TaskHubSidecarService/CompleteActivityTask";

/// Characters of an error that goes into a history.
const MESSAGE: usize = 1000;

/// A work item that was decoded.
#[derive(Debug)]
#[non_exhaustive]
pub struct WorkItem {
    /// The message. It is the same if nothing had to change.
    pub bytes: Bytes,
    /// Number of texts that were decoded.
    pub payloads: usize,
    /// Instance whose history did not pass here, for [`Exchange::history_request`]. It is named once.
    pub unknown_instance: Option<String>,
}

/// Subject of a work item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkItemHead {
    /// Kind of the work.
    pub kind: ItemKind,
    /// Id of the workflow instance.
    pub instance_id: String,
    /// Name of the activity, or of the workflow if the item has it.
    pub name: String,
    /// Number of the activity's task.
    pub task_id: i32,
    /// Token that the answer repeats.
    pub completion_token: String,
}

/// Kind of the work in a work item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// An activity.
    Activity,
    /// A turn of a workflow.
    Workflow,
    /// Neither, such as what a later version of Dapr sends.
    #[default]
    Other,
}

impl Exchange {
    /// Decodes a work item, unless that makes it larger than `most` bytes, and notes what its instance
    /// weighs.
    ///
    /// # Errors
    /// `Undecodable` with the errors of the pipeline, and if the message is not as its type says;
    /// `TooLarge`. Dapr still waits for an answer to the item then.
    pub async fn decode_work_item(
        &self,
        memory: Option<&CallMemory>,
        bytes: Bytes,
        most: usize,
    ) -> Result<WorkItem, Refused> {
        let as_it_is = |bytes| WorkItem { bytes, payloads: 0, unknown_instance: None };
        let Some(message) = budget::message("WorkItem") else { return Ok(as_it_is(bytes)) };
        let (pipeline, head) = (self.pipeline(), WorkItemHead::read(&bytes));
        let ctx = app_context(&self.settings().app_id, memory);
        let known = self.shared.instances.origin(&head.instance_id).unwrap_or_default();
        let ctx = ctx.with_target(Kind::Workflow, &head.instance_id, &known.workflow, None);
        let report =
            |error| Refused::Undecodable(pipeline.report_failure(&ctx, Direction::Decode, error));
        let raw = View::new(message, &bytes);
        let checks_plain = pipeline.stages().iter().any(Stage::is_required);
        let unsigned = propagated::without_signatures(raw, checks_plain, memory).map_err(report)?;
        let readable = unsigned.as_ref().unwrap_or(&bytes);
        let found = self.scan(&pipeline, message, readable).map_err(report)?;
        let decoded = decode_found(&pipeline, &ctx, &found, most).await;
        let plain = decoded.as_ref().ok().map(|decoded| View::new(message, &decoded.bytes));
        let unknown_instance = self.follow_work_item(raw, plain);
        let Decoded { bytes: decoded, payloads } = decoded?;
        // The texts only looked like ours: the signatures are still true.
        let is_unchanged = unsigned.is_some_and(|unsigned| unsigned == decoded);
        let decoded = if is_unchanged { bytes.clone() } else { decoded };
        Ok(WorkItem { payloads, unknown_instance, ..as_it_is(decoded) })
    }
}

impl WorkItemHead {
    /// Reads the subject of a work item, as far as the item is well formed.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let Some(message) = budget::message("WorkItem") else { return Self::default() };
        let item = View::new(message, bytes);
        let text = |view: View<'_>, name| view.text(name).unwrap_or_default().to_owned();
        let head = Self { completion_token: text(item, "completionToken"), ..Self::default() };
        if let Some(activity) = item.message("activityRequest") {
            let instance = activity.message("workflowInstance");
            let task = activity.number("taskId").unwrap_or_default();
            return Self {
                kind: ItemKind::Activity,
                instance_id: instance.map(|one| text(one, "instanceId")).unwrap_or_default(),
                name: text(activity, "name"),
                // Numbers of 32 bits are sign-extended on the wire.
                task_id: task.cast_signed() as i32,
                ..head
            };
        }
        match item.message("workflowRequest") {
            Some(workflow) => {
                let instance_id = text(workflow, "instanceId");
                Self { kind: ItemKind::Workflow, instance_id, ..head }
            }
            None => head,
        }
    }

    /// Returns the path and the message of the call that fails this activity, with an error in the
    /// clear. The retry policy of its workflow decides what follows. Nothing if the item is no activity:
    /// to fail a turn of a workflow would end the run.
    #[must_use]
    pub fn fail_activity(&self, error: &Error) -> Option<(&'static str, Bytes)> {
        if self.kind != ItemKind::Activity {
            return None;
        }
        Some((FAIL, self.failure(UNDECODABLE, error)))
    }

    /// Reads the subject of an answer: the task that it completes. Nothing if the method is none of an
    /// answer.
    #[must_use]
    pub fn read_answer(path: &str, message: &[u8]) -> Option<Self> {
        let (_, kind) = ANSWERS.into_iter().find(|(answers, _)| *answers == path)?;
        let name = if kind == ItemKind::Activity { "ActivityResponse" } else { "WorkflowResponse" };
        let answer = View::new(budget::message(name)?, message);
        let text = |name| answer.text(name).unwrap_or_default().to_owned();
        let task = answer.number("taskId").filter(|_| kind == ItemKind::Activity);
        Some(Self {
            kind,
            instance_id: text("instanceId"),
            name: String::new(),
            task_id: task.unwrap_or_default().cast_signed() as i32,
            completion_token: text("completionToken"),
        })
    }

    /// Returns the message that fails an activity in place of its own answer, which cannot be encoded.
    #[must_use]
    pub fn fail_answered(&self, error: &Error) -> Bytes {
        self.failure(NOT_ENCODED, error)
    }

    /// Returns the answer of an activity that failed.
    fn failure(&self, kind: &str, error: &Error) -> Bytes {
        let (mut failure, mut answer) = (Vec::new(), Vec::new());
        put_text(&mut failure, 1, kind);
        put_text(&mut failure, 2, &clean(&error.report(), MESSAGE));
        put_text(&mut answer, 1, &self.instance_id);
        put_number(&mut answer, 2, i64::from(self.task_id));
        put_bytes(&mut answer, 4, &failure);
        put_text(&mut answer, 5, &self.completion_token);
        answer.into()
    }
}
