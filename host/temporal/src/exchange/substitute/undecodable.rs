//! Answers with a payload that cannot be decoded: tasks are failed for the worker, which never sees
//! them, and other answers are refused.
//!
//! A worker that got the payload as it came would take ciphertext for a value, or fail a workflow that
//! only lacks an object for a minute.

mod failed_task;
mod operations;
mod patience;
mod reader;
mod task;
#[cfg(test)]
mod tests;

use std::{future::Future, pin::pin, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Context, Error, ErrorKind, clean};
use cloakroom_wire::{MessageType, RawField, View};
use futures::future::{Either, join_all, ready};
use metrics::counter;
use tokio::time::{Instant, timeout};

pub(crate) use self::reader::refuse_markers;
use cloakroom_grpc::{RequestLog, Status};

use self::{
    failed_task::failing_request,
    patience::Patience,
    task::{Task, TaskKind},
};
use crate::exchange::{
    Exchange, call::Call, frontend::Frontend, metric::UNDECODABLE, proto::put_bytes,
    workflow_task::MULTI_OPERATION,
};

/// Time after which the timeouts of a task are read. Nearly every answer is decoded before.
const SOON: Duration = Duration::from_secs(1);

/// An answer that is decoded.
pub(crate) struct Answer<'a, F> {
    pub(crate) frontend: &'a F,
    pub(crate) call: &'a Call<'a>,
    pub(crate) ctx: &'a Context,
    /// When the answer was there.
    pub(crate) began: Instant,
}

impl Exchange {
    /// Decodes an answer. Failures that may go away are tried again while the caller and the task can
    /// wait. Then tasks are failed at the frontend and taken out; an answer that is about something
    /// else is refused.
    ///
    /// # Errors
    /// The status for the caller, if the answer is not about tasks.
    pub(crate) async fn decode_patiently<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        message: Bytes,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let Answer { call, ctx, .. } = *answer;
        let response = call.method.response;
        let mut first = pin!(self.decode_message(ctx, call, response, message.clone()));
        let first = match timeout(SOON, &mut first).await {
            Ok(Ok((message, payloads))) => {
                log.payloads += payloads;
                return Ok(message);
            }
            Ok(Err(error)) => Either::Left(ready(Err(error))),
            Err(_) => Either::Right(first),
        };
        // Boxed, because nearly no answer comes here, and each would pay for the size of the future.
        Box::pin(self.decode_again(answer, message, first, log)).await
    }

    /// Decodes an answer whose first attempt failed, or takes long.
    async fn decode_again<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        message: Bytes,
        first: impl Future<Output = Result<(Bytes, usize), Error>>,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let call = answer.call;
        if let Some(kind) = TaskKind::of_poll(call.name) {
            let task = self.decode_task(answer, kind, message, first).await;
            return Ok(task.unwrap_or_default());
        }
        let tasks = TaskKind::in_answer(call.name);
        if !tasks.is_empty() {
            // Only the task with the bad payload is failed, so each is decoded on its own.
            return match first.await {
                Ok((message, _)) => Ok(message),
                Err(_) => Ok(self.decode_tasks(answer, tasks, &message).await),
            };
        }
        if call.name == MULTI_OPERATION {
            return match first.await {
                Ok((message, _)) => Ok(message),
                Err(error) => self.decode_operations(answer, message, error, log).await,
            };
        }
        self.decode_whole(answer, message, first, log).await
    }

    /// Decodes an answer without tasks.
    async fn decode_whole<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        message: Bytes,
        first: impl Future<Output = Result<(Bytes, usize), Error>>,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let patience = Patience::new(answer.began, answer.left());
        let response = answer.call.method.response;
        match self.attempt(answer, patience, response, &message, first).await {
            Ok((message, payloads)) => {
                log.payloads += payloads;
                Ok(message)
            }
            Err(error) => self.answer_reader(answer, &message, error, log).await,
        }
    }

    /// Decodes the tasks in an answer. Returns it without those that cannot be decoded.
    async fn decode_tasks<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        kinds: &[(u32, TaskKind)],
        message: &Bytes,
    ) -> Bytes {
        let fields = View::new(answer.call.method.response, message).fields();
        // At the same time: a task that waits for a store must not let the others time out.
        let decode = |field| self.decode_field(answer, kinds, message, field);
        let mut decoded = join_all(fields.iter().copied().map(decode)).await;
        let size: usize = decoded.iter().map(Vec::len).sum();
        let most = self.answers.most(answer.call.headers, self.max_message).as_usize();
        let is_cut = |field: &RawField<'_>| kinds.contains(&(field.number, TaskKind::Workflow));
        if size > most
            && let Some(index) = fields.iter().position(is_cut)
            && let (Some(field), Some(task)) = (fields.get(index), decoded.get_mut(index))
        {
            // Each task fits, but not all together. Only a history can be cut.
            let call = &Call { reserved: size - task.len(), ..*answer.call };
            let answer = &Answer { call, ..*answer };
            *task = self.decode_field(answer, kinds, message, *field).await;
        }
        decoded.concat().into()
    }

    /// Returns a field of an answer; nothing of a task that cannot be decoded.
    async fn decode_field<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        kinds: &[(u32, TaskKind)],
        message: &Bytes,
        field: RawField<'_>,
    ) -> Vec<u8> {
        let kind = kinds.iter().find(|(number, _)| *number == field.number);
        let (Some((number, kind)), Some(content)) = (kind, field.content) else {
            return field.whole.to_vec();
        };
        let (mut kept, bytes) = (Vec::new(), message.slice_ref(content));
        let Some(message) = kind.message() else { return kept };
        let first = Box::pin(self.decode_message(answer.ctx, answer.call, message, bytes.clone()));
        if let Some(task) = self.decode_task(answer, *kind, bytes, first).await {
            put_bytes(&mut kept, *number, &task);
        }
        kept
    }

    /// Decodes a task, or fails it for the worker and returns nothing.
    async fn decode_task<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        kind: TaskKind,
        bytes: Bytes,
        first: impl Future<Output = Result<(Bytes, usize), Error>>,
    ) -> Option<Bytes> {
        let task = Task::new(kind, &bytes)?;
        let left = answer.left().map_or(task.timeout(), |left| left.min(task.timeout()));
        let patience = Patience::new(answer.began, Some(left));
        let decoded = self.attempt(answer, patience, kind.message()?, &bytes, first).await;
        match decoded {
            Ok((message, _)) => Some(message),
            Err(error) => {
                self.fail(answer, &task, &self.named(explain(answer.call, error))).await;
                None
            }
        }
    }

    async fn attempt<F: Frontend>(
        &self,
        answer: &Answer<'_, F>,
        patience: Patience,
        message: MessageType,
        bytes: &Bytes,
        first: impl Future<Output = Result<(Bytes, usize), Error>>,
    ) -> Result<(Bytes, usize), Error> {
        let again =
            || Box::pin(self.decode_message(answer.ctx, answer.call, message, bytes.clone()));
        patience.attempt(answer.frontend.stopping(), first, again).await
    }

    /// Answers a reader with what can be decoded, and refuses the answer of anybody else.
    ///
    /// # Errors
    /// The status with the cause.
    async fn answer_reader<F>(
        &self,
        answer: &Answer<'_, F>,
        message: &Bytes,
        error: Error,
        log: &mut RequestLog,
    ) -> Result<Bytes, Status> {
        let Answer { call, ctx, .. } = *answer;
        let error = explain(call, error);
        count(call, &error);
        if !call.is_reader {
            return Err(self.refuse(error));
        }
        let decoded = Box::pin(self.decode_for_reader(ctx, call, message)).await;
        let (message, payloads, failed) = decoded.map_err(|error| self.refuse(error))?;
        log.payloads += payloads;
        if let Some(first) = failed.first() {
            tracing::warn!(
                target: "cloakroom::request",
                method = call.name,
                namespace = ctx.namespace_name().map(|name| clean(name, 255)),
                kind = first.kind().as_str(),
                payloads,
                undecodable = failed.len(),
                error = first.report(),
                "a reader got an answer in part"
            );
        }
        Ok(message)
    }

    /// Fails a task for its worker. A task that is not failed times out, and the frontend hands it out
    /// again.
    async fn fail<F: Frontend>(&self, answer: &Answer<'_, F>, task: &Task<'_>, error: &Error) {
        let Answer { frontend, call, ctx, .. } = *answer;
        count(call, error);
        let (namespace, report) = (ctx.namespace_name().unwrap_or_default(), error.report());
        task.log(namespace, error.kind().as_str(), &report);
        let Some((method, request)) = failing_request(task, namespace, &report) else { return };
        let memory = ctx.memory().cloned();
        let memory = memory.unwrap_or_else(|| self.adapter.pipeline().memory().call());
        let asked = frontend.ask(method, call.headers, request.into(), &memory).await;
        if let Err(status) = asked {
            tracing::warn!(
                target: "cloakroom::request",
                method,
                code = status.code.as_str(),
                error = status.message,
                "the task was not failed: it times out"
            );
        }
    }
}

impl<F> Answer<'_, F> {
    /// Returns the time that the caller waited for from the answer on, if it says so.
    fn left(&self) -> Option<Duration> {
        let deadline = self.call.deadline?;
        Some(deadline.saturating_duration_since(self.began))
    }
}

/// Returns the error with the reason that only the exchange can know.
fn explain(call: &Call<'_>, error: Error) -> Error {
    if !call.is_decoded || error.kind() != ErrorKind::Unsealed {
        return error;
    }
    let text = "another gateway has decoded this answer on its way, and a stage is required here: let \
                the other one not decode for this gateway, or require nothing here";
    error.wrapped(ErrorKind::Unsealed, text)
}

fn count(call: &Call<'_>, error: &Error) {
    let kind = error.kind().as_str();
    counter!(UNDECODABLE, "method" => call.name.to_owned(), "kind" => kind).increment(1);
}
