//! Call of one stage or driver: its metrics, its span, and its name in errors.

mod named;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom_core::{Context, Direction, Error};
use metrics::counter;
use tracing::{Instrument as _, Span};

pub(crate) use self::named::Part;
use self::named::PartKind;
use crate::{metric, printable::printable};

/// Call of a stage or a driver, from its start to its result.
pub(crate) struct PartCall {
    part: Arc<Part>,
    direction: Direction,
    /// Payload that errors name. None if the caller adds the place of the error.
    slot: Option<usize>,
    bytes_in: Option<usize>,
    span: Span,
    /// False for the host's own probes, which metrics do not count.
    is_traffic: bool,
}

impl PartCall {
    /// Returns the call of a stage with a payload of `bytes` bytes.
    pub(crate) fn stage(
        ctx: &Context,
        part: &Arc<Part>,
        direction: Direction,
        slot: usize,
        bytes: usize,
    ) -> Self {
        let way = direction.as_str();
        let span = tracing::debug_span!("stage", stage = &*part.name, direction = way, bytes);
        Self::new(ctx, part.clone(), direction, span).with_slot(slot).with_bytes(bytes)
    }

    /// Returns the call of a driver that stores an object of `bytes` bytes.
    pub(crate) fn store(ctx: &Context, name: &Arc<str>, slot: usize, bytes: usize) -> Self {
        // At INFO, unlike a stage's span: the log lines of the store's client then name the driver.
        let span = tracing::info_span!("driver", driver = &**name, direction = "encode", bytes);
        let call = Self::new(ctx, Part::driver(name), Direction::Encode, span);
        call.with_slot(slot).with_bytes(bytes)
    }

    /// Returns the call of a driver that retrieves an object.
    pub(crate) fn retrieve(ctx: &Context, name: &Arc<str>, slot: usize) -> Self {
        let span = tracing::info_span!("driver", driver = &**name, direction = "decode");
        Self::new(ctx, Part::driver(name), Direction::Decode, span).with_slot(slot)
    }

    /// Returns the call of a driver that reads back what it stored. The caller adds the place of an
    /// error.
    pub(crate) fn verify(ctx: &Context, name: &Arc<str>) -> Self {
        let span = tracing::info_span!("driver", driver = &**name, direction = "verify");
        Self::new(ctx, Part::driver(name), Direction::Decode, span)
    }

    /// Counts a stage's refusal of a payload without calling its codec.
    pub(crate) fn refuse_stage(
        ctx: &Context,
        part: &Arc<Part>,
        direction: Direction,
        slot: usize,
        error: Error,
    ) -> Error {
        let call = Self::new(ctx, part.clone(), direction, Span::none()).with_slot(slot);
        call.begin().fail(error)
    }

    /// Counts the refusal of a claim without calling its driver.
    pub(crate) fn refuse_claim(ctx: &Context, name: &Arc<str>, slot: usize, error: Error) -> Error {
        let call = Self::new(ctx, Part::driver(name), Direction::Decode, Span::none());
        call.with_slot(slot).begin().fail(error)
    }

    fn new(ctx: &Context, part: Arc<Part>, direction: Direction, span: Span) -> Self {
        let is_traffic = !ctx.is_probe();
        Self { part, direction, slot: None, bytes_in: None, span, is_traffic }
    }

    fn with_slot(self, slot: usize) -> Self {
        Self { slot: Some(slot), ..self }
    }

    fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes_in: Some(bytes), ..self }
    }

    /// Runs the call in its span and counts its result. `bytes_out` returns the size of a result.
    // Pinned by the caller: an `async fn` keeps an argument and what it makes of it.
    pub(crate) async fn run<T>(
        self,
        work: Pin<&mut impl Future<Output = Result<T, Error>>>,
        bytes_out: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        let (call, began) = (self.begin(), Instant::now());
        let result = work.instrument(call.span.clone()).await;
        let (took, bytes) = (began.elapsed(), result.as_ref().ok().map(bytes_out));
        call.log(took, bytes, result.as_ref().err());
        if call.is_traffic {
            call.part.metrics(call.direction).count_end(took, bytes);
        }
        result.map_err(|error| call.fail(error))
    }

    fn begin(self) -> Self {
        if self.is_traffic {
            self.part.metrics(self.direction).count_begin(self.bytes_in);
        }
        self
    }

    fn fail(&self, error: Error) -> Error {
        if self.is_traffic {
            let [part, name, direction] = self.part.labels(self.direction);
            let kind = ("kind", error.kind().as_str().into());
            counter!(metric::FAILURES, &[part, name, direction, kind]).increment(1);
        }
        // Marked, so that the pipeline does not count it again, also if another error wraps this
        // one.
        let error = error.counted();
        let Part { kind, name, .. } = &*self.part;
        match (self.slot, kind) {
            (Some(slot), PartKind::Stage) => error.at_stage(name, self.direction, slot),
            (Some(slot), PartKind::Driver) => at_driver(name, self.direction, slot)(error),
            (None, _) => error,
        }
    }

    fn log(&self, took: Duration, bytes_out: Option<usize>, error: Option<&Error>) {
        tracing::debug!(
            // A fixed target, because operators filter by it: it must not change with the name of
            // this file.
            target: "cloakroom::pipeline",
            part = self.part.kind.as_str(),
            name = &*self.part.name,
            direction = self.direction.as_str(),
            bytes_out,
            kind = error.map(|error| error.kind().as_str()),
            microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "called"
        );
    }
}

/// Returns a function that adds the driver and the payload to an error. The name may be any text: a
/// reference has it.
pub(crate) fn at_driver(
    driver: &str,
    direction: Direction,
    slot: usize,
) -> impl FnOnce(Error) -> Error {
    let stage = format!("storage {}", printable(driver));
    move |error| error.at_stage(&stage, direction, slot)
}
