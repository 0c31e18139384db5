//! Identity of one call of a pipeline.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Identity of one call of a pipeline, shared by all payloads of its batch.
///
/// The scheduler of plugins reads from it which payloads belong together, and records that a call has
/// begun.
#[derive(Clone)]
pub struct CallId(Arc<Inner>);

struct Inner {
    number: u64,
    begun: AtomicBool,
}

impl CallId {
    /// Returns an identity that no other call of this process has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        Self(Arc::new(Inner { number, begun: AtomicBool::new(false) }))
    }

    /// Returns a number that no other call of this process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Records that work on a payload of the call has begun.
    pub fn begin(&self) {
        // Relaxed: a scheduler that reads it late picks another order, and nothing else depends on it.
        self.0.begun.store(true, Relaxed);
    }

    /// Returns whether work on a payload of the call has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.begun.load(Relaxed)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallId").field(&self.number()).finish()
    }
}
