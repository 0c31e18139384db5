//! Encodes the payloads of a request, and decodes those of an answer, as one batch each.

use std::{collections::HashMap, sync::Arc};

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Context, Direction, Error, ErrorKind, Limit, Payload, Remedy, Thousands};

use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{
    MessageType, Scan, ScanLimits, WireError, WireErrorKind, scan_within, splice,
};

use super::{Exchange, crossing, failures, targets::targets, task_parent::Parent};

/// Bytes that a payload takes in a message besides its own: tag and length.
const FRAMING: usize = 6;

/// A message whose payloads are decoded.
pub(super) struct Decoded {
    pub(super) bytes: Bytes,
    /// Number of payloads.
    pub(super) payloads: usize,
    /// Text of the first failure, as a query's error repeats it.
    pub(super) error_message: Option<String>,
}

impl Exchange {
    /// Encodes the payloads of a message. Returns it, and how many it has.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Message)` if the message or one of its fields is larger
    /// than Temporal accepts: the server would terminate the workflow that sends it.
    pub(crate) async fn encode_message(
        &self,
        ctx: &Context,
        parent: Option<Arc<Parent>>,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.hide_texts(self.scan_received(message, &bytes)?)?;
        let bytes = found.bytes();
        let payloads = parse(&found)?;
        let count = payloads.len();
        let limits = self.limits_of(ctx);
        if count == 0 {
            check_size("message", bytes.len(), limits.message.most())?;
            return Ok((bytes.clone(), 0));
        }
        let own: usize = found.sites().iter().map(|site| site.range().len()).sum();
        let framing = bytes.len() - own + FRAMING * count;
        let mut pipeline = self.adapter.pipeline().keeping_own();
        if let Some(most) = limits.message.most() {
            pipeline = pipeline.fitting(most.saturating_sub(framing as u64));
        }
        let ctx = &self.with_targets(ctx, parent.as_deref(), &found, &pipeline)?;
        let encoded = pipeline.encode(ctx, payloads).await?;
        let encoded = write(&encoded);
        let checked = check_fields(&found, &encoded, limits.field.most());
        self.report(ctx, Direction::Encode, checked)?;
        let spliced = splice(&found, encoded).map_err(malformed)?;
        let checked = check_size("message", spliced.len(), limits.message.most());
        self.report(ctx, Direction::Encode, checked)?;
        Ok((spliced, count))
    }

    /// Checks a message whose payloads are not encoded: the server's limits hold for it all the same.
    ///
    /// # Errors
    /// `LimitExceeded(Message)` if the message or one of its fields is larger than Temporal accepts.
    pub(super) fn check_plain(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: &Bytes,
    ) -> Result<(), Error> {
        let found = self.scan(message, bytes)?;
        let payloads: Vec<_> =
            (0..found.sites().len()).map(|site| Some(found.payload(site))).collect();
        let limits = self.limits_of(ctx);
        check_fields(&found, &payloads, limits.field.most())?;
        check_size("message", bytes.len(), limits.message.most())
    }

    /// Returns the context with the target of each payload.
    ///
    /// # Errors
    /// `Denied` if a payload would cross to a namespace that may not open it.
    fn with_targets(
        &self,
        ctx: &Context,
        parent: Option<&Parent>,
        found: &Scan,
        pipeline: &Pipeline,
    ) -> Result<Context, Error> {
        let targets = targets(ctx, parent, found);
        if pipeline.binds_namespaces() {
            let (policies, mut stages) = (self.namespaces(), pipeline.stages().iter());
            let is_required = stages.any(Stage::is_required_to_encode);
            let checked = crossing::check(&policies, found, &targets)
                .and_then(|()| crossing::check_nexus(&policies, found, ctx, is_required));
            self.report(ctx, Direction::Encode, checked)?;
        }
        Ok(if targets.is_empty() { ctx.clone() } else { ctx.clone().with_targets(targets) })
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
        let decoded = self.decode_texts(ctx, message, bytes).await?;
        let most = self.max_message.get();
        self.report(ctx, Direction::Decode, check_answer(decoded.bytes.len(), most))?;
        Ok((decoded.bytes, decoded.payloads))
    }

    /// Decodes the payloads of a message of any size, and puts the texts of failures into their fields.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(super) async fn decode_texts(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<Decoded, Error> {
        let found = self.scan_received(message, &bytes)?;
        let payloads = parse(&found)?;
        let count = payloads.len();
        if count == 0 {
            return Ok(Decoded { bytes, payloads: 0, error_message: None });
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let spliced = splice(&found, write(&decoded)).map_err(malformed)?;
        let mut decoded = Decoded { bytes: spliced, payloads: count, error_message: None };
        if failures::holds_texts(&found) {
            let found = self.scan(message, &decoded.bytes)?;
            if let Some(restored) = failures::restore(&found).map_err(malformed)? {
                decoded.bytes = restored.bytes;
                decoded.error_message = Some(restored.error_message);
            }
        }
        Ok(decoded)
    }

    /// Moves the texts of failures into payloads, and finds these too.
    fn hide_texts(&self, found: Scan) -> Result<Scan, Error> {
        if !self.encodes_failures() {
            return Ok(found);
        }
        match failures::hide(&found).map_err(malformed)? {
            Some(hidden) => self.scan(found.root().message_type(), &hidden),
            None => Ok(found),
        }
    }

    /// Scans a message that was received, and reports the fields that are unknown.
    fn scan_received(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
        let found = self.scan(message, bytes)?;
        self.unknown_fields.report(&found);
        Ok(found)
    }

    fn scan(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
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

fn parse(found: &Scan) -> Result<Vec<Payload>, Error> {
    let payloads = (0..found.sites().len()).map(|site| found.payload(site));
    payloads.map(Payload::from_envelope).collect()
}

/// Writes payloads as messages, each in the place of the one before.
fn write(payloads: &[Payload]) -> Vec<Option<Bytes>> {
    let write = |payload: &Payload| {
        let envelope = payload.envelope();
        let mut bytes = BytesMut::with_capacity(envelope.len());
        for part in [&envelope.head, &envelope.body, &envelope.tail] {
            bytes.extend_from_slice(part);
        }
        Some(bytes.freeze())
    };
    payloads.iter().map(write).collect()
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

fn malformed(error: WireError) -> Error {
    if let WireErrorKind::Payloads(most) = error.kind() {
        let text = format!(
            "the message has more than {most} payloads: send less at once, or raise the limit"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        return error.with_remedies(&[Remedy::MostPayloads]);
    }
    Error::new(ErrorKind::Malformed, "the message is not as its type says").with_source(error)
}
