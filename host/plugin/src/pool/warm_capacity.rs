//! Room for instances that are kept warm, bounded in number and in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::ByteSize;

/// Divisor of `Limits::process_bytes` that gives the memory of all warm instances together. They only save
/// microseconds, and must leave room for calls.
const SHARE: usize = 4;

/// Room for warm instances of one host. Clones are the same room.
#[derive(Clone)]
pub(crate) struct WarmCapacity {
    taken: Arc<Taken>,
    instances: usize,
    bytes: usize,
}

/// Room that is taken.
#[derive(Default)]
struct Taken {
    instances: AtomicUsize,
    bytes: AtomicUsize,
}

/// Room that one warm instance takes, until it is dropped.
pub(crate) struct WarmSlot {
    taken: Arc<Taken>,
    bytes: usize,
}

impl WarmCapacity {
    pub(crate) fn new(instances: usize, process: ByteSize) -> Self {
        Self { taken: Arc::default(), instances, bytes: process.as_usize() / SHARE }
    }

    /// Reserves room for an instance that holds `bytes` bytes. Returns `None` if there is none.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<WarmSlot> {
        let Self { taken, .. } = self;
        take(&taken.instances, 1, self.instances)?;
        if take(&taken.bytes, bytes, self.bytes).is_none() {
            taken.instances.fetch_sub(1, Relaxed);
            return None;
        }
        Some(WarmSlot { taken: taken.clone(), bytes })
    }
}

fn take(counter: &AtomicUsize, more: usize, most: usize) -> Option<()> {
    let sum = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= most);
    counter.fetch_update(Relaxed, Relaxed, sum).ok().map(drop)
}

impl Drop for WarmSlot {
    fn drop(&mut self) {
        self.taken.bytes.fetch_sub(self.bytes, Relaxed);
        self.taken.instances.fetch_sub(1, Relaxed);
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
