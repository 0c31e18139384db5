//! References of a batch to decode: read, and decoded first if stages have encoded them.

use cloakroom_core::{Direction, Error, ErrorKind, Payload, Remedy};

use crate::{
    Pipeline,
    admission::Call,
    item::{CountedPayload, Item},
    reference::{PayloadKind, Reference, ReferenceFailure, ReferenceFormat, with_code},
};

/// References that are read without a pause. Each takes up to some hundred microseconds.
const TURN: usize = 16;

impl Pipeline {
    /// Reads the references among the items. Encoded ones are decoded in their places.
    ///
    /// # Errors
    /// If a reference cannot be read or decoded.
    pub(crate) async fn open_references(
        &self,
        call: &Call,
        mut items: Vec<Item>,
    ) -> Result<Vec<Item>, Error> {
        let Some(format) = &self.format else {
            return Ok(items);
        };
        let mut references = 0_usize;
        for item in &mut items {
            if let Item::EncodedReference(encoded) = item {
                // The mark is removed from a copy, whose metadata is counted with what it becomes.
                let copy = encoded.payload.clone();
                let copy = CountedPayload::received(encoded.slot, &call.memory, copy);
                *item = Item::Reference(self.decode_reference(call, &**format, copy).await?, None);
            }
            let Item::Reference(payload, reference) = item else {
                continue;
            };
            *reference = Some(read_reference(&**format, payload.slot, &payload.payload)?.into());
            references += 1;
            if references.is_multiple_of(TURN) {
                // Reading does not wait, so a large batch would hold up the others on this thread.
                tokio::task::yield_now().await;
            }
        }
        Ok(items)
    }

    /// Decodes a reference that stages have encoded.
    ///
    /// # Errors
    /// `Unresolved` if the stages do not decode it to a reference.
    pub(crate) async fn decode_reference(
        &self,
        call: &Call,
        format: &dyn ReferenceFormat,
        mut encoded: CountedPayload,
    ) -> Result<CountedPayload, Error> {
        let slot = encoded.slot;
        let undecodable = || {
            let text = "a reference to a stored payload is encoded, and cannot be decoded here: are \
                        these the stages and keys that encoded it?";
            let text = with_code(format, ReferenceFailure::Undecodable, text);
            Error::new(ErrorKind::Unresolved, text).at_stage("storage", Direction::Decode, slot)
        };
        let (payload, sizes) = format.unmark_encoded(encoded.payload);
        encoded.payload = payload;
        let decoded = self.decode_payload(&call.ctx, &mut encoded).await;
        decoded.map_err(|error| undecodable().with_source(error))?;
        let mut decoded = encoded;
        decoded.payload.external_sizes = sizes;
        match format.classify(&decoded.payload) {
            PayloadKind::Reference => Ok(decoded),
            _ => Err(undecodable()),
        }
    }

    /// Returns the error of a reference where there is no storage.
    pub(crate) fn no_storage(&self) -> Error {
        let text = "the payload is stored elsewhere, and no external storage is configured: add the \
                    driver that stored it";
        let failure = ReferenceFailure::NoDriver;
        let format = self.format.as_deref();
        let text = format.map_or(text.to_owned(), |format| with_code(format, failure, text));
        Error::new(ErrorKind::Unresolved, text).with_remedies(&[Remedy::Storage])
    }
}

fn read_reference(
    format: &dyn ReferenceFormat,
    slot: usize,
    payload: &Payload,
) -> Result<Reference, Error> {
    let read = format.read(payload);
    read.map_err(|error| error.at_stage("storage", Direction::Decode, slot))
}
