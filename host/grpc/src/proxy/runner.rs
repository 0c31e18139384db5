//! Runs everything that belongs to one connection in one task.
//!
//! hyper gives each call a task of its own, and three more to the call to the server. Each handover
//! from one to the next may wake another thread, which costs a system call and more processor time than
//! all that the gateway does with a small message. In one task, calls that arrive together also leave
//! together: one write to the server, and one back.
//!
//! A call with a large message leaves the task: it would hold up the others of its connection.

mod bell;
mod outlet;
mod part;

use std::{
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use hyper::rt::Executor;
use tokio::{io::AsyncWrite, sync::oneshot};

use self::{
    bell::Bell,
    outlet::Flush,
    part::{Part, Work},
};
pub(super) use self::{outlet::Outlet, part::leave};

/// Rounds of work until other connections get their turn on this thread.
const MAX_ROUNDS: usize = 32;

/// Executor of hyper for the futures of one connection. They run in the task of [`Runner::run`].
#[derive(Clone, Default)]
pub(super) struct Runner(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Futures that the task has not taken yet.
    works: Vec<Work>,
    /// Sockets that the task writes to.
    outlets: Vec<Weak<dyn Flush>>,
    /// Wakes the task, once it runs.
    bell: Option<Arc<Bell>>,
    has_ended: bool,
}

impl Runner {
    /// Runs a connection with all futures that it starts, until the connection ends, and returns its
    /// result. Futures that still run then are dropped.
    pub(super) async fn run<T: Send + 'static>(
        self,
        connection: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, mut receiver) = oneshot::channel();
        let connection = async move { drop(sender.send(connection.await)) };
        let bell = Arc::new(Bell::default());
        self.lock().bell = Some(bell.clone());
        let _end = End(&self);
        let waker = Waker::from(bell.clone());
        let (mut parts, mut new) = (FuturesUnordered::new(), Vec::new());
        parts.push(Part::connection(Box::pin(connection)));
        poll_fn(|cx| {
            bell.register(cx.waker());
            let mut own = Context::from_waker(&waker);
            for _ in 0..MAX_ROUNDS {
                bell.listen();
                while let Poll::Ready(Some(has_ended)) = parts.poll_next_unpin(&mut own) {
                    if has_ended {
                        return Poll::Ready(());
                    }
                }
                std::mem::swap(&mut new, &mut self.lock().works);
                if new.is_empty() {
                    self.flush(&mut own);
                    if bell.rest() {
                        return Poll::Pending;
                    }
                }
                parts.extend(new.drain(..).map(Part::new));
            }
            bell.rest();
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        receiver.try_recv().ok()
    }

    /// Returns a socket of the connection's task, which writes to it once in each round.
    pub(super) fn outlet<T: AsyncWrite + Unpin + Send + 'static>(&self, stream: T) -> Outlet<T> {
        let outlet = Outlet::new(stream);
        let flusher = Arc::downgrade(&outlet.flusher());
        let mut state = self.lock();
        // A connection to the server that was lost has left one.
        state.outlets.retain(|outlet| outlet.strong_count() > 0);
        state.outlets.push(flusher);
        drop(state);
        outlet
    }

    fn flush(&self, cx: &mut Context<'_>) {
        let outlets = self.lock();
        for outlet in outlets.outlets.iter().filter_map(Weak::upgrade) {
            outlet.flush(cx);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Runner {
    fn execute(&self, work: F) {
        let mut state = self.lock();
        // The connection is gone, and with it all that this future could serve.
        if state.has_ended {
            return;
        }
        state.works.push(Box::pin(work));
        let bell = state.bell.clone();
        drop(state);
        if let Some(bell) = bell {
            bell.ring();
        }
    }
}

/// Ends the state with the task. What it holds holds the state: nothing else would free the two.
struct End<'a>(&'a Runner);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let ended = State { has_ended: true, ..State::default() };
        let last = std::mem::replace(&mut *self.0.lock(), ended);
        // Without the lock: futures may start others as they are dropped.
        drop(last);
    }
}

#[cfg(test)]
mod tests;
