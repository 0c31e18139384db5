//! Expected time of a call, which decides where it computes.

use std::time::Duration;

use super::{large_work::LARGE, size_limit::SizeLimit};

/// Longest computation of a quick call. A runtime polls its timers at least once in 61 tasks, so quick calls
/// delay them by some milliseconds at most.
const QUICK: Duration = Duration::from_micros(100);

/// Longest computation of a short call. To move a call to another thread and back costs 10 µs if the other
/// processor is awake, and some hundred if it sleeps and its caches are cold, as beside a single caller.
/// Of 4 ms that is 3 %.
pub(super) const SHORT: Duration = Duration::from_millis(4);

/// Expected time of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It computes in its caller's task at once.
    Quick,
    /// It computes in its caller's task if the runtime has nothing else to do.
    Short,
    /// It computes on a thread.
    Long,
}

/// Payload sizes up to which the calls of one codec or driver are expected to be quick, or short.
pub(crate) struct InlineLimit {
    quick: SizeLimit,
    short: SizeLimit,
}

impl Default for InlineLimit {
    fn default() -> Self {
        Self { quick: SizeLimit::new(QUICK), short: SizeLimit::new(SHORT) }
    }
}

impl InlineLimit {
    /// Returns how long a call of `bytes` bytes will probably take.
    pub(super) fn expect(&self, bytes: usize) -> Expected {
        if self.quick.allows(bytes) {
            Expected::Quick
        } else if bytes < LARGE && self.short.allows(bytes) {
            // One with more would begin here, and move at its first large import.
            Expected::Short
        } else {
            Expected::Long
        }
    }

    /// Adapts the limits to a call of `bytes` bytes that computed for `computed`.
    pub(super) fn observe(&self, bytes: usize, computed: Duration) {
        self.quick.observe(bytes, computed);
        self.short.observe(bytes, computed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 1 << 19;

    #[test]
    fn a_size_is_expected_to_take_what_it_took() {
        let limit = InlineLimit::default();
        assert_eq!((limit.expect(1), limit.expect(BYTES)), (Expected::Quick, Expected::Long));
        for (took, expected) in
            [(QUICK, Expected::Quick), (SHORT, Expected::Short), (2 * SHORT, Expected::Long)]
        {
            (0..3).for_each(|_| limit.observe(BYTES, took));
            assert_eq!(limit.expect(BYTES), expected);
        }
    }

    #[test]
    fn a_call_with_large_work_is_not_short() {
        let limit = InlineLimit::default();
        limit.observe(LARGE, SHORT);
        assert_eq!(limit.expect(LARGE - 1), Expected::Short);
        assert_eq!(limit.expect(LARGE), Expected::Long);
        limit.observe(LARGE, QUICK);
        assert_eq!(limit.expect(LARGE), Expected::Quick);
    }
}
