//! Payloads that these stages have encrypted already, which encoding may leave as they are.
//!
//! They come back when a history is reset, when a worker passes on what it got, and when two hosts with
//! the same keys follow each other.

use cloakroom_core::{Context, Direction, Error, Purpose};

use crate::{
    Pipeline,
    item::{self, CountedPayload},
    stage::opening,
};

impl Pipeline {
    /// Returns whether the stages open a payload, and one that encrypts is among them. Only whoever has
    /// the key can have written it. Failures are not counted: this is a question.
    ///
    /// # Errors
    /// Those that may go away: while a key is out of reach it is unknown whose the payload is, and
    /// encrypting it again would change what readers get.
    pub(crate) async fn is_own(
        &self,
        ctx: &Context,
        payload: &CountedPayload,
    ) -> Result<bool, Error> {
        let (slot, memory) = (payload.slot, item::memory(ctx));
        // Nearly every payload carries no encoding of a stage, and costs nothing here.
        if !self.stages.iter().any(|stage| stage.owns(&payload.payload)) {
            return Ok(false);
        }
        let mut opened = CountedPayload::received(slot, &memory, payload.payload.clone());
        let mut was_encrypted = false;
        for stage in self.stages.iter().rev() {
            if !stage.owns(&opened.payload) {
                // Decoding would refuse a payload that a required stage has not encrypted.
                if stage.is_required_to_encode() {
                    return Ok(false);
                }
                continue;
            }
            let at_stage = |error: Error| error.at_stage(stage.name(), Direction::Encode, slot);
            let (before, payload) = opened.take();
            let ctx = &opening(ctx, &payload);
            let decoded = stage.call(async { stage.codec.decode(ctx, payload).await }).await;
            let payload = match decoded {
                Ok(payload) if payload.encoded_len() <= self.largest_payload.as_usize() => payload,
                Err(error) if error.kind().is_transient() => return Err(at_stage(error)),
                _ => return Ok(false),
            };
            was_encrypted |= stage.purpose() == Purpose::Encryption;
            opened.put(before, payload).map_err(at_stage)?;
        }
        Ok(was_encrypted)
    }
}
