//! Long computations of the host's own, on a guest's behalf.

use crate::compute::{Clock, give_way};

/// From this many bytes on a computation leaves its caller's task. Copying so many to fresh memory,
/// hashing or sealing them takes up to a millisecond.
const LONG: usize = 1 << 20;

/// Says that `bytes` bytes are about to be computed. Nothing interrupts that, so a long one runs on
/// a compute thread, as part of its guest's time.
pub(crate) async fn begin(bytes: usize, clock: &Clock) {
    if LONG <= bytes {
        give_way(clock).await;
    }
}
