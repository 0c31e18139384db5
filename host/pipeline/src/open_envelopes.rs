//! Opening and closing of a workflow engine's envelopes around a call.

use cloakroom_core::{CallMemory, Charge, Context, Direction, Error, ErrorKind, Payload};

use crate::{
    Pipeline, Stage,
    envelopes::{Close, EnvelopeError, Envelopes, OpenEnvelope, UnknownEnvelope},
    item::{CountedPayload, Item, SystemEnvelope},
    metric,
    printable::printable,
};

impl Pipeline {
    /// Returns whether a payload claims to be an envelope of the workflow engine.
    pub(crate) fn is_envelope(&self, payload: &Payload) -> bool {
        self.envelopes.as_ref().is_some_and(|envelopes| envelopes.is_marked(payload))
    }

    /// Parses a batch with envelopes into items. The inner payloads of an envelope are items behind it.
    pub(crate) fn open_envelopes(
        &self,
        envelopes: &dyn Envelopes,
        ctx: &Context,
        direction: Direction,
        batch: Vec<Payload>,
        (memory, charge): (&CallMemory, &mut Charge),
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::with_capacity(batch.len());
        let parse = |slot, payload| {
            let payload = CountedPayload::received(slot, memory, payload);
            Item::parse(self.format.as_deref(), payload)
        };
        for (slot, payload) in batch.into_iter().enumerate() {
            if !envelopes.is_marked(&payload) {
                items.push(parse(slot, payload));
                continue;
            }
            // Before it is opened: inner payloads take many times the bytes of their envelope.
            self.check_payload(slot, direction, &payload)?;
            match envelopes.open(&payload, charge) {
                Ok(OpenEnvelope { payloads, close }) => {
                    let inner = payloads.len();
                    items.push(Item::SystemEnvelope(SystemEnvelope::Open { slot, inner, close }));
                    items.extend(payloads.into_iter().map(|payload| parse(slot, payload)));
                }
                Err(EnvelopeError::NoMemory(error)) => {
                    return Err(error.at_stage("envelopes", direction, slot));
                }
                Err(EnvelopeError::Unknown(unknown)) => {
                    self.refuse_unknown(ctx, direction, slot, &unknown)?;
                    items.push(Item::SystemEnvelope(SystemEnvelope::Closed(payload)));
                }
            }
        }
        Ok(items)
    }

    /// Puts `inner` back into an envelope. The memory of both is counted while both exist.
    pub(crate) fn close_envelope(
        &self,
        direction: Direction,
        slot: usize,
        close: Close,
        inner: Vec<Payload>,
        charge: &mut Charge,
    ) -> Result<Payload, Error> {
        charge.grow(inner.iter().map(Payload::encoded_len).sum())?;
        let lost = || Error::new(ErrorKind::Internal, "an envelope lost one of its payloads");
        let payload = close(inner).ok_or_else(lost)?;
        self.check_payload(slot, direction, &payload)?;
        Ok(payload)
    }

    /// Refuses a marked payload that could not be opened, if a stage is required.
    ///
    /// No stage may touch it, and its fields could hold anything. If it passed, marking a payload would
    /// be enough to get plaintext past a required stage.
    fn refuse_unknown(
        &self,
        ctx: &Context,
        direction: Direction,
        slot: usize,
        unknown: &UnknownEnvelope,
    ) -> Result<(), Error> {
        let is_required: fn(&Stage) -> bool = match direction {
            Direction::Encode => Stage::is_required_to_encode,
            Direction::Decode => Stage::is_required,
        };
        if let Some(stage) = self.stages.iter().find(|stage| is_required(stage)) {
            let text = format!(
                "the payload is marked as an envelope of the workflow engine, `{}`, {}: no stage may \
                 encode an envelope, and this stage is required; update Cloakroom if the workflow \
                 engine has this envelope",
                printable(&unknown.name),
                unknown.why
            );
            let error = Error::new(ErrorKind::Unsealed, text);
            return Err(error.at_stage(stage.name(), direction, slot));
        }
        if direction == Direction::Decode && self.stages.iter().any(Stage::is_required_to_encode) {
            metric::count_plaintext(ctx);
        }
        Ok(())
    }
}
