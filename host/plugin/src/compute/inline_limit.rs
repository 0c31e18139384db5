//! Payload size up to which a call runs in its caller's task.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Longest computation of a quick call. Moving a call to another thread and back costs about 10 µs, a
/// tenth of it. A runtime polls its timers at least once in 61 tasks, so quick calls delay them by
/// some milliseconds at most.
const QUICK: Duration = Duration::from_micros(100);

/// Limit of a codec that has not run yet.
const INITIAL: usize = 64 << 10;

/// Payload size up to which the calls of one codec or driver are expected to be quick. It adapts to
/// the time that recent calls took: the same size costs a cipher microseconds and a compressor
/// milliseconds.
pub(crate) struct InlineLimit(AtomicUsize);

impl Default for InlineLimit {
    fn default() -> Self {
        Self(AtomicUsize::new(INITIAL))
    }
}

impl InlineLimit {
    /// Returns whether a call of `bytes` bytes is expected to be quick.
    pub(super) fn allows(&self, bytes: usize) -> bool {
        bytes <= self.0.load(Relaxed)
    }

    /// Adapts the limit to a call of `bytes` bytes that computed for `computed`.
    pub(super) fn observe(&self, bytes: usize, computed: Duration) {
        let limit = self.0.load(Relaxed);
        if computed <= QUICK {
            if bytes > limit {
                self.0.store(bytes, Relaxed);
            }
        } else if bytes <= limit {
            // Halved and not zeroed: polls in callers' tasks are timed by the wall clock, so a busy machine makes
            // a quick call look slow.
            self.0.store(bytes / 2, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_calls_lower_the_limit_and_quick_ones_raise_it() {
        let (limit, slow) = (InlineLimit::default(), QUICK * 3);
        assert!(limit.allows(INITIAL) && !limit.allows(INITIAL + 1));
        limit.observe(1 << 20, QUICK);
        assert!(limit.allows(1 << 20));
        limit.observe(2 << 20, slow);
        assert!(limit.allows(1 << 20));
        limit.observe(1000, slow);
        assert!(!limit.allows(1000) && limit.allows(500));
        limit.observe(1, slow);
        assert!(!limit.allows(1));
        limit.observe(1, QUICK);
        assert!(limit.allows(1));
    }
}
