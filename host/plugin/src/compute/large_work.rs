//! Large pieces of host work on a guest's behalf: they leave the caller's task first.
//!
//! Nothing interrupts a host function. A caller's task is a thread of the embedder's runtime, which
//! also serves heartbeats and timers, so work of a millisecond and more moves to a compute thread.

use std::{future::poll_fn, task::Poll};

use super::clock::Clock;

/// Size from which work is large. Copying so many bytes to fresh memory, hashing or sealing them takes
/// up to a millisecond.
pub(super) const LARGE: usize = 1 << 20;

/// Linear memory of a guest that may pass large lists. The bindings copy a list before any of our code
/// runs, so it is too late then to ask for its length; it is no longer than the guest's memory.
const LARGE_MEMORY: usize = 8 << 20;

/// Moves the guest to a compute thread if the host is about to process a large number of bytes.
pub(crate) async fn yield_before_processing(bytes: usize, clock: &Clock) {
    if bytes >= LARGE {
        leave_caller_task(clock).await;
    }
}

/// Moves the guest to a compute thread if it has so much memory that it may pass large lists.
pub(crate) async fn yield_before_lists(memory: usize, clock: &Clock) {
    if memory > LARGE_MEMORY {
        leave_caller_task(clock).await;
    }
}

/// Moves the calling guest to a compute thread, unless it is on one.
async fn leave_caller_task(clock: &Clock) {
    let mut is_done = !clock.is_inline();
    poll_fn(|polling| {
        if is_done {
            return Poll::Ready(());
        }
        is_done = true;
        clock.leave_caller();
        polling.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
