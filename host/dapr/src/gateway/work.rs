//! Items of one stream, and what is shared by those that wait.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Error, Thousands};
use cloakroom_grpc::proxy::Connection;
use http::HeaderMap;
use metrics::counter;

use super::{histories, metric::HELD, sidecar::Sidecar, waiting::Waiting};
use crate::{Refused, WorkItemHead, budget};

/// Largest answer of the sidecar to a call that fails an activity.
const ANSWER: ByteSize = ByteSize::kib(64);

/// Time in which the sidecar answers such a call.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Items of one stream.
pub(super) struct Work {
    pub(super) connection: Arc<Connection<Sidecar>>,
    /// Headers of the caller, which hold its credentials.
    headers: HeaderMap,
    pub(super) waiting: Waiting,
}

impl Work {
    pub(super) fn new(connection: Arc<Connection<Sidecar>>, headers: HeaderMap) -> Self {
        Self { connection, headers, waiting: Waiting::default() }
    }

    pub(super) fn sidecar(&self) -> &Sidecar {
        &self.connection.proxy.protocol
    }

    /// Decodes an item for the app.
    ///
    /// # Errors
    /// The reason why the app cannot get it.
    pub(super) async fn decode(
        &self,
        bytes: &Bytes,
        memory: &CallMemory,
    ) -> Result<Bytes, Refused> {
        let (exchange, most) = (&self.sidecar().exchange, self.most());
        let item = exchange.decode_work_item(Some(memory), bytes.clone(), most).await?;
        if let Some(instance) = item.unknown_instance {
            histories::learn(&self.connection, self.headers.clone(), instance);
        }
        Ok(item.bytes)
    }

    /// Returns the most bytes of an item: 95 % of what the app receives, as Dapr leaves room for the rest.
    pub(super) fn most(&self) -> usize {
        let settings = self.sidecar().settings();
        let most = budget::of(settings.app_max_message).most();
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        most.min(settings.message.as_usize())
    }

    /// Fails an activity at the sidecar, whose retry policy decides what follows. Returns whether the
    /// sidecar took it.
    pub(super) async fn fail(&self, head: &WorkItemHead, error: &Error) -> bool {
        let Some((path, message)) = head.fail_activity(error) else { return false };
        let memory = self.sidecar().pipeline().memory().admit().await;
        let asking = self.connection.ask(path, self.headers.clone(), message, ANSWER, &memory);
        match tokio::time::timeout(ANSWER_TIME, asking).await {
            Ok(Ok(_)) => true,
            Ok(Err(status)) => {
                tracing::debug!(target: "cloakroom::dapr", error = status.message, "cannot fail it");
                false
            }
            Err(_) => false,
        }
    }

    /// Logs an item that is larger than any message may be, and that nobody has read.
    pub(super) fn note_unread(&self, size: usize) {
        counter!(HELD, "reason" => "memory").increment(1);
        let largest = self.sidecar().settings().message;
        let remedy = if size > largest.as_usize() {
            format!("above {largest}, pass references in the workflow instead of data")
        } else {
            "raise `limits.call_bytes`, and restart the app, so that Dapr delivers the task again"
                .to_owned()
        };
        tracing::warn!(
            target: "cloakroom::dapr",
            app_id = self.sidecar().app_id(),
            "left out a task of {} bytes or more, which the gateway cannot hold at once: {remedy}",
            Thousands(size as u64)
        );
    }
}
