//! Payload size up to which calls of one codec or driver take no longer than some time.

use std::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Limit of a codec that has not run yet.
const INITIAL: usize = 64 << 10;

/// Slow calls after which the limit falls. Polls in callers' tasks are timed by the wall clock, so a busy
/// machine makes one quick call look slow now and then.
const SLOW: u32 = 3;

/// Small calls above the limit of which one is tried even so. On a compute thread the same call meets cold
/// caches and untouched memory: it can take twice as long there, and would look slow for ever. One that is
/// slow indeed leaves its caller's task.
const TRIED: u32 = 64;

/// Payload size up to which the calls of one codec or driver are expected to compute no longer than
/// `time`. It adapts to the time that recent calls took: the same size costs a cipher microseconds and a
/// compressor milliseconds.
pub(super) struct SizeLimit {
    time: Duration,
    bytes: AtomicUsize,
    /// Slow calls within the limit since the last quick one of their size.
    slow: AtomicU32,
    /// Size of the last slow call.
    slow_bytes: AtomicUsize,
    /// Small calls that were above the limit.
    above: AtomicU32,
}

// All `Relaxed`: calls that adapt it at once may lose an observation, and the next makes up for it.
impl SizeLimit {
    /// Returns the limit of a codec that has not run yet.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            time,
            bytes: AtomicUsize::new(INITIAL),
            slow: AtomicU32::new(0),
            slow_bytes: AtomicUsize::new(0),
            above: AtomicU32::new(0),
        }
    }

    /// Returns whether a call of `bytes` bytes is expected to keep to the time.
    pub(super) fn allows(&self, bytes: usize) -> bool {
        if bytes <= self.bytes.load(Relaxed) {
            return true;
        }
        bytes <= INITIAL && self.above.fetch_add(1, Relaxed) % TRIED == TRIED - 1
    }

    /// Adapts the limit to a call of `bytes` bytes that computed for `computed`.
    pub(super) fn observe(&self, bytes: usize, computed: Duration) {
        let limit = self.bytes.load(Relaxed);
        if computed <= self.time {
            if bytes > limit {
                self.bytes.store(bytes, Relaxed);
            }
            // A quick call that is smaller says nothing about the slow ones.
            if self.slow.load(Relaxed) != 0 && bytes >= self.slow_bytes.load(Relaxed) {
                self.slow.store(0, Relaxed);
            }
        } else if bytes <= limit {
            self.slow_bytes.store(bytes, Relaxed);
            if self.slow.fetch_add(1, Relaxed) + 1 >= SLOW {
                self.slow.store(0, Relaxed);
                // Halved and not zeroed: a codec that is slow here is quick with less.
                self.bytes.store(bytes / 2, Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_micros(100);
    const SLOW_CALL: Duration = QUICK.saturating_mul(3);

    fn observe_slow(limit: &SizeLimit, bytes: usize) {
        (0..SLOW).for_each(|_| limit.observe(bytes, SLOW_CALL));
    }

    #[test]
    fn slow_calls_lower_the_limit_and_quick_ones_raise_it() {
        let limit = SizeLimit::new(QUICK);
        assert!(limit.allows(INITIAL) && !limit.allows(INITIAL + 1));
        limit.observe(1 << 20, QUICK);
        assert!(limit.allows(1 << 20));
        observe_slow(&limit, 2 << 20);
        assert!(limit.allows(1 << 20));
        observe_slow(&limit, 1000);
        assert!(!limit.allows(1000) && limit.allows(500));
        observe_slow(&limit, 1);
        assert!(!limit.allows(1));
        limit.observe(1, QUICK);
        assert!(limit.allows(1));
    }

    #[test]
    fn one_call_that_looks_slow_changes_nothing() {
        let limit = SizeLimit::new(QUICK);
        for _ in 0..100 {
            limit.observe(1000, SLOW_CALL);
            limit.observe(1000, SLOW_CALL);
            limit.observe(1000, QUICK);
        }
        assert!(limit.allows(INITIAL));
    }

    #[test]
    fn quick_calls_that_are_smaller_do_not_excuse_slow_ones() {
        let limit = SizeLimit::new(QUICK);
        for _ in 0..SLOW {
            limit.observe(2000, SLOW_CALL);
            limit.observe(1000, QUICK);
        }
        assert!(!limit.allows(2000) && limit.allows(1000));
    }

    #[test]
    fn of_calls_above_the_limit_a_few_small_ones_are_tried() {
        let limit = SizeLimit::new(QUICK);
        observe_slow(&limit, 1);
        let tried = (0..10 * TRIED).filter(|_| limit.allows(1000)).count();
        assert_eq!(tried, 10);
        assert!((0..10 * TRIED).all(|_| !limit.allows(INITIAL + 1)));
        // One of them is slow there too: nothing changes.
        limit.observe(1000, SLOW_CALL);
        assert!(!limit.allows(1000));
    }
}
