//! Use of one instance: memory over its life; output, log and bytes that the host holds over a
//! call.

use std::{pin::Pin, sync::Arc};

use cloakroom_core::{Limit, MemoryBudget, ProcessCharge};
use wasmtime::ResourceLimiterAsync;

use crate::{
    Limits,
    compute::{Clock, long_work},
    instance::{
        fault::Fault,
        held_memory::{Count, Held},
        state::Call,
    },
};

/// Elements of all tables of one instance. Tables are host memory too.
const TABLE_ELEMENTS: usize = 100_000;

/// Memory of one element of a table.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Counts against limits.
pub(crate) struct Meter {
    memory: usize,
    memory_most: usize,
    table: usize,
    output: usize,
    output_most: usize,
    log: usize,
    log_most: usize,
    clock: Arc<Clock>,
    held: Held,
    held_most: usize,
    /// Count of the last import's results, which the guest has copied by its next import.
    passing: Option<Count>,
    /// Memory and tables, which outlive the call if the instance is kept warm, and so are charged
    /// to the process and to no call.
    instance: ProcessCharge,
}

impl Meter {
    pub(crate) fn new(limits: &Limits, budget: &MemoryBudget, call: &Call) -> Self {
        let held_most = limits.held.as_usize();
        Self {
            memory: 0,
            memory_most: limits.memory.as_usize(),
            table: 0,
            output: 0,
            output_most: limits.output.as_usize(),
            log: 0,
            log_most: limits.log.as_usize(),
            clock: call.clock.clone(),
            held: held(held_most, call),
            held_most,
            passing: None,
            instance: ProcessCharge::new(budget.clone()),
        }
    }

    pub(crate) fn begin_call(&mut self, call: &Call) {
        self.output = 0;
        self.log = 0;
        self.clock = call.clock.clone();
        self.held = held(self.held_most, call);
    }

    /// Ends the call, of which nothing is held any more.
    pub(crate) fn end_call(&mut self) {
        self.passing = None;
    }

    /// Returns what counts the memory that the host holds for the call.
    pub(crate) fn held(&mut self) -> &Held {
        self.passing = None;
        &self.held
    }

    /// Counts bytes that the host is about to allocate for the guest, until what they are for is
    /// freed.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<Count, Fault> {
        self.held().count(bytes)
    }

    /// Counts bytes that the host is about to hand over, until the guest's next import.
    pub(crate) fn pass(&mut self, bytes: usize) -> Result<(), Fault> {
        self.passing = Some(self.hold(bytes)?);
        Ok(())
    }

    /// Returns what the instance has charged the process for.
    pub(crate) fn charged(&self) -> usize {
        self.instance.bytes()
    }

    /// Returns what the call may still produce.
    pub(crate) fn output_left(&self) -> usize {
        self.output_most.saturating_sub(self.output)
    }

    /// Linear memory of the instance, which never shrinks.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Counts bytes that the guest has the host make, over the call.
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

impl Meter {
    fn charge(&mut self, growth: usize) -> Result<(), Fault> {
        self.instance.grow(growth).map_err(|error| Fault::Refused(Some(error)))
    }

    fn grow_memory(&mut self, growth: usize) -> Result<(), Fault> {
        let memory = self.memory.saturating_add(growth);
        if memory > self.memory_most {
            return Err(Fault::Limit(Limit::Memory));
        }
        self.charge(growth)?;
        self.memory = memory;
        Ok(())
    }

    fn grow_table(&mut self, growth: usize) -> Result<(), Fault> {
        self.table = self.table.saturating_add(growth);
        if self.table > TABLE_ELEMENTS {
            return Err(Fault::Limit(Limit::Memory));
        }
        self.charge(growth * TABLE_ELEMENT)
    }
}

fn held(most: usize, call: &Call) -> Held {
    Held::new(most, call.input, call.ctx.memory().cloned())
}

/// Future of a decision on growth.
type Answer<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<bool>> + Send + 'a>>;

/// Asynchronous, so that a guest with much memory can leave the task of its caller. As
/// `async_trait` has it.
impl ResourceLimiterAsync for Meter {
    /// A refusal ends the call, rather than have the guest's allocator find out and abort.
    fn memory_growing<'meter, 'answer>(
        &'meter mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Answer<'answer>
    where
        'meter: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.grow_memory(desired.saturating_sub(current))?;
            long_work::begin_lists(self.memory, &self.clock).await;
            Ok(true)
        })
    }

    fn table_growing<'meter, 'answer>(
        &'meter mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Answer<'answer>
    where
        'meter: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.grow_table(desired.saturating_sub(current))?;
            Ok(true)
        })
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
