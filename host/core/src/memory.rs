//! Memory that the host may hold: a budget of the process, and the part of one call.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{ByteSize, Error, ErrorKind, Limit};

/// Bytes that the host may hold, for one call and for all calls together. Cheap to clone.
#[derive(Clone)]
pub struct MemoryBudget(Arc<Budget>);

struct Budget {
    call: ByteSize,
    process: ByteSize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

/// The memory of one call. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct CallMemory(Arc<Call>);

struct Call {
    budget: MemoryBudget,
    used: AtomicUsize,
}

/// Bytes that are counted until this is dropped.
pub struct Charge {
    call: CallMemory,
    bytes: usize,
}

impl MemoryBudget {
    /// Returns a budget of `call` bytes for one call (`limits.call_bytes`) and `process` bytes for
    /// all together (`limits.process_bytes`).
    pub fn new(call: ByteSize, process: ByteSize) -> Self {
        let (used, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Budget { call, process, used, peak }))
    }

    /// Returns the memory of a new call, which holds nothing yet.
    pub fn call(&self) -> CallMemory {
        CallMemory(Arc::new(Call { budget: self.clone(), used: AtomicUsize::new(0) }))
    }

    /// Returns how many bytes all calls hold now.
    pub fn used(&self) -> usize {
        self.0.used.load(Relaxed)
    }

    /// Returns the most bytes that all calls have held at once, ever.
    pub fn peak(&self) -> usize {
        self.0.peak.load(Relaxed)
    }

    /// Counts `bytes` of the process.
    ///
    /// # Errors
    /// `Busy` if all calls would hold more than `limits.process_bytes`; then nothing is counted.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Error> {
        let Budget { process, used, peak, .. } = &*self.0;
        let Some(sum) = add(used, bytes, process.as_usize()) else {
            return Err(over_process(*process));
        };
        if peak.load(Relaxed) < sum {
            peak.fetch_max(sum, Relaxed);
        }
        Ok(())
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Relaxed);
    }
}

impl CallMemory {
    /// Counts `bytes` that the host is about to hold, until the charge is dropped.
    ///
    /// # Errors
    /// `LimitExceeded(CallBytes)` if the call would hold more than `limits.call_bytes`; `Busy` if all
    /// calls would hold more than `limits.process_bytes`. Then nothing is counted.
    pub fn charge(&self, bytes: usize) -> Result<Charge, Error> {
        let mut charge = Charge { call: self.clone(), bytes: 0 };
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Returns how many bytes the call holds now.
    pub fn used(&self) -> usize {
        self.0.used.load(Relaxed)
    }

    fn take(&self, bytes: usize) -> Result<(), Error> {
        let Call { budget, used } = &*self.0;
        if add(used, bytes, budget.0.call.as_usize()).is_none() {
            return Err(over_call(budget.0.call));
        }
        budget.take(bytes).inspect_err(|_| {
            used.fetch_sub(bytes, Relaxed);
        })
    }

    fn release(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Relaxed);
        self.0.budget.release(bytes);
    }
}

impl Charge {
    /// Counts `bytes` more.
    ///
    /// # Errors
    /// As [`CallMemory::charge`]; then the charge is what it was.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.call.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Counts `bytes` less, at most all.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.call.release(bytes);
    }

    /// Returns how many bytes are counted.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.call.release(self.bytes);
    }
}

/// Adds `bytes` to `counter` unless it would pass `limit`. Returns the sum if it was added.
fn add(counter: &AtomicUsize, bytes: usize, limit: usize) -> Option<usize> {
    let sum = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
    let before = counter.fetch_update(Relaxed, Relaxed, sum).ok()?;
    before.checked_add(bytes)
}

fn over_call(limit: ByteSize) -> Error {
    let text = format!(
        "the call needs more than {limit} of memory (`limits.call_bytes`): split the batch, or raise the limit"
    );
    Error::new(ErrorKind::LimitExceeded(Limit::CallBytes), text)
}

fn over_process(limit: ByteSize) -> Error {
    let text = format!(
        "all calls together need more than {limit} of memory (`limits.process_bytes`): try again later, or raise the limit"
    );
    Error::new(ErrorKind::Busy, text)
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget")
            .field("call", &self.0.call)
            .field("process", &self.0.process)
            .field("used", &self.used())
            .field("peak", &self.peak())
            .finish()
    }
}

impl fmt::Debug for CallMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallMemory").field("used", &self.used()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> MemoryBudget {
        MemoryBudget::new(ByteSize::bytes(6), ByteSize::bytes(10))
    }

    #[test]
    fn a_call_holds_exactly_its_budget() {
        let call = budget().call();
        let mut charge = call.charge(6).unwrap();
        let error = charge.grow(1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
        charge.shrink(1);
        assert!(charge.grow(1).is_ok());
    }

    #[test]
    fn all_calls_hold_exactly_the_budget_of_the_process() {
        let budget = budget();
        let (one, two) = (budget.call(), budget.call());
        let first = one.charge(5).unwrap();
        let second = two.charge(5).unwrap();
        let error = two.charge(1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert_eq!((two.used(), budget.used()), (5, 10));
        drop((first, second));
        assert_eq!((one.used(), two.used(), budget.used()), (0, 0, 0));
        assert_eq!(budget.peak(), 10);
    }

    #[test]
    fn a_number_that_overflows_is_refused() {
        let call = budget().call();
        let _held = call.charge(1).unwrap();
        assert!(call.charge(usize::MAX).is_err());
        assert_eq!(call.used(), 1);
    }
}
