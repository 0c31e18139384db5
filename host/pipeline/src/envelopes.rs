//! Envelopes of a workflow engine: payloads that wrap payloads of their own.
//!
//! The engine reads an envelope, so no stage may encode it as a whole. Its inner payloads are
//! encoded and decoded like any others, at their places in the batch.

use std::{future::Future, sync::Arc};

use cloakroom_core::{Charge, Context, Direction, Error, ErrorKind, Payload};

use crate::{Pipeline, metric, offload::storage::printable, stage::Stage};

/// Knows the envelopes of a workflow engine.
pub trait Envelopes: Send + Sync {
    /// Returns whether a payload says that it is an envelope. Anybody can say so.
    fn is_marked(&self, payload: &Payload) -> bool;

    /// Opens a marked payload. The memory of its inner payloads is counted by `charge` before they
    /// are made: two bytes of an envelope may cost hundreds.
    ///
    /// # Errors
    /// If it is no envelope that this type knows in full: then its fields could hold anything. If
    /// there is no memory for it.
    fn open(&self, payload: &Payload, charge: &mut Charge) -> Result<OpenEnvelope, NotOpened>;
}

/// An envelope whose inner payloads were taken out.
pub struct OpenEnvelope {
    /// The inner payloads, in the order in which they stand.
    pub payloads: Vec<Payload>,
    /// Puts as many payloads into their places.
    pub close: Close,
}

/// Puts payloads into the places of an envelope's inner ones. None if there are too few.
pub type Close = Box<dyn FnOnce(Vec<Payload>) -> Option<Payload> + Send>;

/// Why a payload that is marked as an envelope was not opened.
#[derive(Debug)]
pub enum NotOpened {
    /// It is no envelope that is known in full.
    NoEnvelope(NoEnvelope),
    /// There is no memory for what is in it.
    NoMemory(Error),
}

/// Reason why a payload that is marked as an envelope is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEnvelope {
    /// The type that the payload claims. It may be any text.
    pub name: String,
    /// The reason, as the end of a sentence that begins with the name.
    pub why: String,
}

/// A batch in which inner payloads stand in the places of their envelopes.
struct Unfolded {
    flat: Vec<Payload>,
    /// For each payload of `flat`, its slot in the batch.
    slots: Vec<usize>,
    places: Vec<EnvelopeSlot>,
}

/// Contents of one slot of the batch.
enum EnvelopeSlot {
    One,
    Envelope(usize, Close),
    /// A marked payload that bypasses the stages.
    Bypass(Payload),
}

impl Pipeline {
    /// Returns the same pipeline, where these envelopes are opened.
    pub fn with_envelopes(mut self, envelopes: Arc<dyn Envelopes>) -> Self {
        self.envelopes = Some(envelopes);
        self
    }

    /// Returns whether a payload says that it is an envelope of the workflow engine.
    pub(crate) fn is_envelope(&self, payload: &Payload) -> bool {
        self.envelopes.as_ref().is_some_and(|envelopes| envelopes.is_marked(payload))
    }

    /// Runs `work` on a batch in which inner payloads stand in the places of their envelopes, and
    /// closes the envelopes again. The inner payloads are part of the call's memory.
    pub(crate) async fn through_envelopes<W, F>(
        &self,
        ctx: &Context,
        direction: Direction,
        batch: Vec<Payload>,
        work: W,
    ) -> Result<Vec<Payload>, Error>
    where
        W: FnOnce(Context, Vec<Payload>) -> F,
        F: Future<Output = Result<Vec<Payload>, Error>>,
    {
        let Some(envelopes) = &self.envelopes else {
            return work(ctx.clone(), batch).await;
        };
        // Nearly every batch.
        if !batch.iter().any(|payload| envelopes.is_marked(payload)) {
            return work(ctx.clone(), batch).await;
        }
        if batch.len() > self.payloads {
            return Err(self.too_many(direction, batch.len()));
        }
        let memory = self.memory_of(ctx).await?;
        let mut charge = memory.nothing();
        let ctx = ctx.clone().with_memory(memory);
        let unfolded = self.unfold(&**envelopes, &ctx, direction, batch, &mut charge);
        let Unfolded { flat, slots, places } = unfolded?;
        let done = if flat.is_empty() { Ok(flat) } else { work(ctx, flat).await };
        let done = done.map_err(|error| error.in_slots(&slots))?;
        self.fold(direction, places, done, &mut charge)
    }

    fn unfold(
        &self,
        envelopes: &dyn Envelopes,
        ctx: &Context,
        direction: Direction,
        batch: Vec<Payload>,
        charge: &mut Charge,
    ) -> Result<Unfolded, Error> {
        let mut unfolded = Unfolded { flat: Vec::new(), slots: Vec::new(), places: Vec::new() };
        for (slot, payload) in batch.into_iter().enumerate() {
            if !envelopes.is_marked(&payload) {
                unfolded.add(slot, vec![payload]);
                unfolded.places.push(EnvelopeSlot::One);
                continue;
            }
            self.bounded(slot, direction, &payload)?;
            match envelopes.open(&payload, charge) {
                Ok(OpenEnvelope { payloads, close }) => {
                    unfolded.places.push(EnvelopeSlot::Envelope(payloads.len(), close));
                    unfolded.add(slot, payloads);
                }
                Err(NotOpened::NoMemory(error)) => {
                    return Err(error.at_stage("envelopes", direction, slot));
                }
                Err(NotOpened::NoEnvelope(no)) => {
                    self.refuse_bypass(ctx, direction, slot, &no)?;
                    unfolded.places.push(EnvelopeSlot::Bypass(payload));
                }
            }
        }
        Ok(unfolded)
    }

    /// Refuses a marked payload that no stage can touch, if a stage is required.
    fn refuse_bypass(
        &self,
        ctx: &Context,
        direction: Direction,
        slot: usize,
        no: &NoEnvelope,
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
                printable(&no.name),
                no.why
            );
            let error = Error::new(ErrorKind::Unsealed, text);
            return Err(error.at_stage(stage.name(), direction, slot));
        }
        if direction == Direction::Decode && self.stages.iter().any(Stage::is_required_to_encode) {
            metric::plaintext(ctx);
        }
        Ok(())
    }

    fn fold(
        &self,
        direction: Direction,
        places: Vec<EnvelopeSlot>,
        done: Vec<Payload>,
        charge: &mut Charge,
    ) -> Result<Vec<Payload>, Error> {
        let lost = || Error::new(ErrorKind::Internal, "an envelope lost one of its payloads");
        let mut done = done.into_iter();
        let place = |(slot, place)| match place {
            EnvelopeSlot::One => done.next().ok_or_else(lost),
            EnvelopeSlot::Bypass(payload) => Ok(payload),
            EnvelopeSlot::Envelope(count, close) => {
                let inner: Vec<_> = done.by_ref().take(count).collect();
                charge.grow(inner.iter().map(Payload::encoded_len).sum())?;
                let payload = close(inner).ok_or_else(lost)?;
                self.bounded(slot, direction, &payload)?;
                Ok(payload)
            }
        };
        places.into_iter().enumerate().map(place).collect()
    }
}

impl Unfolded {
    fn add(&mut self, slot: usize, payloads: Vec<Payload>) {
        self.slots.extend(payloads.iter().map(|_| slot));
        self.flat.extend(payloads);
    }
}
