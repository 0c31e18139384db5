//! Payloads of a call, counted while the host holds them.

use std::sync::Arc;

use cloakroom_core::{ByteSize, CallMemory, Charge, Context, Error, MemoryBudget, Payload};

/// A payload, and what is counted for it.
pub(crate) struct CountedPayload {
    pub(crate) payload: Payload,
    pub(crate) charge: PayloadCharge,
}

/// Bytes that are counted for a payload.
pub(crate) struct PayloadCharge {
    charge: Charge,
    body: BodyOwner,
}

/// Owner of the charge of a payload's body.
enum BodyOwner {
    /// Nobody: it is the caller's, who passed it in and may hold it still.
    Callers,
    /// The charge of the payload.
    Own,
    /// The object that it was read from, which equal references share.
    Object(Arc<Charge>),
}

/// Where a body lies, to tell whether a codec gave back the one that it got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyAddress(usize, usize);

impl BodyAddress {
    pub(crate) fn of(payload: &Payload) -> Self {
        Self(payload.data.as_ptr() as usize, payload.data.len())
    }
}

impl CountedPayload {
    /// A payload of the caller's.
    pub(crate) fn callers(memory: &CallMemory, payload: Payload) -> Self {
        Self {
            payload,
            charge: PayloadCharge { charge: memory.nothing(), body: BodyOwner::Callers },
        }
    }

    /// A payload that the host made.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn own(memory: &CallMemory, payload: Payload) -> Result<Self, Error> {
        let charge = memory.charge(payload.footprint())?;
        Ok(Self { payload, charge: PayloadCharge { charge, body: BodyOwner::Own } })
    }

    /// A payload that was read from an object, which is counted already.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn fetched(
        memory: &CallMemory,
        payload: Payload,
        object: Arc<Charge>,
    ) -> Result<Self, Error> {
        let charge = memory.charge(payload.footprint_around())?;
        Ok(Self { payload, charge: PayloadCharge { charge, body: BodyOwner::Object(object) } })
    }
}

impl PayloadCharge {
    /// Counts what a codec made of the payload whose body was at `before`.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn update(&mut self, before: BodyAddress, payload: &Payload) -> Result<(), Error> {
        if BodyAddress::of(payload) != before {
            self.body = BodyOwner::Own;
        }
        self.charge.resize(match self.body {
            BodyOwner::Own => payload.footprint(),
            BodyOwner::Callers | BodyOwner::Object(_) => payload.footprint_around(),
        })
    }

    /// Leaves all of it counted until the call is over.
    pub(crate) fn keep(self) {
        self.charge.keep();
        if let BodyOwner::Object(object) = self.body
            && let Some(object) = Arc::into_inner(object)
        {
            object.keep();
        }
    }
}

/// Returns the memory that counts a call. Whoever calls without one is bounded by nothing.
pub(crate) fn memory(ctx: &Context) -> CallMemory {
    ctx.memory().cloned().unwrap_or_else(unbounded)
}

/// Returns the memory of a call that is bounded by nothing.
pub(crate) fn unbounded() -> CallMemory {
    let most = ByteSize::bytes(u64::MAX);
    MemoryBudget::new(most, most).call()
}
