//! Decodes the payloads of an answer, as one batch.

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error};

use cloakroom_wire::{MessageType, Scan, splice};

use super::{
    Exchange,
    batch::Batch,
    call::Call,
    failures,
    found::malformed,
    pages::{Manner, has_history},
    replay::Reads,
};

/// A message whose payloads are decoded.
pub(super) struct Decoded {
    pub(super) bytes: Bytes,
    /// Number of payloads.
    pub(super) payloads: usize,
    /// Text of the first failure, as a query's error repeats it.
    pub(super) error_message: Option<String>,
}

impl Exchange {
    /// Decodes the payloads of a message that its receiver reads. Returns it, and how many these are.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(crate) async fn decode_message(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        if has_history(message) {
            let manner = Manner::Together(call.needs());
            // Boxed: all other messages would pay for the size of the future.
            let decoded = Box::pin(self.decode_page(ctx, call, message, &bytes, manner)).await?;
            return Ok((decoded.bytes, decoded.payloads));
        }
        let decoded = self.decode_texts(ctx, message, bytes, call.needs()).await?;
        self.check_answer(ctx, call, decoded.bytes.len())?;
        Ok((decoded.bytes, decoded.payloads))
    }

    /// Decodes each payload of an answer alone, and leaves what cannot be decoded. Returns it, how many
    /// payloads it has, and what failed.
    ///
    /// # Errors
    /// Those of the message as a whole.
    pub(super) async fn decode_for_reader(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        bytes: &Bytes,
    ) -> Result<(Bytes, usize, Vec<Error>), Error> {
        let message = call.method.response;
        if has_history(message) {
            let page = Box::pin(self.decode_page(ctx, call, message, bytes, Manner::Alone)).await?;
            return Ok((page.bytes, page.payloads, page.failed));
        }
        let decoded = self.decode_alone(ctx, message, bytes).await?;
        self.check_answer(ctx, call, decoded.0.len())?;
        Ok(decoded)
    }

    /// Decodes the payloads of a message of any size that its receiver reads, and puts the texts of
    /// failures into their fields.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(super) async fn decode_texts(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
        reads: Reads,
    ) -> Result<Decoded, Error> {
        self.decode_within(ctx, message, bytes, reads, usize::MAX).await
    }

    /// Decodes as [`Exchange::decode_texts`] does, unless the references of the message alone declare
    /// more than `most` bytes.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Output)` if more is declared; then nothing is fetched.
    pub(super) async fn decode_within(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
        reads: Reads,
        most: usize,
    ) -> Result<Decoded, Error> {
        let found = self.scan_received(message, &bytes)?;
        let batch = Batch::new(&found, reads)?;
        batch.check_declared(most)?;
        let Batch { payloads, places } = batch;
        let count = places.count();
        if count == 0 {
            return Ok(Decoded { bytes, payloads: 0, error_message: None });
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let spliced = splice(&found, places.fill(&found, &decoded)).map_err(malformed)?;
        self.restore_texts(&found, spliced, count)
    }

    /// Puts the texts of failures into their fields, in a message that was `found` and decoded.
    pub(super) fn restore_texts(
        &self,
        found: &Scan,
        bytes: Bytes,
        payloads: usize,
    ) -> Result<Decoded, Error> {
        let mut decoded = Decoded { bytes, payloads, error_message: None };
        if failures::holds_texts(found) {
            let found = self.scan(found.root().message_type(), &decoded.bytes)?;
            if let Some(restored) = failures::restore(&found).map_err(malformed)? {
                decoded.bytes = restored.bytes;
                decoded.error_message = Some(restored.error_message);
            }
        }
        Ok(decoded)
    }

    /// Refuses an answer that is larger than its caller can receive.
    pub(super) fn check_answer(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        size: usize,
    ) -> Result<(), Error> {
        let checked = self.answers.check(call.headers, size, self.max_message);
        self.report(ctx, Direction::Decode, checked)
    }
}
