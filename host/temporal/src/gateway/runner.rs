//! Runs everything that belongs to one connection in one task.
//!
//! hyper gives each call a task of its own, and three more to the call to the frontend. Each handover
//! from one to the next may wake another thread, which costs a system call and more processor time than
//! all that the gateway does with a small message. In one task, calls that arrive together also leave
//! together: one write to the frontend, and one back.
//!
//! A call with a large message leaves the task: it would hold up the others of its connection.

mod bell;
mod part;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use hyper::rt::Executor;

pub(super) use self::part::leave;
use self::{bell::Bell, part::Part};

/// Rounds of work until other connections get their turn on this thread.
const MAX_ROUNDS: usize = 32;

/// A future that belongs to a connection.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Executor of hyper for the futures of one connection. They run in the task of [`Runner::run`], and
/// each in its own task if it never runs.
#[derive(Clone, Default)]
pub(super) struct Runner(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Idle,
    /// With the futures that the task has not taken yet.
    Running(Vec<Work>, Arc<Bell>),
    Ended,
}

impl Runner {
    /// Runs a connection with all futures that it starts, until the connection ends. Futures that still
    /// run then are dropped.
    pub(super) async fn run(self, connection: impl Future<Output = ()> + Send + 'static) {
        let bell = Arc::new(Bell::default());
        *self.lock() = State::Running(Vec::new(), bell.clone());
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
                if let State::Running(works, _) = &mut *self.lock() {
                    std::mem::swap(&mut new, works);
                }
                let is_idle = new.is_empty();
                parts.extend(new.drain(..).map(Part::new));
                if is_idle && bell.rest() {
                    return Poll::Pending;
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Runner {
    fn execute(&self, work: F) {
        let bell = match &mut *self.lock() {
            State::Idle => {
                tokio::spawn(work);
                return;
            }
            State::Running(works, bell) => {
                works.push(Box::pin(work));
                bell.clone()
            }
            // The connection is gone, and with it all that this future could serve.
            State::Ended => return,
        };
        bell.ring();
    }
}

/// Ends the state with the task. What it holds holds the state: nothing else would free the two.
struct End<'a>(&'a Runner);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let last = std::mem::replace(&mut *self.0.lock(), State::Ended);
        // Without the lock: futures may start others as they are dropped.
        drop(last);
    }
}

#[cfg(test)]
mod tests;
