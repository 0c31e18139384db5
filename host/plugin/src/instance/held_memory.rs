//! Memory that the host holds for one guest call, reserved before it is allocated and until it is
//! freed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::{CallMemory, Limit};

use super::fault::Fault;

/// Memory held for one guest call, at most `Limits::held`. Clones share one count.
///
/// Memory is reserved before it is allocated: a guest that asks for a gigabyte is refused, and not
/// found out once the process has been killed for it.
#[derive(Clone)]
pub(crate) struct HeldMemory(Arc<Inner>);

struct Inner {
    used: AtomicUsize,
    limit: usize,
    /// Memory of the pipeline's call, which several guest calls share.
    call: Option<CallMemory>,
}

impl HeldMemory {
    /// Returns the count of a guest call with `input` bytes of input. The caller has charged them to the
    /// pipeline's call already.
    pub(crate) fn new(limit: usize, input: usize, call: Option<CallMemory>) -> Self {
        Self(Arc::new(Inner { used: AtomicUsize::new(input), limit, call }))
    }

    /// Begins the count of another guest call. What is still held of an earlier one stays in that one's.
    pub(crate) fn restart(&mut self, input: usize, call: Option<CallMemory>) {
        match Arc::get_mut(&mut self.0) {
            Some(inner) => {
                inner.used = AtomicUsize::new(input);
                inner.call = call;
            }
            None => *self = Self::new(self.0.limit, input, call),
        }
    }

    /// Reserves `bytes` that are about to be allocated.
    ///
    /// # Errors
    /// `Limit(Held)` if the call would hold more than `Limits::held`. `Refused` if the pipeline's call or
    /// the process would hold more than it may.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reservation, Fault> {
        self.take(bytes)?;
        Ok(Reservation { held: self.clone(), bytes })
    }

    fn take(&self, bytes: usize) -> Result<(), Fault> {
        // The call's own limit first: a guest that exceeds it must not be reported as a busy host. `Relaxed` is
        // enough, since the number orders no other memory.
        let Inner { used, limit, call } = &*self.0;
        let sum = |used: usize| used.checked_add(bytes).filter(|sum| sum <= limit);
        if used.fetch_update(Relaxed, Relaxed, sum).is_err() {
            return Err(Fault::Limit(Limit::Held));
        }
        let taken = call.as_ref().map_or(Ok(()), |call| call.take(bytes));
        taken.map_err(|error| {
            used.fetch_sub(bytes, Relaxed);
            Fault::Refused(Some(error))
        })
    }

    fn release(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Relaxed);
        if let Some(call) = &self.0.call {
            call.release(bytes);
        }
    }

    /// Returns how many bytes are held now.
    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.0.used.load(Relaxed)
    }
}

/// Reservation of bytes, until it is dropped.
pub(crate) struct Reservation {
    held: HeldMemory,
    bytes: usize,
}

impl Reservation {
    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// As [`HeldMemory::reserve`]. The reservation is unchanged then.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        self.held.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Releases `bytes`, at most all.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.held.release(bytes);
    }

    /// Releases all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.shrink(self.bytes.saturating_sub(bytes));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.held.release(self.bytes);
    }
}

/// Reservation that all owners of one allocation share. Empty for the call's input.
#[derive(Clone, Default)]
pub(crate) struct SharedReservation {
    _reservation: Option<Arc<Reservation>>,
}

impl From<Reservation> for SharedReservation {
    fn from(reservation: Reservation) -> Self {
        Self { _reservation: Some(Arc::new(reservation)) }
    }
}

#[cfg(test)]
mod tests {
    use cloakroom_core::{ByteSize, ErrorKind, MemoryBudget};

    use super::*;

    #[test]
    fn memory_is_held_until_its_last_owner_drops_it() {
        let held = HeldMemory::new(10, 2, None);
        let shared = SharedReservation::from(held.reserve(5).unwrap());
        let other = shared.clone();
        drop(shared);
        assert_eq!(held.used(), 7);
        assert!(matches!(held.reserve(4), Err(Fault::Limit(Limit::Held))));
        assert!(held.reserve(usize::MAX).is_err());
        drop(other);
        assert_eq!(held.used(), 2);
        assert!(held.reserve(8).is_ok());
    }

    #[test]
    fn what_outlives_a_call_is_not_counted_in_the_next() {
        let budget = MemoryBudget::new(ByteSize::bytes(20), ByteSize::bytes(20));
        let (first, second) = (budget.call(), budget.call());
        let mut held = HeldMemory::new(10, 1, Some(first.clone()));
        let kept = held.reserve(4).unwrap();
        held.restart(2, Some(second.clone()));
        assert_eq!((held.used(), first.used(), second.used()), (2, 4, 0));
        let other = held.reserve(8).unwrap();
        assert!(held.reserve(1).is_err(), "the limit is the same");
        drop(kept);
        assert_eq!((held.used(), first.used(), second.used()), (10, 0, 8));
        drop(other);
        held.restart(0, Some(first.clone()));
        assert_eq!((held.used(), first.used(), second.used()), (0, 0, 0));
    }

    #[test]
    fn reservations_are_charged_to_the_call_and_given_back() {
        let budget = MemoryBudget::new(ByteSize::bytes(6), ByteSize::bytes(9));
        let (call, other) = (budget.call(), budget.call());
        let held = HeldMemory::new(100, 50, Some(call.clone()));
        let mut reservation = held.reserve(4).unwrap();
        let Err(Fault::Refused(Some(error))) = reservation.grow(3) else { panic!("not refused") };
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
        let _taken = other.charge(5).unwrap();
        let Err(Fault::Refused(Some(error))) = reservation.grow(1) else { panic!("not refused") };
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!((held.used(), call.used()), (54, 4));
        reservation.shrink(1);
        assert_eq!((held.used(), call.used()), (53, 3));
        drop(reservation);
        assert_eq!((held.used(), call.used(), budget.used()), (50, 0, 5));
    }
}
