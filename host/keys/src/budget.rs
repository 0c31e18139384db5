//! Budget of unwraps that fail: forged wrapped keys of one namespace must cost the service little.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

/// Unwraps that may fail at once.
const FAILURES: u32 = 64;

/// Time after which one more may fail.
const REFILL: Duration = Duration::from_secs(2);

/// Unwraps of one namespace at the same time. More wait.
const REQUESTS: usize = 8;

/// Budget of one namespace.
pub(crate) struct Budget {
    left: u32,
    refilled: Duration,
    requests: Arc<Semaphore>,
}

impl Budget {
    pub(crate) fn new(now: Duration) -> Self {
        Self { left: FAILURES, refilled: now, requests: Arc::new(Semaphore::new(REQUESTS)) }
    }

    /// Returns what a request waits for.
    pub(crate) fn requests(&self) -> Arc<Semaphore> {
        self.requests.clone()
    }

    /// Returns whether another unwrap may fail.
    pub(crate) fn allows(&mut self, now: Duration) -> bool {
        let elapsed = now.saturating_sub(self.refilled);
        let more = u32::try_from(elapsed.as_millis() / REFILL.as_millis()).unwrap_or(FAILURES);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(FAILURES);
            self.refilled = now;
        }
        self.left > 0
    }

    /// Counts an unwrap that failed because of its bytes.
    pub(crate) fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_and_forgiven_with_time() {
        let mut budget = Budget::new(Duration::ZERO);
        for _ in 0..FAILURES {
            assert!(budget.allows(Duration::ZERO));
            budget.spend();
        }
        assert!(!budget.allows(Duration::ZERO));
        assert!(!budget.allows(REFILL - Duration::from_millis(1)));
        assert!(budget.allows(REFILL));
        budget.spend();
        assert!(!budget.allows(REFILL));
        assert!(budget.allows(REFILL * 1000));
        assert_eq!(budget.left, FAILURES);
    }
}
