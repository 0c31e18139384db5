//! One guest call on its way through the scheduler.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    task::{Context as Polling, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use cloakroom_core::{CallId, Context};
use tokio::runtime::Handle;
use tracing::{Dispatch, Span, dispatcher};

use super::{
    clock::{Clock, PollReport},
    plugin_role::PluginRole,
    queue::{Lane, QueueEntry},
    ticker::EpochTicker,
};

/// Future of a guest call, which sends its answer to the caller itself.
pub(super) type Guest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Receiver of wake-ups: the scheduler, which stands above its tasks.
pub(super) trait WakeTask: Send + Sync {
    /// Queues a task again that waited for an import.
    fn wake_task(self: Arc<Self>, task: &Arc<Task>);
}

/// One guest call.
pub(super) struct Task {
    pub(super) role: PluginRole,
    pub(super) ctx: Context,
    pub(super) call: CallId,
    pub(super) clock: Arc<Clock>,
    /// Whether its payload is small.
    pub(super) small: bool,
    pub(super) scheduler: Arc<dyn WakeTask>,
    /// The caller's runtime, whose timers and threads imports use.
    pub(super) runtime: Handle,
    /// The caller's span and subscriber. Compute threads have neither, and lines of the guest's log would
    /// lose theirs.
    pub(super) span: Span,
    pub(super) subscriber: Dispatch,
    /// A [`Phase`]. It changes under the scheduler's lock only.
    pub(super) phase: AtomicU8,
    pub(super) guest: Mutex<Option<Guest>>,
    /// Counts the task among those that wait, until its first turn.
    pub(super) waiting: Mutex<Option<WaitingGauge>>,
    /// Turns that the scheduler had begun when the task was queued; from its first turn on, turns of
    /// others that it waited for.
    pub(super) turns: AtomicU64,
    pub(super) namespace: OnceLock<Arc<str>>,
}

/// State of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// In the queue, without an instance.
    Unstarted,
    /// In the queue, with an instance.
    Ready,
    Running,
    /// Running, and woken meanwhile.
    Woken,
    /// Waits for an import.
    Waiting,
    Done,
}

/// Counts a task in the gauge of waiting calls until it is dropped.
pub(super) struct WaitingGauge(metrics::Gauge);

impl WaitingGauge {
    pub(super) fn increment(role: PluginRole) -> Self {
        let gauge = metrics::gauge!("cloakroom_instances_waiting", "part" => role.as_str());
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for WaitingGauge {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl Task {
    pub(super) fn phase(&self) -> Phase {
        let phase = self.phase.load(SeqCst);
        [Phase::Unstarted, Phase::Ready, Phase::Running, Phase::Woken, Phase::Waiting]
            .into_iter()
            .find(|&known| known as u8 == phase)
            .unwrap_or(Phase::Done)
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, SeqCst);
    }

    /// Returns the lane of the queue in which the task waits for its first turn.
    pub(super) fn lane(&self) -> Lane {
        if self.call.has_begun() {
            Lane::Begun
        } else if self.small {
            Lane::Small
        } else {
            Lane::New
        }
    }

    /// Polls the guest once in its caller's task, which has runtime, span and subscriber.
    pub(super) fn poll_inline(self: &Arc<Self>, ticker: &EpochTicker) -> PollReport {
        let _awake = ticker.enter();
        self.clock.begin_inline(Instant::now());
        self.poll_guest()
    }

    /// Polls the guest once on a compute thread, until it has used its turn.
    pub(super) fn poll_turn(self: &Arc<Self>, turn: Duration, ticker: &EpochTicker) -> PollReport {
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Entered also because the guest may be dropped here, with timers and sockets of its imports.
        let _runtime = self.runtime.enter();
        let _subscriber = dispatcher::set_default(&self.subscriber);
        let _span = self.span.enter();
        let _awake = ticker.enter();
        self.clock.begin_turn(turn);
        self.poll_guest()
    }

    /// Polls the guest. One that panics is over, as one that has answered.
    fn poll_guest(self: &Arc<Self>) -> PollReport {
        let mut guest = self.guest.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = guest.as_mut().map_or(Ok(Poll::Ready(())), |guest| {
            let waker = Waker::from(self.clone());
            let mut polling = Polling::from_waker(&waker);
            // A panic in a host function must not take a compute thread with it.
            catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(&mut polling)))
        });
        // A guest that was abandoned while it ran is over, though it is pending: whoever cancelled it
        // left that to this thread.
        let pending = matches!(polled, Ok(Poll::Pending)) && !self.clock.is_abandoned();
        if !pending {
            // Before the clock ends: to drop a store of hundreds of MiB takes time, which is its guest's.
            *guest = None;
        }
        self.clock.end(pending)
    }

    /// Takes the guest out, so that the caller drops it while it holds no lock.
    pub(super) fn take_guest(&self) -> (Option<Guest>, Option<WaitingGauge>) {
        let guest = self.guest.lock().unwrap_or_else(PoisonError::into_inner).take();
        (guest, self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.scheduler.clone().wake_task(&self);
    }
}

impl QueueEntry for Arc<Task> {
    fn namespace(&self) -> Arc<str> {
        let name = || Arc::from(self.ctx.namespace_name().unwrap_or_default());
        self.namespace.get_or_init(name).clone()
    }

    fn call(&self) -> u64 {
        self.call.number()
    }

    fn role(&self) -> PluginRole {
        self.role
    }
}
