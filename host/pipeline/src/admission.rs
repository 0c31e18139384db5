//! Begin and end of a call: which calls are admitted, and how a batch becomes items and payloads again.

use std::pin::pin;

use cloakroom_core::{CallMemory, Charge, Context, Direction, Error, ErrorKind, Payload, Remedy};
use futures::FutureExt as _;

use crate::{
    Pipeline,
    item::{CountedPayload, Item, SystemEnvelope, unlimited_memory},
    metric,
};

/// Call that was admitted.
pub(crate) struct Call {
    pub(crate) ctx: Context,
    pub(crate) memory: CallMemory,
    direction: Direction,
    /// Whether the caller brought the memory, which then counts the results after the call.
    is_callers_memory: bool,
    /// Memory of envelopes that were opened.
    envelopes: Charge,
}

impl Pipeline {
    /// Admits a call and parses its batch into items.
    ///
    /// Limits are checked first, because they cost nothing. Codecs are asked before the call waits for
    /// memory: a codec with too much work refuses at once. From then on none refuses a payload of this
    /// call for having too much work. Opening an envelope takes memory, so a batch with envelopes has
    /// to wait for memory first.
    pub(crate) async fn begin(
        &self,
        ctx: &Context,
        direction: Direction,
        batch: Vec<Payload>,
    ) -> Result<(Call, Vec<Item>), Error> {
        self.check_count(direction, batch.len())?;
        let ctx = &*self.with_readable(ctx);
        let has_envelopes = batch.iter().any(|payload| self.is_envelope(payload));
        let (memory, envelopes, mut items) = match &self.envelopes {
            Some(envelopes) if has_envelopes => {
                let memory = self.call_memory(ctx).await?;
                let mut charge = memory.nothing();
                let counted = (&memory, &mut charge);
                let items = self.open_envelopes(&**envelopes, ctx, direction, batch, counted)?;
                self.check_items(direction, &items)?;
                let first = items.iter().find_map(Item::payload).map(|payload| payload.slot);
                self.ask_codecs(ctx, direction, first)?;
                (memory, charge, items)
            }
            // Nearly every batch.
            _ => {
                // Encoding checks each payload in `encode_item`. Decoding checks sizes after each
                // stage, so the number of entries is checked here, before a codec gets the payload.
                if direction == Direction::Decode {
                    let mut payloads = batch.iter().enumerate();
                    payloads
                        .try_for_each(|(slot, one)| self.check_entries(slot, direction, one))?;
                }
                self.ask_codecs(ctx, direction, Some(0))?;
                let memory = self.call_memory(ctx).await?;
                let parse = |(slot, payload)| {
                    let payload = CountedPayload::received(slot, &memory, payload);
                    Item::parse(self.format.as_deref(), payload)
                };
                let items = batch.into_iter().enumerate().map(parse).collect();
                (memory.clone(), memory.nothing(), items)
            }
        };
        // Rules look at what the application wrote. After encryption only the codec's own metadata
        // is left.
        if direction == Direction::Encode
            && self.storage.as_ref().is_some_and(|storage| storage.asks_for_metadata)
        {
            let mut payloads = items.iter_mut().filter_map(Item::payload_mut);
            payloads.try_for_each(|payload| payload.keep_metadata(&memory))?;
        }
        metric::record_memory(&self.memory);
        let is_callers_memory = ctx.memory().is_some();
        // A new identity for each call: payloads take turns by call, and a caller may use one
        // context for many calls.
        let ctx = ctx.in_new_call().with_memory(memory.clone());
        Ok((Call { ctx, memory, direction, is_callers_memory, envelopes }, items))
    }

    /// Ends a call: closes the envelopes, and returns as many payloads as came in.
    ///
    /// The results are no longer counted, unless the caller brought the memory. Then they are until the
    /// caller drops it: an adapter that writes them to a connection holds them for longer.
    pub(crate) fn finish(&self, call: Call, items: Vec<Item>) -> Result<Vec<Payload>, Error> {
        let Call { direction, is_callers_memory, mut envelopes, .. } = call;
        let mut payloads = Vec::with_capacity(items.len());
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            payloads.push(match item {
                Item::Plain(one) | Item::Reference(one, _) | Item::EncodedReference(one) => {
                    one.release(is_callers_memory)
                }
                Item::SystemEnvelope(SystemEnvelope::Closed(payload)) => payload,
                Item::SystemEnvelope(SystemEnvelope::Open { slot, inner, close }) => {
                    let inner = items.by_ref().take(inner).filter_map(Item::into_payload);
                    // Counted until the whole call is over: the envelope holds copies of them.
                    let inner = inner.map(|payload| payload.release(true)).collect();
                    self.close_envelope(direction, slot, close, inner, &mut envelopes)?
                }
            });
        }
        Ok(payloads)
    }

    /// Returns the memory that counts a call: the caller's if it brings one, else a new one once there
    /// is room.
    pub(crate) async fn call_memory(&self, ctx: &Context) -> Result<CallMemory, Error> {
        match ctx.memory() {
            Some(memory) => Ok(memory.clone()),
            // A reload must not fail because of the traffic that it may be meant to relieve.
            None if ctx.is_probe() => Ok(unlimited_memory()),
            None => self.wait_for_memory().await,
        }
    }

    /// Waits until a call may hold memory.
    ///
    /// # Errors
    /// `Busy` if there is none within the time that a call may wait.
    async fn wait_for_memory(&self) -> Result<CallMemory, Error> {
        let mut admission = pin!(self.memory.admit());
        // Mostly there is room, and no timer is needed.
        if let Some(memory) = admission.as_mut().now_or_never() {
            return Ok(memory);
        }
        tokio::time::timeout(self.wait, admission).await.map_err(|_| {
            let text = format!(
                "all calls together hold {} of memory, and no room came up within {:?}: try again \
                 later, or raise a limit",
                self.memory.process_bytes(),
                self.wait
            );
            Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::ProcessBytes, Remedy::Wait])
        })
    }

    /// Checks the inner payloads of envelopes as those of the batch.
    fn check_items(&self, direction: Direction, items: &[Item]) -> Result<(), Error> {
        let payloads = || items.iter().filter_map(Item::payload);
        self.check_count(direction, payloads().count())?;
        if direction == Direction::Decode {
            payloads().try_for_each(|one| self.check_entries(one.slot, direction, &one.payload))?;
        }
        Ok(())
    }

    /// Asks each codec whether it takes one more call, whose first payload has this slot. A probe is
    /// always taken, and so is a batch of envelopes without payloads.
    fn ask_codecs(
        &self,
        ctx: &Context,
        direction: Direction,
        first: Option<usize>,
    ) -> Result<(), Error> {
        match first {
            Some(first) if !ctx.is_probe() => {
                self.stages.iter().try_for_each(|stage| stage.admit(ctx, direction, first))
            }
            _ => Ok(()),
        }
    }
}
