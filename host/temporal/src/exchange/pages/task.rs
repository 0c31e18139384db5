//! Tokens in workflow tasks: each says that it belongs to a task.
//!
//! A request for a page does not say who reads it. A worker that replays needs less of a history than a
//! client, and its pages tell how large the run is.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_wire::View;

use crate::exchange::{
    Exchange,
    call::Call,
    page_token::PageToken,
    proto::put_bytes,
    workflow_task::{with_task, workflow_task},
};

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
        let (name, response) = (call.name, call.method.response);
        let Some(task) = workflow_task(name, View::new(response, &bytes)) else { return bytes };
        let token = task.bytes("next_page_token").unwrap_or_default();
        if token.is_empty() || self.open_page(token).is_some() {
            return bytes;
        }
        let token = self.seal_page(&of_task(ctx, task).following(token.to_vec()));
        with_task(name, response, &bytes, Some(&with_token(task, &token))).unwrap_or(bytes)
    }
}

/// Returns a workflow task with another token.
fn with_token(task: View<'_>, token: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(1024);
    for field in task.fields().iter().filter(|field| field.number != TOKEN) {
        changed.extend_from_slice(field.whole);
    }
    put_bytes(&mut changed, TOKEN, token);
    changed
}
