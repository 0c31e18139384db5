//! Guests in the tasks of their callers: quick ones at once, short ones in slices.
//!
//! A caller's runtime has other tasks and timers. Before each slice of a short call the runtime has a turn,
//! and only one such call computes at a time, so a timer is late by no more than one slice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Instant,
};

use super::{
    super::{
        inline_limit::SHORT,
        task::{Phase, Task},
    },
    ComputeThreads,
};

/// Right to compute a short call in its caller's task.
struct ShortCall<'a>(&'a AtomicBool);

impl Drop for ShortCall<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

impl ComputeThreads {
    /// Polls a guest that has not begun in its caller's task, unless another guest would have to wait for
    /// that. Returns whether it did.
    pub(in super::super) fn run_inline(self: &Arc<Self>, task: &Arc<Task>) -> bool {
        let has_slot = self.take_slot(task);
        if has_slot {
            self.poll_inline(task, false);
        }
        has_slot
    }

    /// Polls a guest that has not begun in its caller's task, slice by slice, as long as its runtime has
    /// nothing else to do. Returns whether the guest has begun.
    ///
    /// # Cancel safety
    /// Between two slices the guest is neither in the queue nor running. The caller cancels it.
    pub(in super::super) async fn run_in_slices(self: &Arc<Self>, task: &Arc<Task>) -> bool {
        // Others compute on threads meanwhile: a runtime with one thread would have one at a time.
        if self.has_short.swap(true, SeqCst) {
            return false;
        }
        let _short_call = ShortCall(&self.has_short);
        if !self.runtime_is_idle().await || !self.take_slot(task) {
            return false;
        }
        while self.poll_inline(task, true) {
            if !self.runtime_is_idle().await || !self.take_slot(task) {
                self.move_to_thread(task);
                break;
            }
        }
        true
    }

    /// Takes a slot for a guest, and an instance if it has not begun. Returns false if it has to wait.
    fn take_slot(&self, task: &Task) -> bool {
        let mut state = self.state();
        let begins = task.phase() == Phase::Unstarted;
        let free = state.free_instances.get_mut(task.role);
        // With guests in the queue this one would overtake them: callers' tasks are outside of the fair order.
        if (begins && *free == 0) || !state.queue.is_empty() || state.running >= self.slots {
            return false;
        }
        if begins {
            *state.free_instances.get_mut(task.role) -= 1;
            task.call.begin();
        }
        state.running += 1;
        task.set_phase(Phase::Running);
        true
    }

    /// Polls a guest with a slot, and returns the slot. With `may_stay`, a guest whose slice is over stays
    /// with its caller unless it was a long one. Returns whether it does.
    fn poll_inline(self: &Arc<Self>, task: &Arc<Task>, may_stay: bool) -> bool {
        let report = task.poll_inline(&self.ticker);
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
            state.place_after_poll(task, &report);
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
