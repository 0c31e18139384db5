//! Encodes the payloads of a request, and decodes those of an answer, as one batch each.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Context, Direction, Error, ErrorKind, Limit, Payload, Remedy, Thousands};

use cloakroom_wire::{
    MessageType, Scan, ScanLimits, WireError, WireErrorKind, scan_within, splice,
};

use super::{Exchange, undecodable::refuse_markers};

/// Bytes that a payload takes in a message besides its own: tag and length.
const FRAMING: usize = 6;

impl Exchange {
    /// Encodes the payloads of a message. Returns it, and how many it has.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Message)` if the message or one of its fields is larger
    /// than Temporal accepts: the server would terminate the workflow that sends it.
    pub(crate) async fn encode_message(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.scan(message, &bytes)?;
        let payloads = parse(&found)?;
        let count = payloads.len();
        let limits = self.limits_of(ctx);
        if count == 0 {
            check_size("message", bytes.len(), limits.message.most())?;
            return Ok((bytes, 0));
        }
        let own: usize = found.sites().iter().map(|site| site.range().len()).sum();
        let framing = bytes.len() - own + FRAMING * count;
        let mut pipeline = self.adapter.pipeline().keeping_own();
        if let Some(most) = limits.message.most() {
            pipeline = pipeline.fitting(most.saturating_sub(framing as u64));
        }
        let payloads = self.report(ctx, Direction::Encode, refuse_markers(payloads))?;
        let encoded = pipeline.encode(ctx, payloads).await?;
        let encoded = write_all(&encoded);
        let checked = check_fields(&found, &encoded, limits.field.most());
        self.report(ctx, Direction::Encode, checked)?;
        let spliced = splice(&found, encoded).map_err(malformed)?;
        let checked = check_size("message", spliced.len(), limits.message.most());
        self.report(ctx, Direction::Encode, checked)?;
        Ok((spliced, count))
    }

    /// Decodes the payloads of a message. Returns it, and how many it has.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(crate) async fn decode_message(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.scan(message, &bytes)?;
        let payloads = parse(&found)?;
        let count = payloads.len();
        if count == 0 {
            return Ok((bytes, 0));
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let spliced = splice(&found, write_all(&decoded)).map_err(malformed)?;
        self.check_answer(ctx, spliced.len())?;
        Ok((spliced, count))
    }

    /// Refuses an answer that is larger than callers receive.
    pub(super) fn check_answer(&self, ctx: &Context, size: usize) -> Result<(), Error> {
        let checked = check_answer(size, self.max_message.get());
        self.report(ctx, Direction::Decode, checked)
    }

    pub(super) fn scan(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
        let payloads = self.adapter.pipeline().max_payloads();
        let limits = ScanLimits { payloads, ..ScanLimits::default() };
        scan_within(&limits, message, bytes).map_err(malformed)
    }

    /// Counts a failure outside of the pipeline as one of the pipeline.
    fn report<T>(
        &self,
        ctx: &Context,
        direction: Direction,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        result.map_err(|error| self.adapter.pipeline().report_failure(ctx, direction, error))
    }
}

pub(super) fn parse(found: &Scan) -> Result<Vec<Payload>, Error> {
    let payloads = (0..found.sites().len()).map(|site| found.payload(site));
    payloads.map(Payload::from_envelope).collect()
}

/// Writes payloads as messages, each in the place of the one before.
fn write_all(payloads: &[Payload]) -> Vec<Option<Bytes>> {
    payloads.iter().map(|payload| Some(write(payload))).collect()
}

/// Writes a payload as a message.
pub(super) fn write(payload: &Payload) -> Bytes {
    let envelope = payload.envelope();
    let mut bytes = BytesMut::with_capacity(envelope.len());
    for part in [&envelope.head, &envelope.body, &envelope.tail] {
        bytes.extend_from_slice(part);
    }
    bytes.freeze()
}

/// Refuses a field whose payloads together are larger than Temporal accepts.
fn check_fields(found: &Scan, encoded: &[Option<Bytes>], most: Option<u64>) -> Result<(), Error> {
    let mut sizes = HashMap::<_, usize>::new();
    for (site, payload) in found.sites().iter().zip(encoded) {
        let size = payload.as_ref().map_or(0, Bytes::len) + FRAMING;
        *sizes.entry(site.span()).or_default() += size;
    }
    let largest = sizes.into_values().max().unwrap_or_default();
    check_size("field", largest, most)
}

fn check_size(what: &str, size: usize, most: Option<u64>) -> Result<(), Error> {
    let Some(most) = most.filter(|most| size as u64 > *most) else {
        return Ok(());
    };
    let text = format!(
        "the encoded {what} has {} bytes, but Temporal accepts {}: lower the threshold, or send less \
         at once",
        Thousands(size as u64),
        Thousands(most)
    );
    let error = Error::new(ErrorKind::LimitExceeded(Limit::Message), text);
    Err(error.with_remedies(&[Remedy::Threshold]))
}

fn check_answer(size: usize, most: u64) -> Result<(), Error> {
    if size as u64 <= most {
        return Ok(());
    }
    let text = format!(
        "the decoded answer has {} bytes, and the SDKs receive no more than {}: ask for fewer events \
         at once",
        Thousands(size as u64),
        Thousands(most)
    );
    Err(Error::new(ErrorKind::LimitExceeded(Limit::Message), text))
}

pub(super) fn malformed(error: WireError) -> Error {
    if let WireErrorKind::Payloads(most) = error.kind() {
        let text = format!(
            "the message has more than {most} payloads: send less at once, or raise the limit"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        return error.with_remedies(&[Remedy::MostPayloads]);
    }
    Error::new(ErrorKind::Malformed, "the message is not as its type says").with_source(error)
}
