//! Memory that outlives a call, such as the linear memory of idle instances.

use std::fmt;

use crate::{Error, MemoryBudget};

/// Bytes that only the process counts, and no call, until this is dropped.
pub struct ProcessCharge {
    budget: MemoryBudget,
    bytes: usize,
}

impl ProcessCharge {
    /// Returns a charge of this budget that counts nothing yet.
    #[must_use]
    pub fn new(budget: MemoryBudget) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Counts `bytes` more.
    ///
    /// # Errors
    /// `Busy` if all calls would hold more than the process may; then the charge is what it was.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.budget.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Returns how many bytes are counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for ProcessCharge {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

impl fmt::Debug for ProcessCharge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessCharge").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteSize, ErrorKind};

    #[test]
    fn the_process_is_charged_and_calls_have_what_is_left() {
        let budget = MemoryBudget::new(ByteSize::bytes(6), ByteSize::bytes(10));
        let mut warm = ProcessCharge::new(budget.clone());
        warm.grow(7).unwrap();
        let call = budget.call();
        assert_eq!(call.charge(4).unwrap_err().kind(), ErrorKind::Busy);
        let _held = call.charge(3).unwrap();
        assert_eq!(warm.grow(1).unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!((warm.bytes(), call.used(), budget.used()), (7, 3, 10));
        drop(warm);
        assert_eq!(budget.used(), 3);
    }
}
