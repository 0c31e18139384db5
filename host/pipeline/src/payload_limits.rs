//! The number of entries of a payload, checked wherever a payload comes in, between stages, and where
//! one comes out: what one direction lets pass the other can read.

use cloakroom_core::{Direction, Error, Payload};

use crate::Pipeline;

impl Pipeline {
    /// Refuses a payload of more entries than `limits.entries`.
    pub(crate) fn check_entries(
        &self,
        slot: usize,
        direction: Direction,
        payload: &Payload,
    ) -> Result<(), Error> {
        payload.check_entries(self.entries).map_err(|error| {
            let word = match direction {
                Direction::Encode => "encoding",
                Direction::Decode => "decoding",
            };
            Error::new(error.kind(), format!("{word} payload {slot}: {error}"))
        })
    }

    /// Refuses a batch with such a payload, before anything is done with it.
    pub(crate) fn check_batch(&self, direction: Direction, batch: &[Payload]) -> Result<(), Error> {
        let mut payloads = batch.iter().enumerate();
        payloads.try_for_each(|(slot, payload)| self.check_entries(slot, direction, payload))
    }
}
