//! Guests in the tasks of their callers: quick ones at once, short ones in slices.
//!
//! A caller's runtime has other tasks and timers. Before each slice of a short call the runtime has a turn,
//! and only one such call computes at a time, so a timer is late by no more than one slice.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context as Polling, Poll, Waker},
    time::{Duration, Instant},
};

use cloakroom_core::Error;

use super::{
    super::{
        clock::{Clock, PollReport},
        errors,
        inline_limit::SHORT,
        plugin_role::PluginRole,
        task::{Phase, Task},
    },
    ComputeThreads,
};

/// Right to compute a short call in its caller's task.
pub(in super::super) struct ShortCall<'a>(&'a AtomicBool);

impl Drop for ShortCall<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

/// Result of a guest's first poll in its caller's task.
pub(in super::super) enum FirstPoll<G, T> {
    /// Its answer, and the time that it computed.
    Done(Result<T, Error>, Duration),
    /// It is not done, and keeps its slot.
    Pending(Pin<Box<G>>, PollReport),
}

impl ComputeThreads {
    /// Begins a short call in its caller's task. Returns none if another computes in one, or if the runtime
    /// has other things to do.
    pub(in super::super) async fn begin_short(&self) -> Option<ShortCall<'_>> {
        // Others compute on threads meanwhile: a runtime with one thread would have one at a time.
        if self.has_short.swap(true, SeqCst) {
            return None;
        }
        let short = ShortCall(&self.has_short);
        self.runtime_is_idle().await.then_some(short)
    }

    /// Takes a slot for a guest in its caller's task, and an instance if it begins. Returns false if another
    /// guest would have to wait for that.
    pub(in super::super) fn take_slot(&self, role: PluginRole, begins: bool) -> bool {
        let mut state = self.state();
        let free = state.free_instances.get_mut(role);
        let has_instance = !begins || *free != 0;
        // With guests in the queue this one would overtake them: callers' tasks are outside of the fair order.
        if !has_instance || !state.queue.is_empty() || state.running >= self.slots {
            return false;
        }
        if begins {
            *state.free_instances.get_mut(role) -= 1;
        }
        state.running += 1;
        true
    }

    /// Polls a guest for the first time, with a slot, since `began`. One that is done gives everything back.
    ///
    /// There is no task yet that could be woken: a guest that waits for an import is polled once more by
    /// [`ComputeThreads::go_on`].
    pub(in super::super) fn poll_first<G, T>(
        self: &Arc<Self>,
        role: PluginRole,
        clock: &Clock,
        began: Instant,
        mut guest: Pin<Box<G>>,
    ) -> FirstPoll<G, T>
    where
        G: Future<Output = Result<T, Error>>,
    {
        let _awake = self.ticker.enter();
        clock.begin_inline(began);
        let mut polling = Polling::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(&mut polling)));
        let answer = match polled {
            Ok(Poll::Pending) => return FirstPoll::Pending(guest, clock.end(true)),
            Ok(Poll::Ready(answer)) => answer,
            Err(_) => Err(errors::answer_lost()),
        };
        // Before the clock ends: to drop a store of hundreds of MiB takes time, which is its guest's.
        drop(guest);
        let report = clock.end(false);
        let mut state = self.state();
        state.running -= 1;
        *state.free_instances.get_mut(role) += 1;
        // This guest is over. Others have threads, or end when their own wake-up fails.
        let _ = self.wake_thread(&mut state);
        FirstPoll::Done(answer, report.computed)
    }

    /// Goes on with a guest that its first poll left pending. One that `may_stay` computes slice by slice in
    /// its caller's task, as long as it is short and the runtime has nothing else to do.
    ///
    /// # Cancel safety
    /// Between two slices the guest is neither in the queue nor running. The caller cancels it.
    pub(in super::super) async fn go_on(
        self: &Arc<Self>,
        task: &Arc<Task>,
        first: PollReport,
        may_stay: bool,
    ) {
        // Nobody could wake it before: what it waits for may be there already.
        let mut report = if first.yielded { first } else { task.poll_inline(&self.ticker) };
        while self.place(task, &report, may_stay) {
            if !self.runtime_is_idle().await || !self.take_slot(task.role, false) {
                self.move_to_thread(task);
                return;
            }
            task.set_phase(Phase::Running);
            report = task.poll_inline(&self.ticker);
        }
    }

    /// Returns the slot of a guest after a poll, and puts the guest where it belongs. Returns whether it stays
    /// with its caller.
    fn place(self: &Arc<Self>, task: &Arc<Task>, report: &PollReport, may_stay: bool) -> bool {
        let stays = may_stay
            && report.pending
            && report.yielded
            && !report.leaves_caller
            && task.clock.computed() < SHORT;
        let mut state = self.state();
        state.running -= 1;
        if stays {
            task.set_phase(Phase::Ready);
        } else {
            state.place_after_poll(task, report);
        }
        // Without any thread nobody would poll the guest again: it ends, and its caller gets an error.
        let failed = self.wake_thread(&mut state).is_err();
        drop(state);
        if failed || task.clock.is_abandoned() {
            self.cancel(task);
            return false;
        }
        stays
    }

    /// Queues a guest that has computed in its caller's task.
    fn move_to_thread(self: &Arc<Self>, task: &Arc<Task>) {
        let mut state = self.state();
        state.queue.resume(task.clone());
        let failed = self.wake_thread(&mut state).is_err();
        drop(state);
        if failed {
            self.cancel(task);
        }
    }

    /// Gives the runtime a turn: its tasks that are ready, its timers and its sockets. Returns whether it
    /// had nothing else to do.
    async fn runtime_is_idle(&self) -> bool {
        let began = Instant::now();
        tokio::task::yield_now().await;
        began.elapsed() <= self.idle
    }
}
