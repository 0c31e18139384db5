//! Places for instances that wait warm, bounded in number and in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Warm instances together may hold this part of `limits.process_bytes`. They are kept for nobody in
/// particular, and must leave room for calls.
const SHARE: usize = 4;

/// The places of a host.
pub(crate) struct Idle {
    places: Arc<Semaphore>,
    bytes: Arc<AtomicUsize>,
    most: usize,
}

/// The place of one instance, until it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Idle {
    pub(crate) fn new(instances: usize, process: ByteSize) -> Self {
        let places = Arc::new(Semaphore::new(instances.min(Semaphore::MAX_PERMITS)));
        Self { places, bytes: Arc::default(), most: process.as_usize() / SHARE }
    }

    /// Returns a place for an instance that holds `bytes` bytes, if there is room.
    pub(crate) fn place(&self, bytes: usize) -> Option<Place> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        let sum = |all: usize| all.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.bytes.fetch_update(Relaxed, Relaxed, sum).ok()?;
        Some(Place { _permit: permit, all: self.bytes.clone(), bytes })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_instances_are_bounded_in_number_and_in_memory() {
        let idle = Idle::new(3, ByteSize::bytes(40));
        let first = idle.place(6).unwrap();
        assert!(idle.place(5).is_none(), "more than a quarter");
        let second = idle.place(4).unwrap();
        assert!(idle.place(1).is_none());
        let _third = idle.place(0).unwrap();
        assert!(idle.place(0).is_none(), "more than there are places");
        drop((first, second));
        assert!(idle.place(10).is_some());
    }
}
