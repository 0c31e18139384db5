//! Guard that ends a guest when its caller stops waiting.

use std::sync::Arc;

use super::{
    task::{Phase, Task},
    threads::ComputeThreads,
};

/// Ends a guest whose caller no longer waits for it.
pub(super) struct CancelOnDrop<'a> {
    threads: &'a Arc<ComputeThreads>,
    task: &'a Arc<Task>,
}

impl<'a> CancelOnDrop<'a> {
    pub(super) fn new(threads: &'a Arc<ComputeThreads>, task: &'a Arc<Task>) -> Self {
        Self { threads, task }
    }
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if self.task.phase() != Phase::Done {
            self.threads.cancel(self.task);
        }
    }
}
