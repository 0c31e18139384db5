//! Long computations of the host's own, on a guest's behalf.

use crate::compute::{Clock, give_way};

/// From this many bytes on a computation leaves its caller's task. Copying so many to fresh memory,
/// hashing or sealing them takes up to a millisecond.
const LONG: usize = 1 << 20;

/// Says that `bytes` bytes are about to be computed. Nothing interrupts that, so a long one runs on
/// a compute thread, as part of its guest's time.
pub(crate) async fn begin(bytes: usize, clock: &Clock) {
    if bytes >= LONG {
        give_way(clock).await;
    }
}

/// Linear memory that a guest may have in its caller's task. A list that it hands over is copied
/// before any of our code runs, and is no longer than its memory.
const LISTS: usize = 8 << 20;

/// Says that a guest has `memory` bytes, which it may hand over in a list.
pub(crate) async fn begin_lists(memory: usize, clock: &Clock) {
    if memory > LISTS {
        give_way(clock).await;
    }
}
