//! Limits of payloads: bytes and entries of each, and the number of payloads in a call.
//!
//! They hold wherever a payload comes in, between stages, and where one comes out. What one direction
//! lets pass, the other can therefore read.

use cloakroom_core::{Direction, Error, ErrorKind, Limit, Payload, Remedy};

use crate::Pipeline;

impl Pipeline {
    /// Refuses a payload of more entries than a payload may have.
    pub(crate) fn check_entries(
        &self,
        slot: usize,
        direction: Direction,
        payload: &Payload,
    ) -> Result<(), Error> {
        payload.check_entries(self.entries).map_err(|error| {
            let text = format!("{} payload {slot}: {error}", verb(direction));
            Error::new(error.kind(), text).with_remedies(error.remedies())
        })
    }

    /// Refuses a payload of more bytes or entries than a payload may have.
    pub(crate) fn check_payload(
        &self,
        slot: usize,
        direction: Direction,
        payload: &Payload,
    ) -> Result<(), Error> {
        self.check_entries(slot, direction, payload)?;
        let length = payload.encoded_len();
        if length <= self.largest_payload.as_usize() {
            return Ok(());
        }
        let text = format!(
            "{} payload {slot}: it has {length} bytes, and the most is {}: pass less, or raise the \
             limit",
            verb(direction),
            self.largest_payload
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payload), text);
        Err(error.with_remedies(&[Remedy::LargestPayload]))
    }

    /// Refuses a call of more payloads than a call may have.
    pub(crate) fn check_count(&self, direction: Direction, payloads: usize) -> Result<(), Error> {
        if payloads <= self.most_payloads {
            return Ok(());
        }
        let text = format!(
            "{} {payloads} payloads in one call, and the most is {}: split the batch, or raise the \
             limit",
            verb(direction),
            self.most_payloads
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        Err(error.with_remedies(&[Remedy::MostPayloads]))
    }
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Encode => "encoding",
        Direction::Decode => "decoding",
    }
}
