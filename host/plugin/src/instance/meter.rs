//! Use of resources by one instance: linear memory over its life; output, log and held memory over one
//! call.

use std::{pin::Pin, sync::Arc};

use cloakroom_core::{Limit, MemoryBudget, ProcessCharge};
use wasmtime::ResourceLimiterAsync;

use super::{
    call::Call,
    fault::Fault,
    held_memory::{HeldMemory, Reservation, SharedReservation},
};
use crate::{
    compute::{clock::Clock, large_work},
    limits::Limits,
};

/// Most elements of all tables of one instance. Tables are host memory too.
const TABLE_ELEMENTS: usize = 100_000;

/// Bytes of one element of a table.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Bytes that are reserved for small pieces of a call, and for small results of its imports. Each call has a
/// few of them, and to count a piece costs more than to make it.
const SMALL_PIECES: usize = 4 << 10;

/// Most bytes of a small piece.
const SMALL_PIECE: usize = SMALL_PIECES / 2;

/// Use of resources by one instance, and its limits.
pub(crate) struct Meter {
    memory: usize,
    memory_limit: usize,
    table_elements: usize,
    output: usize,
    output_limit: usize,
    log: usize,
    log_limit: usize,
    clock: Arc<Clock>,
    held: HeldMemory,
    small: SmallPieces,
    /// Reservation of the results of the last import, if they are large. The guest has copied them by its next
    /// import.
    in_transit: Option<Reservation>,
    /// Charge for memory and tables. They outlive the call if the instance is kept warm, so they are
    /// charged to the process and to no call.
    instance: ProcessCharge,
}

/// Reservation that small pieces of a call share, and what is left of it. All of it stays counted until the
/// last of them is dropped.
#[derive(Default)]
struct SmallPieces {
    reservation: SharedReservation,
    left: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits, budget: &MemoryBudget, call: &Call) -> Self {
        let held = HeldMemory::new(limits.held.as_usize(), call.input, call.ctx.memory().cloned());
        Self {
            memory: 0,
            memory_limit: limits.memory.as_usize(),
            table_elements: 0,
            output: 0,
            output_limit: limits.output.as_usize(),
            log: 0,
            log_limit: limits.log.as_usize(),
            clock: call.clock.clone(),
            held,
            small: SmallPieces::default(),
            in_transit: None,
            instance: ProcessCharge::new(budget.clone()),
        }
    }

    /// Begins a call on an instance that is used again.
    pub(crate) fn begin_call(&mut self, call: &Call) {
        self.output = 0;
        self.log = 0;
        self.clock = call.clock.clone();
        self.held.restart(call.input, call.ctx.memory().cloned());
    }

    /// Ends the call: its results are copied. Nothing of it stays counted for an instance that is kept.
    pub(crate) fn end_call(&mut self) {
        self.in_transit = None;
        self.small = SmallPieces::default();
        self.held.restart(0, None);
    }

    /// Returns the memory that the host holds for the call.
    pub(crate) fn held(&mut self) -> &HeldMemory {
        self.in_transit = None;
        &self.held
    }

    /// Reserves bytes that the host is about to allocate for the guest.
    ///
    /// # Errors
    /// As [`HeldMemory::reserve`].
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<Reservation, Fault> {
        self.held().reserve(bytes)
    }

    /// Reserves bytes of a piece that the host is about to allocate for the guest. Small ones share a
    /// reservation.
    ///
    /// # Errors
    /// As [`HeldMemory::reserve`].
    pub(crate) fn reserve_piece(&mut self, bytes: usize) -> Result<SharedReservation, Fault> {
        if !self.has_small_room(bytes) {
            return Ok(self.reserve(bytes)?.into());
        }
        self.small.left -= bytes;
        Ok(self.small.reservation.clone())
    }

    /// Returns whether the room of small pieces has `bytes` left, and makes another room if it has not.
    fn has_small_room(&mut self, bytes: usize) -> bool {
        self.in_transit = None;
        if bytes <= self.small.left {
            return true;
        }
        if bytes > SMALL_PIECE {
            return false;
        }
        // A call that holds nearly all that it may has room for the piece itself, if for no more.
        let Ok(reservation) = self.held.reserve(SMALL_PIECES) else {
            return false;
        };
        self.small = SmallPieces { reservation: reservation.into(), left: SMALL_PIECES };
        true
    }

    /// Reserves bytes of a result that the bindings are about to copy into the guest, until its next
    /// import. A small one leaves the room of small pieces as it is, since it is gone by the next piece.
    ///
    /// # Errors
    /// As [`HeldMemory::reserve`].
    pub(crate) fn reserve_in_transit(&mut self, bytes: usize) -> Result<(), Fault> {
        if !self.has_small_room(bytes) {
            self.in_transit = Some(self.held.reserve(bytes)?);
        }
        Ok(())
    }

    /// Returns the bytes that the instance has charged the process.
    pub(crate) fn charged(&self) -> usize {
        self.instance.bytes()
    }

    /// Returns the bytes that the call may still produce.
    pub(crate) fn output_left(&self) -> usize {
        self.output_limit.saturating_sub(self.output)
    }

    /// Returns the bytes of linear memory of the instance, which never shrinks.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Counts bytes that the guest has the host make.
    ///
    /// # Errors
    /// `Limit(Output)` if the call has made too many.
    pub(crate) fn count_output(&mut self, bytes: usize) -> Result<(), Fault> {
        // Saturating: the guest chooses the number, and a sum that wraps would be within the limit.
        self.output = self.output.saturating_add(bytes);
        if self.output <= self.output_limit { Ok(()) } else { Err(Fault::Limit(Limit::Output)) }
    }

    /// Counts a line that the guest logs. An empty one costs a byte, or a guest could log without end.
    ///
    /// # Errors
    /// `Limit(Log)` if the call has logged too much.
    pub(crate) fn count_log(&mut self, bytes: usize) -> Result<(), Fault> {
        self.log = self.log.saturating_add(bytes).saturating_add(1);
        if self.log <= self.log_limit { Ok(()) } else { Err(Fault::Limit(Limit::Log)) }
    }
}

impl Meter {
    fn charge(&mut self, growth: usize) -> Result<(), Fault> {
        self.instance.grow(growth).map_err(|error| Fault::Refused(Some(error)))
    }

    fn grow_memory(&mut self, growth: usize) -> Result<(), Fault> {
        let memory = self.memory.saturating_add(growth);
        if memory > self.memory_limit {
            return Err(Fault::Limit(Limit::Memory));
        }
        // After the plugin's own limit, which blames the plugin: a process without memory blames nobody.
        self.charge(growth)?;
        self.memory = memory;
        Ok(())
    }

    fn grow_table(&mut self, growth: usize) -> Result<(), Fault> {
        self.table_elements = self.table_elements.saturating_add(growth);
        if self.table_elements > TABLE_ELEMENTS {
            return Err(Fault::Limit(Limit::Memory));
        }
        self.charge(growth * TABLE_ELEMENT)
    }
}

/// Future of a decision on growth, as `async_trait` has it.
type Decision<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<bool>> + Send + 'a>>;

// Asynchronous, so that a guest with much memory can leave the task of its caller.
impl ResourceLimiterAsync for Meter {
    /// Allows or refuses growth. A refusal ends the call: if `memory.grow` returned -1, the guest's
    /// allocator would abort, and the operator would read of a trap and not of the limit.
    fn memory_growing<'meter, 'answer>(
        &'meter mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Decision<'answer>
    where
        'meter: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            self.grow_memory(desired.saturating_sub(current))?;
            large_work::yield_before_lists(self.memory, &self.clock).await;
            Ok(true)
        })
    }

    fn table_growing<'meter, 'answer>(
        &'meter mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Decision<'answer>
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

#[cfg(test)]
mod tests;
