//! Payloads that bypass the stages while encoding: references that decoding will follow, and
//! nothing that only looks like one.
//!
//! Anybody who hands payloads to a worker can write a reference's metadata on anything. A payload
//! that is not such a reference is encoded whole, and comes back as it was: after the stages have
//! decoded a payload, nothing asks again whether it looks like a reference.

use cloakroom_core::{Context, Direction, Error, Payload};

use crate::{
    Pipeline,
    item::{self, BodyAddress, CountedPayload},
    offload::reference::{self, Kind},
    offload::retrieve::PendingReference,
};

impl Pipeline {
    /// Encodes a payload, or lets a reference pass. Returns whether it passed.
    pub(crate) async fn encode_or_pass(
        &self,
        ctx: &Context,
        slot: usize,
        held: CountedPayload,
    ) -> Result<(CountedPayload, bool), Error> {
        let passing = match Kind::of(&held.payload) {
            Kind::Ordinary => return Ok((self.encode_one(ctx, slot, held).await?, false)),
            Kind::Reference if self.will_follow(ctx, &held.payload) => return Ok((held, true)),
            Kind::Reference => None,
            Kind::Marked => self.pass_marked(ctx, slot, &held.payload).await?,
        };
        match passing {
            Some(passing) => Ok((passing, true)),
            None => Ok((self.encode_whole(ctx, slot, held).await?, false)),
        }
    }

    /// Returns whether a payload is a reference with nothing else in it, which decoding would
    /// follow.
    fn will_follow(&self, ctx: &Context, payload: &Payload) -> bool {
        let Some(storage) = &self.storage else {
            return false;
        };
        reference::is_nothing_else(payload)
            && PendingReference::read(0, payload)
                .is_ok_and(|pending| storage.accepts(ctx, &pending))
    }

    /// Returns what passes in the place of a marked payload: itself if it is a reference that the
    /// stages have encoded, and the same reference encoded anew if something stands beside it.
    async fn pass_marked(
        &self,
        ctx: &Context,
        slot: usize,
        marked: &Payload,
    ) -> Result<Option<CountedPayload>, Error> {
        let Some(opened) = self.open_marked(ctx, slot, marked).await? else {
            return Ok(None);
        };
        let is_reference = matches!(Kind::of(&opened.payload), Kind::Reference);
        if !is_reference || !self.will_follow(ctx, &opened.payload) {
            return Ok(None);
        }
        let sizes = opened.payload.external_sizes.clone();
        let mut anew = self.encode_one(ctx, slot, opened).await?;
        anew.payload = reference::mark(anew.payload, sizes);
        let is_bare = marked.metadata.keys().eq(anew.payload.metadata.keys());
        if is_bare && marked.unknown.is_empty() {
            return Ok(Some(CountedPayload::callers(&item::memory(ctx), marked.clone())));
        }
        Ok(Some(anew))
    }

    /// Decodes a marked payload if every required stage has encoded it. Failures are not counted:
    /// the payload is not to be decoded here.
    ///
    /// # Errors
    /// Those that may go away, and those of memory: then it is not known whether the payload is
    /// a reference.
    async fn open_marked(
        &self,
        ctx: &Context,
        slot: usize,
        marked: &Payload,
    ) -> Result<Option<CountedPayload>, Error> {
        let (payload, sizes) = reference::unmark(marked.clone());
        let mut held = CountedPayload::callers(&item::memory(ctx), payload);
        for stage in self.stages.iter().rev() {
            if !stage.owns(&held.payload) {
                if stage.is_required_to_encode() {
                    return Ok(None);
                }
                continue;
            }
            let at_stage = |error: Error| error.at_stage(stage.name(), Direction::Encode, slot);
            let CountedPayload { payload, mut charge } = held;
            let before = BodyAddress::of(&payload);
            let decoded = stage.call(async { stage.codec.decode(ctx, payload).await }).await;
            let payload = match decoded {
                Ok(payload) if payload.encoded_len() <= self.payload.as_usize() => payload,
                Err(error) if error.kind().is_transient() => return Err(at_stage(error)),
                _ => return Ok(None),
            };
            charge.update(before, &payload).map_err(at_stage)?;
            held = CountedPayload { payload, charge };
        }
        held.payload.external_sizes = sizes;
        Ok(Some(held))
    }

    /// Encodes a payload that decoding would take for a reference, also where that makes it larger.
    async fn encode_whole(
        &self,
        ctx: &Context,
        slot: usize,
        held: CountedPayload,
    ) -> Result<CountedPayload, Error> {
        let again = CountedPayload::callers(&item::memory(ctx), held.payload.clone());
        let encoded = self.encode_one(ctx, slot, held).await?;
        if let Kind::Ordinary = Kind::of(&encoded.payload) {
            return Ok(encoded);
        }
        self.encode_through(ctx, slot, again, true).await
    }
}
