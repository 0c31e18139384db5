//! Items that are held back: tried again at intervals, until the app can get them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::clean;
use cloakroom_grpc::proxy::MessageSender;
use metrics::{counter, gauge};
use tokio::time::{Instant, sleep};

use super::{
    metric::{FAILED, HELD, HOLDING},
    refusal::{describe, error},
    work::Work,
};
use crate::{ItemKind, Refused, WorkItemHead};

/// Pause before the second try. Each one is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// Most characters of a name in the log.
const NAME: usize = 255;

/// An item that the app cannot get now.
pub(super) struct Held {
    head: WorkItemHead,
    /// As the sidecar sent it.
    bytes: Bytes,
    refused: Refused,
}

/// Fate of an item that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It is failed, and its workflow learns why.
    Fail,
    Wait,
}

impl Held {
    pub(super) fn new(head: WorkItemHead, bytes: Bytes, refused: Refused) -> Self {
        Self { head, bytes, refused }
    }

    /// Waits until the item is sent, has failed, or was delivered again. Returns whether the caller is
    /// gone.
    pub(super) async fn wait(mut self: Box<Self>, work: Arc<Work>, sender: MessageSender) -> bool {
        let sidecar = work.sidecar();
        let (place, began) = (work.waiting.enter(&self.head), Instant::now());
        let memory = sidecar.pipeline().memory().call();
        let charged = memory.charge(self.bytes.len()).ok();
        let permit = sidecar.items_held.admit(self.bytes.len(), sidecar.pipeline().memory());
        let Some(_charged) = charged.zip(permit) else {
            // An activity needs no place if its time is over anyway.
            if next(self.head.kind, &self.refused, began.elapsed(), &work) == Next::Wait
                || !self.fail(&work).await
            {
                self.note_left_out(&work);
            }
            return false;
        };
        self.note(&work);
        let _holding = Holding::begin();
        let mut pause = FIRST_PAUSE;
        while place.is_newest() {
            let changed = sidecar.current.changed.notified();
            let next = next(self.head.kind, &self.refused, began.elapsed(), &work);
            if next == Next::Fail && self.fail(&work).await {
                return false;
            }
            tokio::select! {
                () = sleep(pause) => pause = (2 * pause).min(LAST_PAUSE),
                () = changed => {}
            }
            if !self.may_fit(work.most()) {
                continue;
            }
            let memory = sidecar.pipeline().memory().admit().await;
            match work.decode(&self.bytes, &memory).await {
                Ok(_) if !place.is_newest() => return false,
                Ok(decoded) => {
                    self.log(&work, "handed on a task that was held back");
                    return !sender.send(decoded, Some(memory)).await;
                }
                Err(refused) => self.refused = refused,
            }
        }
        false
    }

    /// Fails an activity. Returns whether the sidecar took it.
    async fn fail(&self, work: &Work) -> bool {
        let is_taken = work.fail(&self.head, &error(&self.refused)).await;
        if is_taken {
            counter!(FAILED).increment(1);
            self.log(work, "failed an activity");
        }
        is_taken
    }

    /// Returns whether it is worth while to decode the item again. To learn its size once more would fetch
    /// its objects.
    fn may_fit(&self, most: usize) -> bool {
        match self.refused {
            Refused::TooLarge { size, .. } => size <= most as u64,
            Refused::Undecodable(_) => true,
        }
    }

    fn reason(&self) -> &'static str {
        match &self.refused {
            Refused::TooLarge { .. } => "too_large",
            Refused::Undecodable(error) => error.kind().as_str(),
        }
    }

    /// Counts and logs that it is held back.
    fn note(&self, work: &Work) {
        counter!(HELD, "reason" => self.reason()).increment(1);
        self.log(work, "held a task back: the stream stays open, and other workflows go on");
    }

    /// Counts and logs that there is no place for it.
    fn note_left_out(&self, work: &Work) {
        counter!(HELD, "reason" => "full").increment(1);
        self.log(
            work,
            "left a task out, because too many are held back: Dapr delivers it again when the app \
             connects anew",
        );
    }

    fn log(&self, work: &Work, what: &str) {
        let head = &self.head;
        let (activity, name) = (head.kind == ItemKind::Activity, clean(&head.name, NAME));
        tracing::warn!(
            target: "cloakroom::dapr",
            app_id = work.sidecar().app_id(),
            instance = clean(&head.instance_id, NAME),
            activity = activity.then_some(name),
            reason = self.reason(),
            error = describe(&self.refused),
            "{what}"
        );
    }
}

/// A workflow is never failed: that would end its run.
fn next(kind: ItemKind, refused: &Refused, waited: Duration, work: &Work) -> Next {
    let is_over = !refused.is_transient() || waited >= work.sidecar().settings().hold_time;
    if kind == ItemKind::Activity && is_over { Next::Fail } else { Next::Wait }
}

/// Counts a task as held back until this is dropped, also when its stream ends.
pub(super) struct Holding;

impl Holding {
    pub(super) fn begin() -> Self {
        gauge!(HOLDING).increment(1);
        Self
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        gauge!(HOLDING).decrement(1);
    }
}
