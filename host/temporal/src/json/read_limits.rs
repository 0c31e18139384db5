//! Limits of the payloads that are parsed from JSON.

use std::cell::RefCell;

use cloakroom_core::{
    ByteSize, CallMemory, Charge, Error, ErrorKind, Limit, MemoryBudget, Payload, Remedy,
};

use super::base64_text;

/// Limits of the payloads that are parsed from a text.
///
/// Everything is charged before it is allocated: a text of 16 MiB can describe millions of
/// payloads, whose memory is a hundred times that of the text.
pub(super) struct ReadLimits {
    max_payloads: usize,
    pub(super) memory: CallMemory,
    charged: RefCell<Charge>,
    /// Error that ended parsing. serde's errors carry text only.
    error: RefCell<Option<Error>>,
}

impl ReadLimits {
    /// Creates limits for this many payloads in this memory.
    pub(super) fn new(max_payloads: usize, memory: &CallMemory) -> Self {
        let charged = RefCell::new(memory.nothing());
        Self { max_payloads, memory: memory.clone(), charged, error: RefCell::default() }
    }

    /// Creates limits without bounds, for a trusted text.
    pub(super) fn unlimited() -> Self {
        let max = ByteSize::bytes(u64::MAX);
        Self::new(usize::MAX, &MemoryBudget::new(max, max).call())
    }

    /// Returns the charge for all parsed payloads.
    #[cfg(feature = "codec-server")]
    pub(super) fn into_charge(self) -> Charge {
        self.charged.into_inner()
    }

    /// Charges bytes that are about to be allocated.
    pub(super) fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let charged = self.charged.borrow_mut().grow(bytes);
        charged.map_err(|error| self.refuse(error))
    }

    /// Charges a payload that is about to be parsed.
    pub(super) fn charge_payload<E: serde::de::Error>(&self, slot: usize) -> Result<(), E> {
        if slot >= self.max_payloads {
            let text = format!(
                "the request has more than {} payloads: split it, or raise the limit",
                self.max_payloads
            );
            let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
            return Err(self.refuse(error.with_remedies(&[Remedy::MostPayloads])));
        }
        self.charge(Payload::cost_of(0, 0))
    }

    /// Ends parsing with this error.
    pub(super) fn refuse<E: serde::de::Error>(&self, error: Error) -> E {
        self.error.replace(Some(error));
        E::custom("refused")
    }

    /// Decodes base64 of a payload, and charges the result.
    pub(super) fn decode<E: serde::de::Error>(
        &self,
        slot: usize,
        text: &[u8],
    ) -> Result<Vec<u8>, E> {
        self.charge(base64_text::most_decoded(text.len()))?;
        base64_text::decode(text).ok_or_else(|| {
            let text = format!("payload {slot} has a value that is not base64");
            self.refuse(malformed(text))
        })
    }

    /// Returns the error that ended parsing, if a limit did.
    pub(super) fn take_error(&self) -> Option<Error> {
        self.error.take()
    }
}

/// Returns an error of kind `Malformed`.
pub(super) fn malformed(text: String) -> Error {
    Error::new(ErrorKind::Malformed, text)
}
