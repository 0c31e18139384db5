//! Encodes the payloads of a request, and decodes those of an answer, as one batch each.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error};

use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{MessageType, Scan, ScanLimits, scan_within, splice};

use super::{
    Exchange,
    batch::{Batch, write_all},
    call::Call,
    context::{
        crossing, crossing::separates_namespaces, nexus, targets::targets, task_parent::Parent,
    },
    failures,
    found::{malformed, parse},
    limits::{
        allowance::Allowance,
        fields::{FRAMING, Fields, Unfit, check_size, holds_large_texts},
        query_results,
    },
    pages::{Manner, has_history},
    replay::Reads,
    substitute::{answer_unsent::is_too_large, undecodable::refuse_markers},
};
use crate::limits::SizeLimits;

/// Queries of one task that are failed because their results do not fit.
const FAILED_QUERIES: usize = 16;

/// A message whose payloads are decoded.
pub(super) struct Decoded {
    pub(super) bytes: Bytes,
    /// Number of payloads.
    pub(super) payloads: usize,
    /// Text of the first failure, as a query's error repeats it.
    pub(super) error_message: Option<String>,
}

impl Exchange {
    /// Encodes the payloads of a message. Returns it, and how many it has. The results of queries that do
    /// not fit are failed in it.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Message)` if the message or one of its fields is larger
    /// than Temporal accepts: the server would terminate the workflow that sends it.
    pub(super) async fn encode_message(
        &self,
        ctx: &Context,
        parent: Option<Arc<Parent>>,
        message: MessageType,
        bytes: Bytes,
        allowance: &Allowance,
    ) -> Result<(Bytes, usize), Error> {
        let found = self.scan_received(message, &bytes)?;
        let mut found = self.hide_texts(found, &allowance.limits)?;
        let mut turn = 0;
        loop {
            let unfit = match self.encode_found(ctx, parent.as_deref(), &found, allowance).await {
                Ok(encoded) => return Ok(encoded),
                Err(unfit) => unfit,
            };
            // Each turn fails one query and encodes the others again. Whoever sends thousands of large
            // results must not occupy the gateway with them.
            let is_tried = turn < FAILED_QUERIES && is_too_large(&unfit.error);
            let Some(failed) = query_results::fail_one(&found, &unfit).filter(|_| is_tried) else {
                return Err(unfit.error);
            };
            found = self.scan(message, &failed)?;
            turn += 1;
        }
    }

    /// Encodes the payloads of a message that was scanned.
    async fn encode_found(
        &self,
        ctx: &Context,
        parent: Option<&Parent>,
        found: &Scan,
        allowance: &Allowance,
    ) -> Result<(Bytes, usize), Unfit> {
        let bytes = found.bytes();
        let payloads = parse(found)?;
        let (count, limits) = (payloads.len(), &allowance.limits);
        let fields = Fields::new(found);
        // The pipeline reports its own failures.
        let report = |unfit: Unfit| {
            let pipeline = self.adapter.pipeline();
            Unfit { error: pipeline.report_failure(ctx, Direction::Encode, unfit.error), ..unfit }
        };
        let check_message = |size| {
            let checked = check_size("message", size, limits.message.most());
            checked.map_err(|error| report(Unfit { error, site: None }))
        };
        if count == 0 {
            fields.check(&[], limits).map_err(report)?;
            check_message(bytes.len())?;
            return Ok((bytes.clone(), 0));
        }
        let own: usize = found.sites().iter().map(|site| site.range().len()).sum();
        let framing = bytes.len() - own + FRAMING * count;
        let room = fields.room(allowance, framing);
        let pipeline = self.adapter.pipeline().keeping_own().fitting(room);
        let targeted = self.with_targets(ctx, parent, found, &pipeline)?;
        let payloads = self.report(ctx, Direction::Encode, refuse_markers(payloads))?;
        let encoded = write_all(found, &pipeline.encode(&targeted, payloads).await?);
        fields.check(&encoded, limits).map_err(report)?;
        let spliced = splice(found, encoded).map_err(malformed)?;
        check_message(spliced.len())?;
        Ok((spliced, count))
    }

    /// Checks a message whose payloads are not encoded: the server's limits hold for it all the same.
    ///
    /// # Errors
    /// `LimitExceeded(Message)` if the message or one of its fields is larger than Temporal accepts.
    pub(super) fn check_plain(
        &self,
        message: MessageType,
        bytes: &Bytes,
        limits: &SizeLimits,
    ) -> Result<(), Error> {
        let found = self.scan(message, bytes)?;
        let payloads: Vec<_> =
            (0..found.sites().len()).map(|site| Some(found.payload(site))).collect();
        Fields::new(&found).check(&payloads, limits).map_err(|unfit| unfit.error)?;
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
        let mut targets = targets(ctx, parent, found);
        let (policies, mut stages) = (self.namespaces(), pipeline.stages().iter());
        let (binds, is_required) =
            (separates_namespaces(pipeline), stages.any(Stage::is_required_to_encode));
        let mut checked = nexus::check(&policies, found, ctx, binds, is_required);
        if binds {
            checked = checked.and_then(|()| crossing::check(&policies, found, &targets));
        }
        self.report(ctx, Direction::Encode, checked)?;
        nexus::leave_plaintext(&policies, found, &mut targets);
        Ok(if targets.is_empty() { ctx.clone() } else { ctx.clone().with_targets(targets) })
    }

    /// Decodes the payloads of a message that its receiver reads. Returns it, and how many these are.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(crate) async fn decode_message(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        message: MessageType,
        bytes: Bytes,
    ) -> Result<(Bytes, usize), Error> {
        if has_history(message) {
            let manner = Manner::Together(call.needs());
            // Boxed: all other messages would pay for the size of the future.
            let decoded = Box::pin(self.decode_page(ctx, call, message, &bytes, manner)).await?;
            return Ok((decoded.bytes, decoded.payloads));
        }
        let decoded = self.decode_texts(ctx, message, bytes, call.needs()).await?;
        self.check_answer(ctx, call, decoded.bytes.len())?;
        Ok((decoded.bytes, decoded.payloads))
    }

    /// Decodes each payload of an answer alone, and leaves what cannot be decoded. Returns it, how many
    /// payloads it has, and what failed.
    ///
    /// # Errors
    /// Those of the message as a whole.
    pub(super) async fn decode_for_reader(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        bytes: &Bytes,
    ) -> Result<(Bytes, usize, Vec<Error>), Error> {
        let message = call.method.response;
        if has_history(message) {
            let page = Box::pin(self.decode_page(ctx, call, message, bytes, Manner::Alone)).await?;
            return Ok((page.bytes, page.payloads, page.failed));
        }
        let decoded = self.decode_alone(ctx, message, bytes).await?;
        self.check_answer(ctx, call, decoded.0.len())?;
        Ok(decoded)
    }

    /// Decodes the payloads of a message of any size that its receiver reads, and puts the texts of
    /// failures into their fields.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(super) async fn decode_texts(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
        reads: Reads,
    ) -> Result<Decoded, Error> {
        self.decode_within(ctx, message, bytes, reads, usize::MAX).await
    }

    /// Decodes as [`Exchange::decode_texts`] does, unless the references of the message alone declare
    /// more than `most` bytes.
    ///
    /// # Errors
    /// Those of the pipeline. `LimitExceeded(Output)` if more is declared; then nothing is fetched.
    pub(super) async fn decode_within(
        &self,
        ctx: &Context,
        message: MessageType,
        bytes: Bytes,
        reads: Reads,
        most: usize,
    ) -> Result<Decoded, Error> {
        let found = self.scan_received(message, &bytes)?;
        let batch = Batch::new(&found, reads)?;
        batch.check_declared(most)?;
        let Batch { payloads, places } = batch;
        let count = places.count();
        if count == 0 {
            return Ok(Decoded { bytes, payloads: 0, error_message: None });
        }
        let decoded = self.adapter.pipeline().decode(ctx, payloads).await?;
        let spliced = splice(&found, places.fill(&found, &decoded)).map_err(malformed)?;
        self.restore_texts(&found, spliced, count)
    }

    /// Puts the texts of failures into their fields, in a message that was `found` and decoded.
    pub(super) fn restore_texts(
        &self,
        found: &Scan,
        bytes: Bytes,
        payloads: usize,
    ) -> Result<Decoded, Error> {
        let mut decoded = Decoded { bytes, payloads, error_message: None };
        if failures::holds_texts(found) {
            let found = self.scan(found.root().message_type(), &decoded.bytes)?;
            if let Some(restored) = failures::restore(&found).map_err(malformed)? {
                decoded.bytes = restored.bytes;
                decoded.error_message = Some(restored.error_message);
            }
        }
        Ok(decoded)
    }

    /// Moves the texts of failures into payloads, and finds these too. Texts that the server would not
    /// take are moved in any case where payloads are stored: so they arrive, and the failure with them.
    fn hide_texts(&self, found: Scan, limits: &SizeLimits) -> Result<Scan, Error> {
        let is_stored = || self.adapter.pipeline().threshold().is_some();
        let must_hide = || is_stored() && holds_large_texts(&found, limits);
        if !self.encodes_failures() && !must_hide() {
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

    /// Refuses an answer that is larger than its caller can receive.
    pub(super) fn check_answer(
        &self,
        ctx: &Context,
        call: &Call<'_>,
        size: usize,
    ) -> Result<(), Error> {
        let checked = self.answers.check(call.headers, size, self.max_message);
        self.report(ctx, Direction::Decode, checked)
    }

    pub(super) fn scan(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
        let payloads = self.adapter.pipeline().max_payloads();
        let limits = ScanLimits { payloads, ..ScanLimits::default() };
        scan_within(&limits, message, bytes).map_err(malformed)
    }

    /// Counts a failure outside of the pipeline as one of the pipeline.
    pub(super) fn report<T>(
        &self,
        ctx: &Context,
        direction: Direction,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        result.map_err(|error| self.adapter.pipeline().report_failure(ctx, direction, error))
    }
}
