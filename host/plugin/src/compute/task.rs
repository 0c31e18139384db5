//! One guest call on its way through the compute threads.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    task::{Context as Polling, Poll, Wake, Waker},
    time::Duration,
};

use cloakroom_core::{CallId, Context};
use tokio::runtime::Handle;

use super::{
    clock::{Clock, Polled},
    part::Part,
    queue::{Lane, Queued},
    threads::Threads,
};

/// A guest call that hands its answer over itself.
pub(super) type Guest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One guest call.
pub(super) struct Task {
    pub(super) part: Part,
    pub(super) ctx: Context,
    pub(super) call: CallId,
    pub(super) clock: Arc<Clock>,
    /// Whether its payload is small.
    pub(super) small: bool,
    pub(super) threads: Arc<Threads>,
    /// The caller's runtime, whose timers and threads imports use.
    pub(super) runtime: Option<Handle>,
    /// Changes under the lock of the threads.
    pub(super) phase: AtomicU8,
    pub(super) guest: Mutex<Option<Guest>>,
    /// Counts it among those that wait, until its first turn.
    pub(super) waiting: Mutex<Option<Waiting>>,
    /// Turns of others that began before its first, once it had one.
    pub(super) turns: AtomicU64,
    pub(super) namespace: OnceLock<Arc<str>>,
}

/// Where a guest call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// In the queue, without an instance.
    Unstarted,
    /// In the queue, begun.
    Ready,
    Running,
    /// Running, and woken meanwhile.
    Woken,
    /// Waits for an import.
    Waiting,
    Over,
}

/// How long a guest may compute.
#[derive(Clone, Copy)]
pub(super) enum Stretch {
    /// A tick, in the caller's task.
    Inline,
    /// So long, on a compute thread.
    Turn(Duration),
}

/// A call that waits for its first turn, counted while it does.
pub(super) struct Waiting(metrics::Gauge);

impl Waiting {
    pub(super) fn begin(part: Part) -> Self {
        let waiting = metrics::gauge!("cloakroom_instances_waiting", "part" => part.word());
        waiting.increment(1);
        Self(waiting)
    }
}

impl Drop for Waiting {
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
            .unwrap_or(Phase::Over)
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, SeqCst);
    }

    /// Where it stands in the queue before it has begun.
    pub(super) fn lane(&self) -> Lane {
        if self.call.has_begun() {
            Lane::Begun
        } else if self.small {
            Lane::Small
        } else {
            Lane::New
        }
    }

    /// Polls the guest once. Tells whether it is still pending.
    pub(super) fn poll(self: &Arc<Self>, stretch: Stretch) -> (bool, Polled) {
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take());
        // The guest may also be dropped here, with all that its imports hold.
        let _runtime = self.runtime.as_ref().map(Handle::enter);
        let _awake = self.threads.ticker.enter();
        let mut guest = self.guest.lock().unwrap_or_else(PoisonError::into_inner);
        match stretch {
            Stretch::Inline => self.clock.begin_inline(),
            Stretch::Turn(turn) => self.clock.begin_turn(turn),
        }
        let polled = guest.as_mut().map_or(Ok(Poll::Ready(())), |guest| {
            let waker = Waker::from(self.clone());
            let mut polling = Polling::from_waker(&waker);
            catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(&mut polling)))
        });
        let pending = matches!(polled, Ok(Poll::Pending)) && !self.clock.abandoned();
        if !pending {
            *guest = None;
        }
        (pending, self.clock.end(pending))
    }

    /// Takes the guest out, to be dropped where no lock is held.
    pub(super) fn take(&self) -> (Option<Guest>, Option<Waiting>) {
        let guest = self.guest.lock().unwrap_or_else(PoisonError::into_inner).take();
        (guest, self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.threads.clone().wake(&self);
    }
}

impl Queued for Arc<Task> {
    fn namespace(&self) -> Arc<str> {
        let name = || Arc::from(self.ctx.namespace_name().unwrap_or_default());
        self.namespace.get_or_init(name).clone()
    }

    fn call(&self) -> u64 {
        self.call.number()
    }

    fn part(&self) -> Part {
        self.part
    }
}
