//! References that bypass the stages while encoding.
//!
//! Anybody who hands payloads to a worker can write a reference's metadata on anything. Only a reference
//! that decoding would follow passes. Any other payload is encoded whole and comes back as it was: after
//! the stages have decoded a payload, the pipeline does not look again whether it is a reference.

use cloakroom_core::{Context, Error, Payload};

use crate::{
    Pipeline,
    item::{self, CountedPayload, Item},
    reference::{PayloadKind, ReferenceFormat},
    try_open::Opened,
};

impl Pipeline {
    /// Lets a reference pass if decoding would follow it, and encodes it whole if not.
    pub(crate) async fn pass_reference(
        &self,
        ctx: &Context,
        reference: CountedPayload,
    ) -> Result<Item, Error> {
        if self.would_follow(ctx, &reference.payload) {
            return Ok(Item::Reference(reference, None));
        }
        self.encode_whole(ctx, reference).await
    }

    /// Lets an encoded reference pass if decoding would follow it, and encodes it whole if not. If
    /// there is something beside the reference, what passes is the same reference encoded anew.
    pub(crate) async fn pass_encoded_reference(
        &self,
        ctx: &Context,
        encoded: CountedPayload,
    ) -> Result<Item, Error> {
        let opened = match &self.format {
            Some(format) => self.open_encoded(ctx, &**format, &encoded).await?,
            None => None,
        };
        let (Some(format), Some(mut anew)) = (&self.format, opened) else {
            return self.encode_whole(ctx, encoded).await;
        };
        if format.classify(&anew.payload) != PayloadKind::Reference
            || !self.would_follow(ctx, &anew.payload)
        {
            return self.encode_whole(ctx, encoded).await;
        }
        let sizes = anew.payload.external_sizes.clone();
        self.encode_payload(ctx, &mut anew, false).await?;
        anew.payload = format.mark_encoded(anew.payload, sizes);
        // Encoded anew, the reference has only what belongs to one. Any further entry could be
        // plaintext that rides along unencrypted.
        let is_bare = encoded.payload.metadata.keys().eq(anew.payload.metadata.keys());
        if is_bare && encoded.payload.unknown.is_empty() {
            return Ok(Item::EncodedReference(encoded));
        }
        Ok(Item::EncodedReference(anew))
    }

    /// Returns whether a payload is a reference with nothing else in it, which decoding would follow.
    fn would_follow(&self, ctx: &Context, payload: &Payload) -> bool {
        let Some(storage) = &self.storage else {
            return false;
        };
        storage.format.is_bare(payload)
            && storage.format.read(payload).is_ok_and(|read| storage.accepts(ctx, &read))
    }

    /// Decodes a payload that is marked as an encoded reference, if every required stage has encoded
    /// it. Failures are not counted: this is a question, and no decoding that anybody asked for.
    ///
    /// # Errors
    /// Those that may go away, and those of memory: then it is unknown whether the payload is a
    /// reference, and encoding it whole might be wrong.
    async fn open_encoded(
        &self,
        ctx: &Context,
        format: &dyn ReferenceFormat,
        encoded: &CountedPayload,
    ) -> Result<Option<CountedPayload>, Error> {
        let (slot, memory) = (encoded.slot, item::memory(ctx));
        let (payload, sizes) = format.unmark_encoded(encoded.payload.clone());
        let payload = CountedPayload::received(slot, &memory, payload);
        // What no stage of this pipeline wrote is no reference, and is encoded whole.
        let Some(Opened { payload: mut opened, .. }) = self.try_open(ctx, payload).await? else {
            return Ok(None);
        };
        opened.payload.external_sizes = sizes;
        Ok(Some(opened))
    }

    /// Encodes a payload that decoding would take for a reference. If the stages leave it looking like
    /// one, for example because compression did not pay, each has to change it.
    async fn encode_whole(
        &self,
        ctx: &Context,
        mut payload: CountedPayload,
    ) -> Result<Item, Error> {
        let memory = item::memory(ctx);
        // The body is shared, so this copy costs metadata only.
        let mut again = CountedPayload::received(payload.slot, &memory, payload.payload.clone());
        let original = payload.original.take();
        self.encode_payload(ctx, &mut payload, false).await?;
        let format = self.format.as_ref();
        if format.is_some_and(|f| f.classify(&payload.payload) != PayloadKind::Plain) {
            self.encode_payload(ctx, &mut again, true).await?;
            payload = again;
        }
        payload.original = original;
        Ok(Item::Plain(payload))
    }
}
