//! Memory accounting of one call.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use crate::{ByteSize, Error, ErrorKind, Limit, MemoryBudget, Remedy, memory::add};

/// Memory that the host holds for one call. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct CallMemory(Arc<Call>);

struct Call {
    budget: MemoryBudget,
    used: AtomicUsize,
    /// Bytes that the process counts for this call, used or not.
    reserve: usize,
    /// Unused bytes of the reserve.
    credit: AtomicUsize,
    /// Bytes of charges that stay counted until the call is over.
    kept: AtomicUsize,
}

/// Bytes that are counted until this is dropped.
#[must_use]
pub struct Charge {
    call: CallMemory,
    bytes: usize,
}

impl MemoryBudget {
    /// Returns the memory of a new call, which holds nothing yet and has no reserve.
    #[must_use]
    pub fn call(&self) -> CallMemory {
        CallMemory::new(self.clone(), 0)
    }

    /// Waits until 64 KiB of the process are free, first come, first served, and reserves them for
    /// a new call. The bytes of the call count against this reserve first.
    ///
    /// This is the only time that a call waits for memory, because it holds none yet. Calls that waited
    /// while they hold memory could wait for each other forever, so a charge that does not fit fails.
    pub async fn admit(&self) -> CallMemory {
        let reserve = self.reserve().await;
        CallMemory::new(self.clone(), reserve)
    }
}

impl CallMemory {
    /// Returns the memory of a call for which the process counts `reserve` bytes already.
    fn new(budget: MemoryBudget, reserve: usize) -> Self {
        let (used, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Call { budget, used, reserve, credit: AtomicUsize::new(reserve), kept }))
    }

    /// Counts `bytes` that the host is about to hold, until the charge is dropped.
    ///
    /// # Errors
    /// `LimitExceeded(CallBytes)` if the call would hold more than one may; `Busy` if all calls would
    /// hold more than the process may. Then nothing is counted.
    pub fn charge(&self, bytes: usize) -> Result<Charge, Error> {
        let mut charge = self.nothing();
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Returns a charge that counts nothing yet.
    pub fn nothing(&self) -> Charge {
        Charge { call: self.clone(), bytes: 0 }
    }

    /// Returns how many bytes the call holds now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(SeqCst)
    }

    /// Releases up to `bytes` of what [`Charge::keep`] left counted.
    pub fn release_kept(&self, bytes: usize) {
        let less = |kept: usize| Some(kept - kept.min(bytes));
        let kept = self.0.kept.fetch_update(SeqCst, SeqCst, less).unwrap_or(0);
        self.release(kept.min(bytes));
    }

    /// Counts `bytes` until they are released, for an owner that keeps the number itself. A [`Charge`] does
    /// both, and holds the call for it.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub fn take(&self, bytes: usize) -> Result<(), Error> {
        let Call { budget, used, .. } = &*self.0;
        // Before the process is asked: a call that is too large by itself fails for good, and as `Busy`
        // it would be retried for ever.
        if add(used, bytes, budget.call_bytes().as_usize()).is_none() {
            return Err(over_call(budget.call_bytes()));
        }
        let reserved = self.take_credit(bytes);
        // Undone, so that a refused charge counts nothing: the caller still holds what it held.
        budget.grow(bytes - reserved).inspect_err(|_| {
            self.0.credit.fetch_add(reserved, SeqCst);
            used.fetch_sub(bytes, SeqCst);
        })
    }

    /// Releases `bytes` of what [`CallMemory::take`] counted.
    pub fn release(&self, bytes: usize) {
        if bytes != 0 {
            self.0.used.fetch_sub(bytes, SeqCst);
            self.0.budget.release(bytes - self.refill_credit(bytes));
        }
    }

    /// Takes up to `bytes` out of the reserve, and returns how many.
    fn take_credit(&self, bytes: usize) -> usize {
        let credit = &self.0.credit;
        // Most charges of a large call find none.
        if credit.load(SeqCst) == 0 {
            return 0;
        }
        let less = |left: usize| Some(left - left.min(bytes));
        credit.fetch_update(SeqCst, SeqCst, less).unwrap_or(0).min(bytes)
    }

    /// Puts up to `bytes` back into the reserve, and returns how many. The reserve is filled before
    /// bytes go back to the process: otherwise a call could lose the memory that it was admitted with
    /// to another, and fail halfway.
    fn refill_credit(&self, bytes: usize) -> usize {
        let Call { reserve, credit, .. } = &*self.0;
        let missing = |left: usize| (*reserve - left).min(bytes);
        if missing(credit.load(SeqCst)) == 0 {
            return 0;
        }
        let more = |left: usize| Some(left + missing(left));
        credit.fetch_update(SeqCst, SeqCst, more).map_or(0, missing)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Each charge holds the call, so only kept bytes and the reserve are left.
        let kept = *self.kept.get_mut();
        let refilled = kept.min(self.reserve - *self.credit.get_mut());
        self.budget.release(kept - refilled + self.reserve);
    }
}

impl Charge {
    /// Counts `bytes` more.
    ///
    /// # Errors
    /// As [`CallMemory::charge`]; then the charge is what it was.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes != 0 {
            self.call.take(bytes)?;
            self.bytes += bytes;
        }
        Ok(())
    }

    /// Releases `bytes`, at most all.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.call.release(bytes);
    }

    /// Counts exactly `bytes` from now on.
    ///
    /// # Errors
    /// As [`CallMemory::charge`]; then the charge is what it was.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Error> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.grow(more),
            None => {
                self.shrink(self.bytes - bytes);
                Ok(())
            }
        }
    }

    /// Leaves the bytes counted until the call is over, or until [`CallMemory::release_kept`].
    pub fn keep(mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.call.0.kept.fetch_add(bytes, SeqCst);
    }

    /// Returns how many bytes are counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.call.release(self.bytes);
    }
}

fn over_call(limit: ByteSize) -> Error {
    let text =
        format!("the call needs more than {limit} of memory: split the batch, or raise the limit");
    let error = Error::new(ErrorKind::LimitExceeded(Limit::CallBytes), text);
    error.with_remedies(&[Remedy::CallBytes])
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
