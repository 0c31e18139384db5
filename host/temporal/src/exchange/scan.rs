//! Scans messages within the limits of the pipeline.

use bytes::Bytes;
use cloakroom_core::{Context, Direction, Error};
use cloakroom_wire::{MessageType, Scan, ScanLimits, scan_within};

use super::{Exchange, found::malformed};

impl Exchange {
    /// Scans a message that was received, and reports the fields that are unknown.
    pub(super) fn scan_received(&self, message: MessageType, bytes: &Bytes) -> Result<Scan, Error> {
        let found = self.scan(message, bytes)?;
        self.unknown_fields.report(&found);
        Ok(found)
    }

    /// Scans a message, whose payloads are limited in number.
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
