//! What one instance uses: memory over its life, output and log over a call.

use cloakroom_core::Limit;
use wasmtime::ResourceLimiter;

use crate::{Limits, fault::Fault};

/// Elements of all tables of one instance. Tables are host memory too.
const TABLE_ELEMENTS: usize = 100_000;

/// Counts against limits.
pub(crate) struct Meter {
    memory: usize,
    memory_most: usize,
    table: usize,
    output: usize,
    output_most: usize,
    log: usize,
    log_most: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (memory_most, output_most) = (limits.memory.as_usize(), limits.output.as_usize());
        let log_most = limits.log.as_usize();
        Self { memory: 0, memory_most, table: 0, output: 0, output_most, log: 0, log_most }
    }

    pub(crate) fn begin_call(&mut self) {
        self.output = 0;
        self.log = 0;
    }

    /// Linear memory of the instance, which never shrinks.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Counts bytes that the host is about to hold for the guest.
    pub(crate) fn output(&mut self, bytes: usize) -> Result<(), Fault> {
        self.output = self.output.saturating_add(bytes);
        if self.output <= self.output_most { Ok(()) } else { Err(Fault::Limit(Limit::Output)) }
    }

    /// Counts a line of the guest's. An empty one costs too.
    pub(crate) fn log(&mut self, bytes: usize) -> Result<(), Fault> {
        self.log = self.log.saturating_add(bytes).saturating_add(1);
        if self.log <= self.log_most { Ok(()) } else { Err(Fault::Limit(Limit::Log)) }
    }
}

impl ResourceLimiter for Meter {
    /// A refusal ends the call, rather than have the guest's allocator find out and abort.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if self.memory_most < memory {
            return Fault::Limit(Limit::Memory).trap();
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.table = self.table.saturating_add(desired.saturating_sub(current));
        if TABLE_ELEMENTS < self.table {
            return Fault::Limit(Limit::Memory).trap();
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        256
    }

    fn memories(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        64
    }
}
