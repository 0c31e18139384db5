//! Answers of the app to tasks, and what becomes of one that cannot be encoded.
//!
//! No SDK sends such an answer again, and the run would wait until the app is started anew. So the answer
//! waits here for a store that comes back, or for a configuration that is mended. An activity is failed in
//! the end, and its retry policy decides what follows. To fail a turn would end the run.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{Blame, CallMemory, Error, ErrorKind, clean};
use cloakroom_grpc::proxy::Connection;
use metrics::counter;
use tokio::time::{Instant, sleep};

use super::{
    held::Holding,
    metric::{FAILED, HELD},
    sidecar::Sidecar,
    waiting::Place,
};
use crate::{Call, Encoded, ItemKind, WorkItemHead};

/// Pauses between tries: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Memory in bytes that a call holds at least.
const RESERVE: usize = 64 << 10;

/// Most characters of a name in the log.
const NAME: usize = 255;

/// An answer to a task.
pub(super) struct Answer<'a> {
    connection: &'a Connection<Sidecar>,
    path: &'a str,
    head: WorkItemHead,
    message: Bytes,
    /// Memory of the message.
    memory: CallMemory,
}

impl<'a> Answer<'a> {
    /// Returns the answer in a message, or nothing if it is the message of another call.
    pub(super) fn read(
        connection: &'a Connection<Sidecar>,
        path: &'a str,
        message: Bytes,
        memory: CallMemory,
    ) -> Option<Self> {
        let head = WorkItemHead::read_answer(path, &message)?;
        Some(Self { connection, path, head, message, memory })
    }

    /// Encodes it. Returns the memory of the result, too.
    ///
    /// # Errors
    /// That of the last try, if the answer can never be encoded, nobody waits for it any more, or too many
    /// wait.
    pub(super) async fn encode(self) -> Result<(Encoded, CallMemory), Error> {
        let first = self.encode_once(self.memory.clone()).await;
        let Err(error) = first else { return first };
        // Whatever changes here, the same bytes stay as they are.
        if error.kind() == ErrorKind::Malformed {
            return Err(error);
        }
        if self.must_fail(&error, Duration::ZERO) {
            return Ok(self.failed(&error).await);
        }
        let sidecar = &self.connection.proxy.protocol;
        let bytes = self.memory.used().max(RESERVE);
        let budget = sidecar.pipeline().memory().clone();
        match sidecar.answers_held.admit(bytes, &budget) {
            Some(_permit) => self.wait(error, &sidecar.answers.enter(&self.head)).await,
            None if self.head.kind == ItemKind::Activity => Ok(self.failed(&error).await),
            None => Err(error),
        }
    }

    /// Tries again until it is encoded, or an activity is failed.
    async fn wait(
        &self,
        mut error: Error,
        place: &Place<'_>,
    ) -> Result<(Encoded, CallMemory), Error> {
        let sidecar = &self.connection.proxy.protocol;
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        counter!(HELD, "reason" => error.kind().as_str()).increment(1);
        self.log(&error, "an answer to a task waits until it can be encoded");
        let _holding = Holding::begin();
        loop {
            let changed = sidecar.current.changed.notified();
            tokio::select! {
                () = sleep(pause) => pause = (2 * pause).min(LAST_PAUSE),
                () = changed => {}
                // Dapr delivers the task again, once the app has connected elsewhere.
                () = self.connection.proxy.drained() => return Err(error),
            }
            // The sidecar works for a newer delivery of the task, to which this is no answer.
            if !place.is_newest() {
                return Err(error);
            }
            match self.encode_once(sidecar.pipeline().memory().admit().await).await {
                Err(again) => error = again,
                encoded => return encoded,
            }
            if self.must_fail(&error, began.elapsed()) {
                return Ok(self.failed(&error).await);
            }
        }
    }

    async fn encode_once(&self, memory: CallMemory) -> Result<(Encoded, CallMemory), Error> {
        let call = Call { path: self.path, memory: Some(&memory) };
        let exchange = &self.connection.proxy.protocol.exchange;
        let encoded = exchange.encode_request(&call, self.message.clone()).await?;
        Ok((encoded, memory))
    }

    /// Returns whether an activity must fail: at once if the payload itself is to blame.
    fn must_fail(&self, error: &Error, waited: Duration) -> bool {
        let hold_time = self.connection.proxy.protocol.settings().hold_time;
        let is_over = error.kind().blame() == Blame::Payload || waited >= hold_time;
        self.head.kind == ItemKind::Activity && is_over
    }

    /// Returns the message that fails an activity in place of its answer. Its text is encoded where that
    /// is possible.
    async fn failed(&self, error: &Error) -> (Encoded, CallMemory) {
        counter!(FAILED).increment(1);
        self.log(error, "failed an activity, because its answer cannot be encoded");
        let sidecar = &self.connection.proxy.protocol;
        let memory = sidecar.pipeline().memory().admit().await;
        let message = self.head.fail_answered(error);
        let call = Call { path: self.path, memory: Some(&memory) };
        let encoded = sidecar.exchange.encode_request(&call, message.clone()).await;
        (encoded.unwrap_or_else(|_| Encoded::as_it_is(message)), memory)
    }

    fn log(&self, error: &Error, what: &str) {
        let activity = (self.head.kind == ItemKind::Activity).then_some(self.head.task_id);
        tracing::warn!(
            target: "cloakroom::dapr",
            app_id = self.connection.proxy.protocol.app_id(),
            instance = clean(&self.head.instance_id, NAME),
            activity,
            reason = error.kind().as_str(),
            error = error.report(),
            "{what}"
        );
    }
}
