//! Permits in fair order.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use crate::Line;

/// Fixed number of permits. Callers wait for one in a [`Line`].
pub struct Turns<K> {
    free: AtomicUsize,
    line: Line<K>,
}

/// Permit, until it is dropped.
pub struct Turn<K: Clone + Ord>(Arc<Turns<K>>);

impl<K: Clone + Ord> Turns<K> {
    /// Returns `count` free permits, at least one.
    #[must_use]
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: AtomicUsize::new(count.max(1)), line: Line::default() })
    }

    /// Waits for a permit. Groups take turns, then calls; see [`Line`].
    pub async fn take(self: &Arc<Self>, group: &K, call: u64) -> Turn<K> {
        let take = || self.free.fetch_update(SeqCst, SeqCst, |free| free.checked_sub(1)).ok();
        self.line.pass(group, call, take).await;
        Turn(self.clone())
    }

    /// Returns how many callers wait for a permit.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }
}

impl<K: Clone + Ord> Drop for Turn<K> {
    fn drop(&mut self) {
        // Before the wake-up: the caller that wakes may try on another thread at once.
        self.0.free.fetch_add(1, SeqCst);
        self.0.line.wake();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_permit_comes_back_when_it_is_dropped() {
        let turns = Turns::new(1);
        let first = turns.take(&(), 0).now_or_never().unwrap();
        assert!(turns.take(&(), 1).now_or_never().is_none());
        assert_eq!(turns.waiting(), 0, "it left");
        drop(first);
        assert!(turns.take(&(), 2).now_or_never().is_some());
    }
}
