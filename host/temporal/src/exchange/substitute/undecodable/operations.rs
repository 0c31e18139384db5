//! The answer to several operations at once, of which a start may carry a workflow task.

use std::future::ready;

use bytes::Bytes;
use cloakroom_core::Error;
use cloakroom_grpc::{RequestLog, Status};
use cloakroom_wire::View;

use super::{Answer, task::TaskKind};
use crate::exchange::{
    Exchange,
    call::Call,
    frontend::Frontend,
    workflow_task::{with_task, workflow_task},
};

/// Bytes that a task takes in its answer besides its own: the tag of its field, and longer lengths of the
/// three messages around it.
const AROUND: usize = 16;

impl Exchange {
    /// Decodes the answer to several operations, which could not be decoded as a whole.
    ///
    /// Only the task has a history that can be cut, so the rest is decoded first: the task gets the room
    /// that it leaves. A task that cannot be decoded is failed at the frontend and taken out.
    ///
    /// # Errors
    /// The status for the caller, if the rest cannot be decoded.
    pub(super) async fn decode_operations<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        message: Bytes,
        error: Error,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let Answer { call, ctx, .. } = *answer;
        let (name, response) = (call.name, call.method.response);
        let task = workflow_task(name, View::new(response, &message));
        let parts = task.and_then(|task| {
            let rest = with_task(name, response, &message, None)?;
            Some((rest, task.as_bytes(), TaskKind::Workflow.message()?))
        });
        let Some((rest, task, task_type)) = parts else {
            let first = ready(Err(error));
            return Box::pin(self.decode_whole(answer, message.clone(), first, log)).await;
        };
        let task = message.slice_ref(task);
        let first = Box::pin(self.decode_message(ctx, call, response, rest.clone()));
        let rest = Box::pin(self.decode_whole(answer, rest, first, log)).await?;
        let call = &Call { reserved: rest.len() + AROUND, ..*call };
        let answer = &Answer { call, ..*answer };
        let first = Box::pin(self.decode_message(ctx, call, task_type, task.clone()));
        let task = self.decode_task(answer, TaskKind::Workflow, task, first).await;
        let joined = task.and_then(|task| with_task(name, response, &rest, Some(&task)));
        Ok(joined.unwrap_or(rest))
    }
}
