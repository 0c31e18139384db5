//! Limit of what waits in a gateway: so many, and so much memory together.
//!
//! An item may wait for hours. Without a limit of its own it would take the memory of all that goes on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cloakroom_core::MemoryBudget;

/// Most that waits at once. Few of them are large.
const MOST: usize = 1024;

/// One part in so many of the process's memory may wait.
const SHARE: usize = 4;

/// Limit of what waits.
#[derive(Debug, Default)]
pub(super) struct HoldLimit(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    bytes: usize,
}

/// Permit to wait, until this is dropped.
#[derive(Debug)]
pub(super) struct HoldPermit<'a> {
    limit: &'a HoldLimit,
    bytes: usize,
}

impl HoldLimit {
    /// Returns a permit for so many bytes of this memory, unless too many or too much waits already.
    pub(super) fn admit(&self, bytes: usize, memory: &MemoryBudget) -> Option<HoldPermit<'_>> {
        let most = memory.process_bytes().as_usize() / SHARE;
        let mut taken = self.lock();
        let sum = taken.bytes.checked_add(bytes).filter(|sum| *sum <= most)?;
        if taken.count == MOST {
            return None;
        }
        (taken.count, taken.bytes) = (taken.count + 1, sum);
        Some(HoldPermit { limit: self, bytes })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HoldPermit<'_> {
    fn drop(&mut self) {
        let mut taken = self.limit.lock();
        taken.count -= 1;
        taken.bytes -= self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_core::ByteSize;

    use super::*;

    #[test]
    fn so_many_wait_and_no_more_than_a_quarter_of_the_memory() {
        let memory = MemoryBudget::new(ByteSize::kib(400), ByteSize::kib(400));
        let limit = HoldLimit::default();
        let half = || limit.admit(50 << 10, &memory);
        let (one, other) = (half().unwrap(), half().unwrap());
        assert!(half().is_none() && limit.admit(1, &memory).is_none());
        drop(one);
        let again = half().unwrap();
        assert!(limit.admit(usize::MAX, &memory).is_none());
        drop((again, other));
        let small: Vec<_> = (0..MOST).map(|_| limit.admit(1, &memory).unwrap()).collect();
        assert!(limit.admit(1, &memory).is_none());
        drop(small);
        let taken = limit.lock();
        assert_eq!((taken.count, taken.bytes), (0, 0));
    }
}
