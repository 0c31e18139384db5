//! Pipeline: codec stages in written order, then storage of large payloads.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{ByteSize, MemoryBudget, Purpose, Remedy};

use crate::{
    envelopes::Envelopes,
    namespaces::Namespaces,
    offload::{last_calls::DriverState, room::Room, storage::Storage},
    reference::ReferenceFormat,
    stage::Stage,
};

/// Codec stages in written order, and storage for large payloads. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) stages: Arc<[Stage]>,
    /// Payloads of one call that are worked on at once.
    pub(crate) permits: usize,
    pub(crate) largest_payload: ByteSize,
    /// Payloads that one call may have.
    pub(crate) most_payloads: usize,
    pub(crate) memory: MemoryBudget,
    /// Time that a call waits for memory before it begins.
    pub(crate) wait: Duration,
    /// Entries that one payload may have.
    pub(crate) entries: usize,
    pub(crate) format: Option<Arc<dyn ReferenceFormat>>,
    pub(crate) storage: Option<Arc<Storage>>,
    pub(crate) envelopes: Option<Arc<dyn Envelopes>>,
    pub(crate) namespaces: Namespaces,
    pub(crate) remedy_name: Option<fn(Remedy) -> &'static str>,
    pub(crate) quiet: bool,
    /// True if encoding leaves payloads alone that these stages have encrypted.
    pub(crate) keeps_own: bool,
    /// Room for the results of one call.
    pub(crate) room: Option<Room>,
}

impl Pipeline {
    /// Returns the stages, in written order.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Returns the size from which payloads are stored; none if there is no storage.
    #[must_use]
    pub fn threshold(&self) -> Option<ByteSize> {
        self.storage.as_ref().map(|storage| storage.threshold)
    }

    /// Returns the size from which payloads of calls in a namespace are stored; none if none is.
    #[must_use]
    pub fn threshold_in(&self, namespace: &str) -> Option<ByteSize> {
        let storage = self.storage.as_ref()?;
        match storage.namespaces.get(namespace) {
            Some(own) if own.stores_nothing() => None,
            Some(own) => Some(own.threshold.unwrap_or(storage.threshold)),
            None => Some(storage.threshold),
        }
    }

    /// Returns whether what is encoded in one namespace may not be opened in another: a stage encrypts,
    /// or the proofs of claims cover the namespace.
    #[must_use]
    pub fn binds_namespaces(&self) -> bool {
        let encrypts = |stage: &Stage| stage.purpose() == Purpose::Encryption;
        let proofs = self.storage.as_ref().and_then(|storage| storage.proofs.as_ref());
        self.stages.iter().any(encrypts) || proofs.is_some_and(|proofs| proofs.binds_namespace)
    }

    /// Returns how the last call of each driver ended, by name. It asks no store.
    #[must_use]
    pub fn driver_states(&self) -> Vec<DriverState> {
        self.storage.as_ref().map(|storage| storage.last_calls.states()).unwrap_or_default()
    }

    /// Returns the memory budget that counts the calls.
    #[must_use]
    pub fn memory(&self) -> &MemoryBudget {
        &self.memory
    }

    /// Returns how many payloads one call may have.
    #[must_use]
    pub fn max_payloads(&self) -> usize {
        self.most_payloads
    }

    /// Returns the pipeline, which now opens these envelopes.
    #[must_use]
    pub fn with_envelopes(mut self, envelopes: Arc<dyn Envelopes>) -> Self {
        self.envelopes = Some(envelopes);
        self
    }

    /// Returns the pipeline, which now leaves a payload as it is if a stage that encrypts opens it: for
    /// a caller that may be handed payloads that were encoded before.
    ///
    /// A label is no proof. A payload that only claims an encoding is encoded like any other.
    #[must_use]
    pub fn keeping_own(mut self) -> Self {
        self.keeps_own = true;
        self
    }

    /// Returns the pipeline, which now also stores payloads below the threshold, largest first, until
    /// the results of a call fit: for a caller that sends them in one message. Results that still have
    /// more are returned all the same.
    #[must_use]
    pub fn fitting(mut self, room: Room) -> Self {
        self.room = Some(room);
        self
    }

    /// Returns the pipeline, which now logs failed calls at DEBUG instead of WARN: for a caller that
    /// logs each failure itself, with what it knows of the request.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stages)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
