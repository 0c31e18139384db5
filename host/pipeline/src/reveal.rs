//! References of a batch: found, and decoded where codecs have encoded them.

use cloakroom_core::{Context, Direction, Error, ErrorKind, Payload};

use crate::{
    Pipeline,
    fetch::Standing,
    reference::{self, Kind},
};

impl Pipeline {
    /// Returns the references of a batch. References that codecs have encoded
    /// are decoded in their places.
    ///
    /// # Errors
    /// If a reference cannot be read or decoded.
    pub(crate) async fn reveal(
        &self,
        ctx: &Context,
        batch: &mut [Payload],
    ) -> Result<Vec<Standing>, Error> {
        let mut references = Vec::new();
        for (slot, payload) in batch.iter_mut().enumerate() {
            match Kind::of(payload) {
                Kind::Reference => {}
                Kind::Marked => *payload = self.unmark(ctx, slot, payload.clone()).await?,
                Kind::Ordinary => continue,
            }
            let standing = Standing::read(slot, payload);
            let place = |error: Error| error.at_stage("storage", Direction::Decode, slot);
            references.push(standing.map_err(place)?);
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
        payload: Payload,
    ) -> Result<Payload, Error> {
        let (encoded, sizes) = reference::unmark(payload);
        let undecodable = |cause: Option<Error>| {
            let text = "[TMPRL1106] a reference to a stored payload is encoded, and cannot be \
                        decoded here: are these the stages and keys that encoded it?";
            let error = Error::new(ErrorKind::Unresolved, text);
            let error = error.at_stage("storage", Direction::Decode, slot);
            match cause {
                Some(cause) => error.because(cause),
                None => error,
            }
        };
        let decoded = self.decode_one(ctx, slot, encoded).await;
        let mut decoded = decoded.map_err(|error| undecodable(Some(error)))?;
        decoded.external_sizes = sizes;
        match Kind::of(&decoded) {
            Kind::Reference => Ok(decoded),
            _ => Err(undecodable(None)),
        }
    }
}
