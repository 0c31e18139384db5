//! Room for instances that are kept warm, bounded in number and in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Divisor of `Limits::process_bytes` that gives the memory of all warm instances together. They only save
/// microseconds, and must leave room for calls.
const SHARE: usize = 4;

/// Room for warm instances of one host. Clones are the same room.
#[derive(Clone)]
pub(crate) struct WarmCapacity {
    slots: Arc<Semaphore>,
    bytes: Arc<AtomicUsize>,
    limit: usize,
}

/// Room that one warm instance takes, until it is dropped.
pub(crate) struct WarmSlot {
    _permit: OwnedSemaphorePermit,
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl WarmCapacity {
    pub(crate) fn new(instances: usize, process: ByteSize) -> Self {
        let slots = Arc::new(Semaphore::new(instances.min(Semaphore::MAX_PERMITS)));
        Self { slots, bytes: Arc::default(), limit: process.as_usize() / SHARE }
    }

    /// Reserves room for an instance that holds `bytes` bytes. Returns `None` if there is none.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<WarmSlot> {
        let permit = self.slots.clone().try_acquire_owned().ok()?;
        let sum = |all: usize| all.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.bytes.fetch_update(Relaxed, Relaxed, sum).ok()?;
        Some(WarmSlot { _permit: permit, all: self.bytes.clone(), bytes })
    }
}

impl Drop for WarmSlot {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_instances_are_bounded_in_number_and_in_memory() {
        let capacity = WarmCapacity::new(3, ByteSize::bytes(40));
        let first = capacity.reserve(6).unwrap();
        assert!(capacity.reserve(5).is_none(), "more than a quarter");
        let second = capacity.reserve(4).unwrap();
        assert!(capacity.reserve(1).is_none());
        let _third = capacity.reserve(0).unwrap();
        assert!(capacity.reserve(0).is_none(), "more than there are slots");
        drop((first, second));
        assert!(capacity.reserve(10).is_some());
    }
}
