//! Clock of a ring: it only goes forwards.

use std::time::{Duration, Instant};

/// Source of the time since a fixed moment. Ages of keys are measured by it, so that a change of the
/// machine's date neither prolongs nor ends them.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time since a fixed moment.
    fn now(&self) -> Duration;
}

/// The machine's monotonic clock.
pub(crate) struct Monotonic(Instant);

impl Monotonic {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
