//! Connections whose callers have not authenticated yet: few, and for a short time.
//!
//! Strangers who open connections and say nothing would otherwise hold all places. The newest
//! connections are kept, so that an attacker has to open hundreds of them within the milliseconds that
//! an honest caller takes.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

/// Connections that may wait at once. A quarter of all connections.
const MOST: usize = 256;

/// Time from the accept to the first call that authenticates.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections whose callers have not authenticated yet.
#[derive(Default)]
pub(super) struct Newcomers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    open: BTreeMap<u64, Arc<Notify>>,
}

/// One of them, until it is admitted or dropped.
pub(super) struct Newcomer {
    id: u64,
    evicted: Arc<Notify>,
    is_admitted: AtomicBool,
    all: Arc<Newcomers>,
}

impl Newcomers {
    /// Registers a connection. The oldest is evicted if there are too many.
    pub(super) fn enter(self: &Arc<Self>) -> Newcomer {
        let (mut waiting, evicted) = (self.lock(), Arc::new(Notify::new()));
        let id = waiting.next;
        waiting.next += 1;
        waiting.open.insert(id, evicted.clone());
        if waiting.open.len() > MOST
            && let Some((_, oldest)) = waiting.open.pop_first()
        {
            oldest.notify_one();
        }
        Newcomer { id, evicted, is_admitted: AtomicBool::new(false), all: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// Admits it: it may stay for as long as it likes.
    pub(super) fn admit(&self) {
        // Only the first of many calls has to take the lock.
        if !self.is_admitted.swap(true, Ordering::Relaxed) {
            self.all.lock().open.remove(&self.id);
        }
    }

    /// Waits until it must go, and returns why.
    pub(super) async fn must_go(&self) -> &'static str {
        tokio::select! {
            () = self.evicted.notified() => return "too many callers connect at once",
            () = sleep(PATIENCE) => {}
        }
        if self.is_admitted.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        "no call with valid credentials within 30s"
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.admit();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_oldest_that_waits_goes_and_no_other() {
        let all = Arc::new(Newcomers::default());
        let known = all.enter();
        known.admit();
        let waiting: Vec<_> = (0..MOST).map(|_| all.enter()).collect();
        assert!(waiting.iter().all(|one| one.must_go().now_or_never().is_none()));
        let newest = all.enter();
        assert!(waiting[0].must_go().now_or_never().is_some());
        for stays in waiting[1..].iter().chain([&newest, &known]) {
            assert!(stays.must_go().now_or_never().is_none());
        }
        drop((waiting, newest, known));
        assert!(all.lock().open.is_empty());
    }
}
