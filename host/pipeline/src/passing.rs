//! What passes the stages on the way out: references that decoding will follow, and nothing that only
//! looks like one.
//!
//! Whoever hands payloads to a worker can write a reference's metadata on anything. What is not such
//! a reference is encoded whole, and comes back as it was: after the stages have decoded a payload,
//! nothing asks again whether it looks like a reference.

use cloakroom_core::{Context, Direction, Error, Payload};

use crate::{
    Pipeline,
    fetch::Standing,
    reference::{self, Kind},
};

impl Pipeline {
    /// Encodes a payload, or lets a reference pass. Returns whether it passed.
    pub(crate) async fn encode_or_pass(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<(Payload, bool), Error> {
        let passing = match Kind::of(&payload) {
            Kind::Ordinary => return Ok((self.encode_one(ctx, slot, payload).await?, false)),
            Kind::Reference if self.will_follow(ctx, &payload) => Some(payload.clone()),
            Kind::Reference => None,
            Kind::Marked => self.pass_marked(ctx, slot, &payload).await?,
        };
        match passing {
            Some(payload) => Ok((payload, true)),
            None => Ok((self.encode_whole(ctx, slot, payload).await?, false)),
        }
    }

    /// Returns whether a payload is a reference with nothing else in it, which decoding would follow.
    fn will_follow(&self, ctx: &Context, payload: &Payload) -> bool {
        let Some(storage) = &self.storage else {
            return false;
        };
        reference::is_nothing_else(payload)
            && Standing::read(0, payload).is_ok_and(|standing| storage.accepts(ctx, &standing))
    }

    /// Returns what passes in the place of a marked payload: itself if it is a reference that the
    /// stages have encoded, and the same reference encoded anew if something stands beside it.
    async fn pass_marked(
        &self,
        ctx: &Context,
        slot: usize,
        marked: &Payload,
    ) -> Result<Option<Payload>, Error> {
        let Some(opened) = self.open_marked(ctx, slot, marked).await? else {
            return Ok(None);
        };
        if !matches!(Kind::of(&opened), Kind::Reference) || !self.will_follow(ctx, &opened) {
            return Ok(None);
        }
        let sizes = opened.external_sizes.clone();
        let anew = reference::mark(self.encode_one(ctx, slot, opened).await?, sizes);
        let is_bare = marked.metadata.keys().eq(anew.metadata.keys()) && marked.unknown.is_empty();
        Ok(Some(if is_bare { marked.clone() } else { anew }))
    }

    /// Decodes a marked payload if every required stage has encoded it. Failures are not counted:
    /// the payload is not to be decoded here.
    ///
    /// # Errors
    /// Those that may go away: then it is not known whether the payload is a reference.
    async fn open_marked(
        &self,
        ctx: &Context,
        slot: usize,
        marked: &Payload,
    ) -> Result<Option<Payload>, Error> {
        let (mut payload, sizes) = reference::unmark(marked.clone());
        for stage in self.stages.iter().rev() {
            if !stage.owns(&payload) {
                if stage.is_required_to_encode() {
                    return Ok(None);
                }
                continue;
            }
            payload = match stage.call(async { stage.codec.decode(ctx, payload).await }).await {
                Ok(payload) if payload.encoded_len() <= self.payload.as_usize() => payload,
                Err(error) if error.kind().is_transient() => {
                    return Err(error.at_stage(stage.name(), Direction::Encode, slot));
                }
                _ => return Ok(None),
            };
        }
        payload.external_sizes = sizes;
        Ok(Some(payload))
    }

    /// Encodes a payload that decoding would take for a reference, also where that makes it larger.
    async fn encode_whole(
        &self,
        ctx: &Context,
        slot: usize,
        payload: Payload,
    ) -> Result<Payload, Error> {
        let encoded = self.encode_one(ctx, slot, payload.clone()).await?;
        if let Kind::Ordinary = Kind::of(&encoded) {
            return Ok(encoded);
        }
        let mut payload = payload;
        for stage in self.stages.iter() {
            payload = stage.encode_always(ctx, slot, payload).await?;
        }
        Ok(payload)
    }
}
