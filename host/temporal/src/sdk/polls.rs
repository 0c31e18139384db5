//! Polls for workflow tasks, of which more than the SDK's own wait while answers are decoded.
//!
//! By default a worker of the SDK has one poll for workflows that it does not know. While that poll's
//! answer downloads, no other workflow would begin: eight slow downloads would take eight times as long.
//! So another poll takes its place at the frontend, and the SDK gets whichever answer is ready first.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use temporalio_client::callback_based::GrpcRequest;
use tokio::{
    sync::{oneshot, watch},
    time::sleep,
};

use super::hooked_calls::{Answer, HookedCalls};

/// Calls that polls are made of.
pub(super) trait Calls: Send + Sync + 'static {
    /// Makes a call. `answered` gets a message when the frontend has answered, before the answer is decoded.
    fn respond(
        &self,
        request: GrpcRequest,
        answered: oneshot::Sender<()>,
    ) -> impl Future<Output = Answer> + Send;
}

impl Calls for HookedCalls {
    async fn respond(&self, request: GrpcRequest, answered: oneshot::Sender<()>) -> Answer {
        Self::respond(self, request, Some(answered)).await
    }
}

/// The method that polls for workflow tasks. Activities that download hold up no other: each has a poll
/// as soon as it has a slot.
pub(super) const METHOD: &str = "PollWorkflowTaskQueue";

/// Answers of one queue that are decoded at once.
const MAX_ANSWERS: usize = 16;

/// Time to decode an answer without another poll. A task without downloads takes less.
const PATIENCE: Duration = Duration::from_millis(20);

/// Time for which a poll goes on if the SDK has none. The SDK polls again at once, unless it shuts down or
/// has no slot: then a task would wait here in vain.
const UNWANTED: Duration = Duration::from_millis(500);

/// Queues from which on those that are idle are forgotten. A worker has two.
const MANY: usize = 16;

/// Polls of one connection, by the request that they send.
#[derive(Default)]
pub(super) struct Polls(Mutex<HashMap<Bytes, Arc<Queue>>>);

/// Polls that send the same request.
struct Queue {
    state: Mutex<State>,
    /// Changes with each poll of the SDK that begins or ends, and with each answer.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// Polls of the SDK.
    wanted: usize,
    /// True if the SDK cancelled its last poll, as it does when it shuts down.
    is_cancelled: bool,
    /// Polls at the frontend.
    asking: usize,
    /// Answers that are decoded.
    decoding: usize,
    ready: VecDeque<Answer>,
}

impl Polls {
    /// Responds to a poll of the SDK.
    pub(super) async fn respond(&self, calls: &Arc<impl Calls>, request: GrpcRequest) -> Answer {
        let queue = self.queue(&request.proto);
        let mut wanted = Wanted::begin(&queue);
        let mut changed = queue.changed.subscribe();
        loop {
            if let Some(answer) = lock(&queue.state).ready.pop_front() {
                wanted.is_answered = true;
                return answer;
            }
            queue.ask(calls, &request);
            // The queue outlives this poll, so that this fails never.
            let _ = changed.changed().await;
        }
    }

    fn queue(&self, request: &Bytes) -> Arc<Queue> {
        let mut queues = lock(&self.0);
        if queues.len() >= MANY {
            queues.retain(|_, queue| !lock(&queue.state).is_idle());
        }
        queues.entry(request.clone()).or_default().clone()
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.wanted == 0 && self.asking == 0 && self.decoding == 0 && self.ready.is_empty()
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Queue {
    /// Changes the state, and wakes all who wait for that.
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.send_replace(());
    }

    /// Sends as many polls as the SDK waits for.
    fn ask(self: &Arc<Self>, calls: &Arc<impl Calls>, request: &GrpcRequest) {
        loop {
            let mut state = lock(&self.state);
            if state.asking >= state.wanted || state.asking + state.decoding >= MAX_ANSWERS {
                return;
            }
            state.asking += 1;
            drop(state);
            let asking = Asking { queue: self.clone(), is_decoding: false };
            tokio::spawn(asking.poll(calls.clone(), copy(request)));
        }
    }

    /// Completes once the SDK polls for none of these tasks.
    async fn unwanted(&self) {
        let mut changed = self.changed.subscribe();
        loop {
            let (wanted, is_cancelled) = {
                let state = lock(&self.state);
                (state.wanted, state.is_cancelled)
            };
            if wanted == 0 && is_cancelled {
                return;
            }
            tokio::select! {
                () = sleep(UNWANTED), if wanted == 0 => return,
                _ = changed.changed() => {}
            }
        }
    }
}

/// A poll of the SDK, until it is answered or cancelled.
struct Wanted<'a> {
    queue: &'a Queue,
    is_answered: bool,
}

impl<'a> Wanted<'a> {
    fn begin(queue: &'a Queue) -> Self {
        queue.change(|state| {
            state.wanted += 1;
            state.is_cancelled = false;
        });
        Self { queue, is_answered: false }
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let is_answered = self.is_answered;
        self.queue.change(|state| {
            state.wanted -= 1;
            state.is_cancelled |= !is_answered;
            if state.wanted == 0 && state.is_cancelled {
                state.ready.clear();
            }
        });
    }
}

/// A poll at the frontend, until its answer is ready. Its counts are right also if it panics.
struct Asking {
    queue: Arc<Queue>,
    is_decoding: bool,
}

impl Asking {
    /// Polls once, and decodes the answer.
    async fn poll(mut self, calls: Arc<impl Calls>, request: GrpcRequest) {
        let again = copy(&request);
        let (answered, is_answered) = oneshot::channel();
        let mut work = Box::pin(calls.respond(request, answered));
        let ready = tokio::select! {
            biased;
            answer = &mut work => Some(answer),
            _ = is_answered => None,
            () = self.queue.unwanted() => return,
        };
        self.is_decoding = true;
        self.queue.change(|state| {
            state.asking -= 1;
            state.decoding += 1;
        });
        let answer = match ready {
            Some(answer) => answer,
            None => tokio::select! {
                answer = &mut work => answer,
                () = sleep(PATIENCE) => {
                    self.queue.ask(&calls, &again);
                    work.await
                }
            },
        };
        self.queue.change(|state| {
            // If the SDK has left, the task times out at the frontend, and is handed out again.
            if state.wanted > 0 || !state.is_cancelled {
                state.ready.push_back(answer);
            }
        });
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let is_decoding = self.is_decoding;
        self.queue.change(|state| {
            let count = if is_decoding { &mut state.decoding } else { &mut state.asking };
            *count -= 1;
        });
    }
}

fn copy(request: &GrpcRequest) -> GrpcRequest {
    let GrpcRequest { service, rpc, headers, proto } = request;
    let (service, rpc) = (service.clone(), rpc.clone());
    GrpcRequest { service, rpc, headers: headers.clone(), proto: proto.clone() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
