//! Items: the payloads of a call, classified once when the call begins, with their memory accounting.
//!
//! The body of a payload that the caller passed in is the caller's, who may hold it anyway. Everything
//! that the host makes of it is counted from the moment it exists until the call drops it.

use std::sync::Arc;

use cloakroom_core::{
    ByteSize, CallMemory, Charge, Context, Error, MemoryBudget, Metadata, Payload,
};

use crate::{
    envelopes::Close,
    reference::{PayloadKind, Reference, ReferenceFormat},
};

/// Payload of a call, by what the pipeline does with it.
pub(crate) enum Item {
    /// Goes through the stages, and is stored if it is large.
    Plain(CountedPayload),
    /// Looks like a reference in the clear. Its contents are known once they were read.
    Reference(CountedPayload, Option<Box<Reference>>),
    /// Looks like a reference that stages have encoded.
    EncodedReference(CountedPayload),
    /// Is an envelope of the workflow engine, which no stage may touch. Its inner payloads are the
    /// items behind it.
    SystemEnvelope(SystemEnvelope),
}

/// Envelope of the workflow engine.
pub(crate) enum SystemEnvelope {
    /// Its inner payloads are the next `inner` items, and `close` puts them back.
    Open { slot: usize, inner: usize, close: Close },
    /// It could not be opened, and passes as it is.
    Closed(Payload),
}

impl Item {
    /// Classifies a payload. Nothing is a reference in a pipeline without a format of references.
    pub(crate) fn parse(format: Option<&dyn ReferenceFormat>, payload: CountedPayload) -> Self {
        // By metadata alone. Anybody can write that, so whoever acts on the kind checks the
        // contents.
        let kind = format.map_or(PayloadKind::Plain, |format| format.classify(&payload.payload));
        match kind {
            PayloadKind::Plain => Self::Plain(payload),
            PayloadKind::Reference => Self::Reference(payload, None),
            PayloadKind::EncodedReference => Self::EncodedReference(payload),
        }
    }

    /// Takes the item out of a batch that is worked on in its place.
    pub(crate) fn take(&mut self) -> Self {
        let nothing = SystemEnvelope::Closed(Payload::default());
        std::mem::replace(self, Self::SystemEnvelope(nothing))
    }

    /// Returns the payload, or `None` for an envelope, whose payloads the pipeline takes from it.
    pub(crate) fn payload(&self) -> Option<&CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }

    /// Returns the payload to change it.
    pub(crate) fn payload_mut(&mut self) -> Option<&mut CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }

    /// Returns the payload, unless it is an envelope.
    pub(crate) fn into_payload(self) -> Option<CountedPayload> {
        match self {
            Self::Plain(payload) | Self::Reference(payload, _) => Some(payload),
            Self::EncodedReference(payload) => Some(payload),
            Self::SystemEnvelope(_) => None,
        }
    }
}

/// Payload with the memory that is counted for it.
pub(crate) struct CountedPayload {
    /// Place in the caller's batch, which errors name. Payloads of one envelope share it.
    pub(crate) slot: usize,
    pub(crate) payload: Payload,
    /// Metadata before the stages. Kept only if a rule asks for it.
    pub(crate) original: Option<Box<OriginalMetadata>>,
    charge: Charge,
    body: BodyOwner,
}

/// Copy of a payload's metadata.
pub(crate) struct OriginalMetadata {
    pub(crate) metadata: Metadata,
    _charge: Charge,
}

/// Owner of the memory of a body.
enum BodyOwner {
    /// The caller, who passed it in and may hold it still. It is not counted.
    Caller,
    /// This payload.
    Payload,
    /// The object that it was read from, which equal references share.
    Object(Arc<Charge>),
}

/// Address of a body. A codec that returns the body that it got has made no copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyAddress(usize, usize);

impl BodyAddress {
    fn of_payload(payload: &Payload) -> Self {
        Self(payload.data.as_ptr() as usize, payload.data.len())
    }
}

impl CountedPayload {
    /// Returns a payload that the caller passed in.
    pub(crate) fn received(slot: usize, memory: &CallMemory, payload: Payload) -> Self {
        let (charge, body) = (memory.nothing(), BodyOwner::Caller);
        Self { slot, payload, original: None, charge, body }
    }

    /// Returns a payload that the host made.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn made(slot: usize, memory: &CallMemory, payload: Payload) -> Result<Self, Error> {
        let charge = memory.charge(payload.footprint())?;
        Ok(Self { slot, payload, original: None, charge, body: BodyOwner::Payload })
    }

    /// Returns a payload that was read from an object, which is counted already.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn retrieved(
        slot: usize,
        memory: &CallMemory,
        payload: Payload,
        object: Arc<Charge>,
    ) -> Result<Self, Error> {
        let charge = memory.charge(payload.footprint_around())?;
        Ok(Self { slot, payload, original: None, charge, body: BodyOwner::Object(object) })
    }

    /// Copies the metadata, for rules that look at it after the stages.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn keep_metadata(&mut self, memory: &CallMemory) -> Result<(), Error> {
        let _charge = memory.charge(self.payload.footprint_around())?;
        let metadata = self.payload.metadata.clone();
        self.original = Some(Box::new(OriginalMetadata { metadata, _charge }));
        Ok(())
    }

    /// Takes the payload out for a codec, and notes where its body lies.
    pub(crate) fn take(&mut self) -> (BodyAddress, Payload) {
        (BodyAddress::of_payload(&self.payload), std::mem::take(&mut self.payload))
    }

    /// Puts in what a codec made of the payload whose body was at `before`, and counts it. The new
    /// payload is counted only now: its maker counted it while it was made.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn put(&mut self, before: BodyAddress, payload: Payload) -> Result<(), Error> {
        self.payload = payload;
        self.recount(before)
    }

    /// Returns where the body lies, before a codec works on the payload in its place.
    pub(crate) fn body_address(&self) -> BodyAddress {
        BodyAddress::of_payload(&self.payload)
    }

    /// Counts the payload again, after a codec may have changed it. Its body was at `before`.
    ///
    /// # Errors
    /// As [`CallMemory::charge`].
    pub(crate) fn recount(&mut self, before: BodyAddress) -> Result<(), Error> {
        let payload = &self.payload;
        if BodyAddress::of_payload(payload) != before {
            self.body = BodyOwner::Payload;
        }
        self.charge.resize(match self.body {
            BodyOwner::Payload => payload.footprint(),
            BodyOwner::Caller | BodyOwner::Object(_) => payload.footprint_around(),
        })
    }

    /// Returns the payload. With `keep_counted` its memory stays counted until the call is over.
    pub(crate) fn release(self, keep_counted: bool) -> Payload {
        if keep_counted {
            self.charge.keep();
            // The last of equal references keeps the object counted.
            if let BodyOwner::Object(object) = self.body
                && let Some(object) = Arc::into_inner(object)
            {
                object.keep();
            }
        }
        self.payload
    }
}

/// Returns the memory that counts a call. A call without one has no limit.
pub(crate) fn memory(ctx: &Context) -> CallMemory {
    ctx.memory().cloned().unwrap_or_else(unlimited_memory)
}

/// Returns the memory of a call without a limit.
pub(crate) fn unlimited_memory() -> CallMemory {
    let unlimited = ByteSize::bytes(u64::MAX);
    MemoryBudget::new(unlimited, unlimited).call()
}
