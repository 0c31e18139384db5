//! Opening a payload to learn what it is, before it is encoded.

use std::pin::pin;

use cloakroom_core::{Context, Direction, Error, Purpose};

use crate::{Pipeline, item::CountedPayload, stage::opening};

/// A payload as the stages have opened it.
pub(crate) struct Opened {
    pub(crate) payload: CountedPayload,
    /// True if a stage that encrypts has opened it. Only whoever has the key can have written it then.
    pub(crate) was_encrypted: bool,
}

impl Pipeline {
    /// Opens a payload by the stages that own it. Returns nothing if decoding would refuse it.
    ///
    /// Failures are not counted: this is a question, and no decoding that anybody asked for.
    ///
    /// # Errors
    /// Those that may go away, and those of memory: then it is unknown what the payload is, and encoding
    /// it might be wrong.
    pub(crate) async fn try_open(
        &self,
        ctx: &Context,
        mut opened: CountedPayload,
    ) -> Result<Option<Opened>, Error> {
        let slot = opened.slot;
        let mut was_encrypted = false;
        for stage in self.stages.iter().rev() {
            if !stage.owns(&opened.payload) {
                // Decoding would refuse a payload that a required stage has not encoded.
                if stage.is_required_to_encode() {
                    return Ok(None);
                }
                continue;
            }
            let at_stage = |error: Error| error.at_stage(stage.name(), Direction::Encode, slot);
            let (before, payload) = opened.take();
            let ctx = &opening(ctx, &payload);
            let decoded = stage.call(pin!(async { stage.codec.decode(ctx, payload).await })).await;
            let payload = match decoded {
                Ok(payload) if payload.encoded_len() <= self.largest_payload.as_usize() => payload,
                Err(error) if error.kind().is_transient() => return Err(at_stage(error)),
                // No stage of this pipeline wrote it.
                _ => return Ok(None),
            };
            was_encrypted |= stage.purpose() == Purpose::Encryption;
            opened.put(before, payload).map_err(at_stage)?;
        }
        Ok(Some(Opened { payload: opened, was_encrypted }))
    }
}
