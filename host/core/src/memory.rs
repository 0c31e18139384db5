//! Memory budget of the process: the bytes that the host may hold for all calls together.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use crate::{ByteSize, Error, ErrorKind, Line, Remedy};

/// Bytes that a call reserves when it is admitted: enough for a small payload and its answer, so
/// that small calls succeed however much memory large ones hold.
const RESERVE: ByteSize = ByteSize::kib(64);

/// One part in `SPARED` of the process is kept for calls that begin, unless one call may have all.
const SPARED: usize = 8;

/// Limits of the bytes that the host holds, for one call and for all calls together. Cheap to clone.
#[derive(Clone)]
pub struct MemoryBudget(Arc<Budget>);

struct Budget {
    call: ByteSize,
    process: ByteSize,
    /// Bytes that all calls may hold when one grows beyond its reserve. The rest is kept for calls
    /// that begin, and for instances: without it, a few large calls would lock out all small ones.
    growth: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    admissions: Line<()>,
}

impl MemoryBudget {
    /// Returns a budget of `call` bytes for one call and `process` bytes for all calls together.
    #[must_use]
    pub fn new(call: ByteSize, process: ByteSize) -> Self {
        let (reserve, all) = (RESERVE.as_usize(), process.as_usize());
        // In whole reserves: the rest of one would be kept free and admit nobody.
        let spared = all / SPARED / reserve * reserve;
        Self(Arc::new(Budget {
            call,
            process,
            // A call may grow to its own limit, also in a budget that has nothing to spare then.
            growth: call.as_usize().max(all - spared).min(all),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            admissions: Line::default(),
        }))
    }

    /// Waits until the reserve of a call is free, first come, first served, and takes it. Returns its
    /// bytes.
    pub(crate) async fn reserve(&self) -> usize {
        let reserve = RESERVE.min(self.0.call).min(self.0.process).as_usize();
        self.0.admissions.pass(&(), 0, || self.take(reserve).ok()).await;
        reserve
    }

    /// Returns how many calls wait for their reserve.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.admissions.waiting()
    }

    /// Returns how many bytes all calls hold now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(SeqCst)
    }

    /// Returns the most bytes that all calls have held at once, ever.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.0.peak.load(SeqCst)
    }

    /// Returns how many bytes one call may hold.
    #[must_use]
    pub fn call_bytes(&self) -> ByteSize {
        self.0.call
    }

    /// Returns how many bytes all calls may hold together.
    #[must_use]
    pub fn process_bytes(&self) -> ByteSize {
        self.0.process
    }

    /// Counts `bytes` of the process.
    ///
    /// # Errors
    /// `Busy` if all calls would hold more than the process may; then nothing is counted.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Error> {
        self.take_within(bytes, self.0.process.as_usize())
    }

    /// Counts `bytes` by which a call grows beyond its reserve.
    ///
    /// # Errors
    /// `Busy` if all calls would hold more than seven eighths of what the process may, or more than
    /// one call may if that is more; then nothing is counted.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), Error> {
        self.take_within(bytes, self.0.growth)
    }

    fn take_within(&self, bytes: usize, limit: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        let Budget { process, used, peak, .. } = &*self.0;
        let Some(sum) = add(used, bytes, limit) else {
            return Err(over_process(*process));
        };
        // Read first: the peak rarely moves, and a write for each charge would have all threads
        // contend for it.
        if sum > peak.load(SeqCst) {
            peak.fetch_max(sum, SeqCst);
        }
        Ok(())
    }

    pub(crate) fn release(&self, bytes: usize) {
        if bytes != 0 {
            self.0.used.fetch_sub(bytes, SeqCst);
            // Only calls that begin wait for memory. One that grows fails instead, and needs no waking.
            self.0.admissions.wake();
        }
    }
}

/// Adds `bytes` to `counter` unless it would exceed `limit`. Returns the sum if it was added.
pub(crate) fn add(counter: &AtomicUsize, bytes: usize, limit: usize) -> Option<usize> {
    let sum = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
    let before = counter.fetch_update(SeqCst, SeqCst, sum).ok()?;
    before.checked_add(bytes)
}

fn over_process(limit: ByteSize) -> Error {
    let text = format!(
        "all calls together need more than {limit} of memory: try again later, or raise the limit"
    );
    Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::ProcessBytes])
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

#[cfg(test)]
mod tests;
