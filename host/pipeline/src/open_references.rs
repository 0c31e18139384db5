//! References of a batch: found, and decoded where codecs have encoded them.

use cloakroom_core::{Context, Direction, Error, ErrorKind};

use crate::{
    Pipeline,
    item::{self, CountedPayload},
    offload::reference::{self, Kind},
    offload::retrieve::PendingReference,
};

/// References that are read in one go. Each takes up to some hundred microseconds.
const TURN: usize = 16;

impl Pipeline {
    /// Returns the references of a batch. References that codecs have encoded
    /// are decoded in their places.
    ///
    /// # Errors
    /// If a reference cannot be read or decoded.
    pub(crate) async fn reveal(
        &self,
        ctx: &Context,
        batch: &mut [CountedPayload],
    ) -> Result<Vec<PendingReference>, Error> {
        let (mut references, memory) = (Vec::new(), item::memory(ctx));
        for (slot, held) in batch.iter_mut().enumerate() {
            match Kind::of(&held.payload) {
                Kind::Reference => {}
                Kind::Marked => {
                    let marked = CountedPayload::callers(&memory, held.payload.clone());
                    *held = self.unmark(ctx, slot, marked).await?;
                }
                Kind::Ordinary => continue,
            }
            let pending = PendingReference::read(slot, &held.payload);
            let place = |error: Error| error.at_stage("storage", Direction::Decode, slot);
            references.push(pending.map_err(place)?);
            if references.len().is_multiple_of(TURN) {
                // Others have their turn on this thread.
                tokio::task::yield_now().await;
            }
        }
        Ok(references)
    }

    /// Decodes a reference that codecs have encoded.
    ///
    /// # Errors
    /// `Unresolved` if the stages do not decode it to a reference.
    pub(crate) async fn unmark(
        &self,
        ctx: &Context,
        slot: usize,
        marked: CountedPayload,
    ) -> Result<CountedPayload, Error> {
        let CountedPayload { payload, charge } = marked;
        let (payload, sizes) = reference::unmark(payload);
        let undecodable = |cause: Option<Error>| {
            let text = "[TMPRL1106] a reference to a stored payload is encoded, and cannot be \
                        decoded here: are these the stages and keys that encoded it?";
            let error = Error::new(ErrorKind::Unresolved, text);
            let error = error.at_stage("storage", Direction::Decode, slot);
            match cause {
                Some(cause) => error.with_source(cause),
                None => error,
            }
        };
        let decoded = self.decode_one(ctx, slot, CountedPayload { payload, charge }).await;
        let mut decoded = decoded.map_err(|error| undecodable(Some(error)))?;
        decoded.payload.external_sizes = sizes;
        match Kind::of(&decoded.payload) {
            Kind::Reference => Ok(decoded),
            _ => Err(undecodable(None)),
        }
    }
}
