//! Tokens in workflow tasks: each says that it belongs to a task.
//!
//! A request for a page does not say who reads it. A worker that replays needs less of a history than a
//! client, and its pages tell how large the run is.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::{MessageType, Schema, View};

use crate::exchange::{Exchange, call::Call, page_token::PageToken, proto::put_bytes};

const TASK: &str = "temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse";

/// Number of the token in a task.
const TOKEN: u32 = 9;

/// Returns the place of a task's history: its run, from the start.
pub(super) fn of_task(ctx: &Context, task: View<'_>) -> PageToken {
    let execution = task.message("workflow_execution");
    let text = |name| execution.and_then(|one| one.text(name)).unwrap_or_default().to_owned();
    let workflow_type = task.message("workflow_type").and_then(|name| name.text("name"));
    PageToken {
        namespace: ctx.namespace_name().unwrap_or_default().to_owned(),
        workflow_id: text("workflow_id"),
        run_id: text("run_id"),
        workflow_type: workflow_type.unwrap_or_default().to_owned(),
        is_task: true,
        ..PageToken::default()
    }
}

impl Exchange {
    /// Returns an answer in which the server's token of a workflow task is one of our own.
    pub(in super::super) fn own_token(
        &self,
        call: &Call<'_>,
        ctx: &Context,
        bytes: Bytes,
    ) -> Bytes {
        let field = match call.name {
            "PollWorkflowTaskQueue" => None,
            "RespondWorkflowTaskCompleted" => Some(("workflow_task", 1)),
            "StartWorkflowExecution" => Some(("eager_workflow_task", 2)),
            _ => return bytes,
        };
        let answer = View::new(call.method.response, &bytes);
        let task = field.map_or(Some(answer), |(name, _)| answer.message(name));
        let token = task.and_then(|task| task.bytes("next_page_token")).unwrap_or_default();
        let is_own = || self.open_page(token).is_some();
        let Some(task) = task.filter(|_| !token.is_empty() && !is_own()) else { return bytes };
        let token = self.seal_page(&of_task(ctx, task).following(token.to_vec()));
        let Some(message) = Schema::temporal().message(TASK) else { return bytes };
        match field {
            None => with_field(message, &bytes, TOKEN, |_| Some(token.clone())),
            Some((_, number)) => with_field(call.method.response, &bytes, number, |task| {
                Some(with_field(message, task, TOKEN, |_| Some(token.clone())).into())
            }),
        }
    }
}

/// Returns a message with another content of a field.
fn with_field(
    message: MessageType,
    bytes: &[u8],
    number: u32,
    content: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Bytes {
    let mut changed = Vec::with_capacity(bytes.len() + 1024);
    for field in View::new(message, bytes).fields() {
        match field.content.filter(|_| field.number == number).and_then(&content) {
            Some(content) => put_bytes(&mut changed, number, &content),
            None => changed.extend_from_slice(field.whole),
        }
    }
    changed.into()
}
