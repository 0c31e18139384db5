//! Encodes the payloads of a request, as one batch.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error};

use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{MessageType, Scan, splice};

use super::{
    Exchange,
    batch::write_all,
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
    substitute::{answer_unsent::is_too_large, undecodable::refuse_markers},
};
use crate::limits::SizeLimits;

/// Queries of one task that are failed because their results do not fit.
const FAILED_QUERIES: usize = 16;

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
        let mut found = self.hide_texts(ctx, found, &allowance.limits)?;
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

    /// Moves the texts of failures into payloads, and finds these too. Texts that the server would not
    /// take are moved in any case where payloads are stored: so they arrive, and the failure with them.
    fn hide_texts(&self, ctx: &Context, found: Scan, limits: &SizeLimits) -> Result<Scan, Error> {
        let namespace = ctx.namespace_name().unwrap_or_default();
        let is_stored = || self.adapter.pipeline().threshold_in(namespace).is_some();
        let must_hide = || is_stored() && holds_large_texts(&found, limits);
        if !self.encodes_failures() && !must_hide() {
            return Ok(found);
        }
        match failures::hide(&found).map_err(malformed)? {
            Some(hidden) => self.scan(found.root().message_type(), &hidden),
            None => Ok(found),
        }
    }
}
