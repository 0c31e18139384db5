//! Which calls are quick enough for their callers' tasks.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// A call is quick if it computes no longer than this. Crossing threads twice costs a tenth of it. A
/// runtime looks at its timers after 61 tasks at the latest, and so within some milliseconds.
const QUICK: Duration = Duration::from_micros(100);

/// The expected limit of a codec that was not used yet.
const FIRST: usize = 64 << 10;

/// Up to which size the calls of one codec or driver are quick, from what they took lately.
pub(crate) struct Pace(AtomicUsize);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicUsize::new(FIRST))
    }
}

impl Pace {
    /// Returns whether a call of `bytes` bytes is expected to be quick.
    pub(super) fn is_quick(&self, bytes: usize) -> bool {
        bytes <= self.0.load(Relaxed)
    }

    /// Learns from a call of `bytes` bytes.
    pub(super) fn note(&self, bytes: usize, computed: Duration) {
        let most = self.0.load(Relaxed);
        if computed <= QUICK {
            if most < bytes {
                self.0.store(bytes, Relaxed);
            }
        } else if bytes <= most {
            self.0.store(bytes / 2, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_calls_lower_what_is_quick_and_quick_ones_raise_it() {
        let (pace, slow) = (Pace::default(), QUICK * 3);
        assert!(pace.is_quick(FIRST) && !pace.is_quick(FIRST + 1));
        pace.note(1 << 20, QUICK);
        assert!(pace.is_quick(1 << 20));
        pace.note(2 << 20, slow);
        assert!(pace.is_quick(1 << 20));
        pace.note(1000, slow);
        assert!(!pace.is_quick(1000) && pace.is_quick(500));
        pace.note(1, slow);
        assert!(!pace.is_quick(1));
        pace.note(1, QUICK);
        assert!(pace.is_quick(1));
    }
}
