//! Where a short call computes, with guests that are plain futures.

use std::{
    future::poll_fn,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
    thread::{self, ThreadId},
};

use futures::{
    future::{join, join3, poll_immediate},
    pin_mut,
};
use tokio::task::yield_now;
use wasmtime::Engine;

use super::{clock::Tick, *};
use crate::limits::own::OwnLimits;

const BYTES: usize = 1000;

struct Calls {
    compute: Compute,
    limits: Arc<PluginLimits>,
    inline_limit: InlineLimit,
}

impl Calls {
    /// Returns calls that are expected to be short, in a runtime that counts as idle if its turn takes no
    /// longer than `idle`.
    fn short(idle: Duration) -> Self {
        let limits = Limits {
            computing: 8.try_into().unwrap(),
            instances: 3.try_into().unwrap(),
            wait: Duration::from_secs(30),
            ..Limits::default()
        };
        let ticker = EpochTicker::start(&Engine::default()).unwrap();
        let own = PluginLimits::new(&limits, OwnLimits::default(), false).unwrap();
        let inline_limit = InlineLimit::default();
        (0..3).for_each(|_| inline_limit.observe(BYTES, inline_limit::SHORT));
        Self {
            compute: Compute::with_idle(ticker, &limits, idle),
            limits: own.into(),
            inline_limit,
        }
    }

    async fn run<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        guest: impl FnOnce(Arc<Clock>) -> F + Send + 'static,
    ) -> T {
        let ctx = Context::none();
        let job = Job {
            role: PluginRole::Stage,
            ctx: &ctx,
            bytes: BYTES,
            time: Duration::from_secs(3600),
            limits: &self.limits,
            inline_limit: &self.inline_limit,
        };
        let guest = |permit: CallPermit| async move { Ok(guest(permit.clock().clone()).await) };
        self.compute.run(job, guest).await.unwrap()
    }

    async fn thread(&self) -> ThreadId {
        self.run(|_| async { thread::current().id() }).await
    }
}

/// Gives way as a guest does at a tick when its slice is over.
async fn end_slice(clock: &Clock) {
    while !matches!(clock.tick(), Tick::Yield) {
        std::hint::spin_loop();
    }
    let mut is_over = false;
    poll_fn(|polling| {
        if is_over {
            return Poll::Ready(());
        }
        is_over = true;
        polling.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn a_short_call_computes_in_its_callers_task_after_the_runtime_had_a_turn() {
    let calls = Calls::short(Duration::MAX);
    let turn = tokio::spawn(async {});
    let computed = calls.run(move |_| async move { (thread::current().id(), turn.is_finished()) });
    assert_eq!(computed.await, (thread::current().id(), true));
}

#[tokio::test]
async fn a_short_call_leaves_a_busy_runtime_alone() {
    let calls = Calls::short(Duration::ZERO);
    assert_ne!(calls.thread().await, thread::current().id());
}

#[tokio::test]
async fn one_short_call_at_a_time_computes_in_its_callers_task() {
    let calls = Calls::short(Duration::MAX);
    let (_, second) = join(calls.thread(), calls.thread()).await;
    assert_ne!(second, thread::current().id());
    // The first has given its right back.
    assert_eq!(calls.thread().await, thread::current().id());
}

#[tokio::test]
async fn a_call_that_is_longer_than_expected_gives_the_runtime_turns_and_then_leaves_it() {
    let calls = Calls::short(Duration::MAX);
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let counter = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, SeqCst);
            yield_now().await;
        }
    });
    let guest = |clock: Arc<Clock>| async move {
        let mut slices = Vec::new();
        while clock.is_inline() {
            slices.push(turns.load(SeqCst));
            end_slice(&clock).await;
        }
        slices
    };
    let slices = calls.run(guest).await;
    assert!(slices.is_sorted_by(|before, after| before < after), "{slices:?}");
    // A slice is half a millisecond at least.
    assert!((1..=8).contains(&slices.len()), "{slices:?}");
    counter.abort();
}

#[tokio::test]
async fn a_short_call_moves_to_a_thread_before_large_work() {
    let calls = Calls::short(Duration::MAX);
    let guest = |clock: Arc<Clock>| async move {
        large_work::yield_before_processing(1 << 30, &clock).await;
        thread::current().id()
    };
    assert_ne!(calls.run(guest).await, thread::current().id());
}

#[tokio::test]
async fn a_short_call_that_is_dropped_gives_everything_back() {
    let calls = Calls::short(Duration::MAX);
    let slices = Arc::new(AtomicUsize::new(0));
    for polls in [1, 2, 2, 2, 3] {
        let slices = slices.clone();
        let guest = |clock: Arc<Clock>| async move {
            while clock.is_inline() {
                slices.fetch_add(1, SeqCst);
                end_slice(&clock).await;
            }
            std::future::pending::<()>().await;
        };
        let call = calls.run(guest);
        pin_mut!(call);
        for _ in 0..polls {
            assert!(poll_immediate(&mut call).await.is_none());
        }
    }
    assert!(slices.load(SeqCst) >= 2);
    // There are three instances. All are given back, or the last calls would wait.
    join3(calls.thread(), calls.thread(), calls.thread()).await;
    assert_eq!(Arc::strong_count(&slices), 1);
}
