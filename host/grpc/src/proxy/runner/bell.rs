//! Wakes a connection's task when it sleeps, and only then.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use futures::task::AtomicWaker;

/// Notes wakes while the task runs, and passes them on while it does not.
///
/// Almost every wake comes from the task itself, from one of its futures to another. Passed on, it would
/// schedule the task again, and wake another thread to take it.
#[derive(Default)]
pub(super) struct Bell {
    task: AtomicWaker,
    has_rung: AtomicBool,
    is_running: AtomicBool,
}

impl Bell {
    pub(super) fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Begins a round: wakes from before it are answered by it.
    pub(super) fn listen(&self) {
        self.is_running.store(true, Ordering::SeqCst);
        self.has_rung.store(false, Ordering::SeqCst);
    }

    /// Ends a round, and returns whether the task may sleep. From then on, wakes are passed on.
    pub(super) fn rest(&self) -> bool {
        self.is_running.store(false, Ordering::SeqCst);
        // A wake between the last poll and the line above was not passed on.
        !self.has_rung.load(Ordering::SeqCst)
    }

    pub(super) fn ring(&self) {
        self.has_rung.store(true, Ordering::SeqCst);
        if !self.is_running.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
