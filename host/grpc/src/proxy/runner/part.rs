//! One future of a connection's task, until it ends or leaves.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

/// A future that belongs to a connection.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future of the connection's task.
pub(super) struct Part {
    /// `None` once it has left.
    work: Option<Work>,
    is_connection: bool,
}

impl Part {
    pub(super) fn connection(work: Work) -> Self {
        Self { work: Some(work), is_connection: true }
    }

    pub(super) fn new(work: Work) -> Self {
        Self { work: Some(work), is_connection: false }
    }
}

impl Future for Part {
    /// True if the connection has ended.
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(work) = &mut self.work else { return Poll::Ready(false) };
        PLACE.set(Place::Inside);
        let polled = work.as_mut().poll(cx);
        let leaves = PLACE.replace(Place::Outside) == Place::Leaving;
        if polled.is_ready() {
            return Poll::Ready(self.is_connection);
        }
        if !leaves {
            return Poll::Pending;
        }
        if let Some(work) = self.work.take() {
            // Its first poll there registers the new task with all that it waits for.
            tokio::spawn(work);
        }
        Poll::Ready(false)
    }
}

/// Place of the future that this thread polls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    Leaving,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Outside) };
}

/// Moves the current call from its connection's task to a task of its own, if it is still there.
pub(in crate::proxy) async fn leave() {
    let mut leaves = PLACE.get() == Place::Inside;
    poll_fn(|_| {
        if !std::mem::take(&mut leaves) {
            return Poll::Ready(());
        }
        PLACE.set(Place::Leaving);
        Poll::Pending
    })
    .await;
}
