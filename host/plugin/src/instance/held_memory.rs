//! Memory that the host holds for one guest call, counted from before it is allocated until it is
//! freed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use cloakroom_core::{CallMemory, Charge, Limit};

use crate::instance::fault::Fault;

/// The meter of one call: what is held now, against `limits.held`. Clones are the same meter.
#[derive(Clone)]
pub(crate) struct Held(Arc<Meter>);

struct Meter {
    used: AtomicUsize,
    most: usize,
    /// The memory of the pipeline's call, which several guest calls share.
    memory: Option<CallMemory>,
}

impl Held {
    /// Returns the meter of a call that was given `input` bytes. Whoever gave them has charged the
    /// pipeline's call for them.
    pub(crate) fn new(most: usize, input: usize, memory: Option<CallMemory>) -> Self {
        Self(Arc::new(Meter { used: AtomicUsize::new(input), most, memory }))
    }

    /// Counts `bytes` that are about to be allocated.
    ///
    /// # Errors
    /// `Limit(Held)` past `limits.held`; what the pipeline's call answers past its own limits.
    pub(crate) fn count(&self, bytes: usize) -> Result<Count, Fault> {
        let charge = self.0.memory.as_ref().map(|memory| memory.charge(0)).transpose();
        let mut count = Count { held: self.clone(), bytes: 0, charge: charge.map_err(refused)? };
        count.grow(bytes)?;
        Ok(count)
    }

    /// Returns how many bytes are held now.
    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.0.used.load(Relaxed)
    }
}

/// Bytes that are counted until this is dropped.
pub(crate) struct Count {
    held: Held,
    bytes: usize,
    charge: Option<Charge>,
}

impl Count {
    /// Counts `bytes` more.
    ///
    /// # Errors
    /// As [`Held::count`]; then the count is what it was.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        let Meter { used, most, .. } = &*self.held.0;
        let sum = |used: usize| used.checked_add(bytes).filter(|sum| sum <= most);
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

    /// Counts `bytes` less, at most all.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.held.0.used.fetch_sub(bytes, Relaxed);
        if let Some(charge) = &mut self.charge {
            charge.shrink(bytes);
        }
    }

    /// Counts `bytes` from now on, if that is less.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.shrink(self.bytes.saturating_sub(bytes));
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.held.0.used.fetch_sub(self.bytes, Relaxed);
    }
}

/// A count that all who share an allocation share; none for what the call was given.
#[derive(Clone, Default)]
pub(crate) struct Hold {
    _count: Option<Arc<Count>>,
}

impl From<Count> for Hold {
    fn from(count: Count) -> Self {
        Self { _count: Some(Arc::new(count)) }
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
    fn counts_until_the_last_who_share_it_let_go() {
        let held = Held::new(10, 2, None);
        let hold = Hold::from(held.count(5).unwrap());
        let other = hold.clone();
        drop(hold);
        assert_eq!(held.used(), 7);
        assert!(matches!(held.count(4), Err(Fault::Limit(Limit::Held))));
        assert!(held.count(usize::MAX).is_err());
        drop(other);
        assert_eq!(held.used(), 2);
        assert!(held.count(8).is_ok());
    }

    #[test]
    fn what_a_guest_has_held_is_charged_to_its_call_and_given_back() {
        let budget = MemoryBudget::new(ByteSize::bytes(6), ByteSize::bytes(9));
        let (call, other) = (budget.call(), budget.call());
        let held = Held::new(100, 50, Some(call.clone()));
        let mut count = held.count(4).unwrap();
        let Err(Fault::Refused(Some(error))) = count.grow(3) else { panic!("not refused") };
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
        let _taken = other.charge(5).unwrap();
        let Err(Fault::Refused(Some(error))) = count.grow(1) else { panic!("not refused") };
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!((held.used(), call.used()), (54, 4));
        count.shrink(1);
        assert_eq!((held.used(), call.used()), (53, 3));
        drop(count);
        assert_eq!((held.used(), call.used(), budget.used()), (50, 0, 5));
    }
}
