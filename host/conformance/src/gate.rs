//! Gate: holds requests until it is opened, so that slowness needs no clock.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

/// Gate that requests pass through. Open at first. Clones are the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_closed: bool,
    /// Requests that may still pass the closed gate.
    admitted: usize,
    /// Requests that have come to the closed gate.
    held: usize,
    /// Tasks of the requests that wait. Not one list with `watching`: two of them would wake each other
    /// without end.
    waiting: Vec<Waker>,
    /// Tasks that wait until a request is held.
    watching: Vec<Waker>,
}

impl Gate {
    /// Closes the gate: requests wait, after so many have passed.
    pub(crate) fn close_after(&self, admitted: usize) {
        let mut state = self.state();
        state.is_closed = true;
        state.admitted = admitted;
        state.held = 0;
    }

    /// Opens the gate, and lets all requests pass.
    pub(crate) fn open(&self) {
        let mut state = self.state();
        state.is_closed = false;
        let waiting = std::mem::take(&mut state.waiting);
        let watching = std::mem::take(&mut state.watching);
        drop(state);
        waiting.into_iter().chain(watching).for_each(Waker::wake);
    }

    /// Waits until the gate is open.
    pub(crate) async fn pass(&self) {
        let mut is_counted = false;
        poll_fn(|polling| {
            let mut state = self.state();
            if !state.is_closed {
                return Poll::Ready(());
            }
            if !is_counted {
                if let Some(rest) = state.admitted.checked_sub(1) {
                    state.admitted = rest;
                    return Poll::Ready(());
                }
                is_counted = true;
                state.held += 1;
            }
            state.waiting.push(polling.waker().clone());
            let watching = std::mem::take(&mut state.watching);
            drop(state);
            watching.into_iter().for_each(Waker::wake);
            Poll::Pending
        })
        .await;
    }

    /// Waits until a request is held at the closed gate.
    pub(crate) async fn wait_until_held(&self) {
        poll_fn(|polling| {
            let mut state = self.state();
            if state.held > 0 || !state.is_closed {
                return Poll::Ready(());
            }
            state.watching.push(polling.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
