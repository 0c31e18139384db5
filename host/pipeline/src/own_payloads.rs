//! Payloads that these stages have encrypted already, which encoding may leave as they are.
//!
//! They come back when a history is reset, when a worker passes on what it got, and when two hosts with
//! the same keys follow each other.

use cloakroom_core::{Context, Error};

use crate::{
    Pipeline,
    item::{self, CountedPayload},
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
        let payload = CountedPayload::received(slot, &memory, payload.payload.clone());
        let opened = self.try_open(ctx, payload).await?;
        Ok(opened.is_some_and(|opened| opened.was_encrypted))
    }
}
