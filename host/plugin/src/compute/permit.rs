//! Permit to hold one instance for one call.

use std::sync::Arc;

use super::clock::Clock;

/// Right of a guest call to hold one instance, and the clock that bounds the call.
///
/// Only the scheduler makes permits, and it polls a guest only while an instance is free, so that the
/// pool of `Limits::instances` slots is never asked for more than it has. It counts the permit as
/// returned once the guest's future, which owns it, is gone.
pub(crate) struct CallPermit {
    clock: Arc<Clock>,
}

impl CallPermit {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        Self { clock }
    }

    /// Returns the clock that bounds the call.
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }
}
