//! Memory that the host holds for one guest call, reserved before it is allocated and until it is
//! freed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::{CallMemory, Charge, Limit};

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

    /// Reserves `bytes` that are about to be allocated.
    ///
    /// # Errors
    /// `Limit(Held)` if the call would hold more than `Limits::held`. `Refused` if the pipeline's call or
    /// the process would hold more than it may.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reservation, Fault> {
        let charge = self.0.call.as_ref().map(|call| call.charge(0)).transpose();
        let charge = charge.map_err(refused)?;
        let mut reservation = Reservation { held: self.clone(), bytes: 0, charge };
        reservation.grow(bytes)?;
        Ok(reservation)
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
    charge: Option<Charge>,
}

impl Reservation {
    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// As [`HeldMemory::reserve`]. The reservation is unchanged then.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        // The call's own limit first: a guest that exceeds it must not be reported as a busy host. `Relaxed` is
        // enough, since the number orders no other memory.
        let Inner { used, limit, .. } = &*self.held.0;
        let sum = |used: usize| used.checked_add(bytes).filter(|sum| sum <= limit);
        if used.fetch_update(Relaxed, Relaxed, sum).is_err() {
            return Err(Fault::Limit(Limit::Held));
        }
        self.bytes += bytes;
        let charged = self.charge.as_mut().map_or(Ok(()), |charge| charge.grow(bytes));
        charged.map_err(|error| {
            self.bytes -= bytes;
            used.fetch_sub(bytes, Relaxed);
            refused(error)
        })
    }

    /// Returns how many bytes are reserved.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Releases `bytes`, at most all.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.held.0.used.fetch_sub(bytes, Relaxed);
        if let Some(charge) = &mut self.charge {
            charge.shrink(bytes);
        }
    }

    /// Releases all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.shrink(self.bytes.saturating_sub(bytes));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.held.0.used.fetch_sub(self.bytes, Relaxed);
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

fn refused(error: cloakroom_core::Error) -> Fault {
    Fault::Refused(Some(error))
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
