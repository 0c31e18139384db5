//! Call of one stage or driver: its metrics, its span, and its name in errors.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom_core::{Context, Direction, Error};
use metrics::{SharedString, counter, histogram};
use tracing::{Instrument as _, Span};

use crate::{metric, printable::printable};

/// Call of a stage or a driver, from its start to its result.
pub(crate) struct PartCall {
    part: Part,
    name: Arc<str>,
    direction: Direction,
    /// Payload that errors name. None if the caller adds the place of the error.
    slot: Option<usize>,
    bytes_in: Option<usize>,
    span: Span,
    /// False for the host's own probes, which metrics do not count.
    is_traffic: bool,
}

#[derive(Clone, Copy)]
enum Part {
    Stage,
    Driver,
}

impl PartCall {
    /// Returns the call of a stage with a payload of `bytes` bytes.
    pub(crate) fn stage(
        ctx: &Context,
        name: &Arc<str>,
        direction: Direction,
        slot: usize,
        bytes: usize,
    ) -> Self {
        let way = direction.as_str();
        let span = tracing::debug_span!("stage", stage = &**name, direction = way, bytes);
        Self::new(ctx, Part::Stage, name, direction, span).with_slot(slot).with_bytes(bytes)
    }

    /// Returns the call of a driver that stores an object of `bytes` bytes.
    pub(crate) fn store(ctx: &Context, name: &Arc<str>, slot: usize, bytes: usize) -> Self {
        // At INFO, unlike a stage's span: the log lines of the store's client then name the driver.
        let span = tracing::info_span!("driver", driver = &**name, direction = "encode", bytes);
        let call = Self::new(ctx, Part::Driver, name, Direction::Encode, span);
        call.with_slot(slot).with_bytes(bytes)
    }

    /// Returns the call of a driver that retrieves an object.
    pub(crate) fn retrieve(ctx: &Context, name: &Arc<str>, slot: usize) -> Self {
        let span = tracing::info_span!("driver", driver = &**name, direction = "decode");
        Self::new(ctx, Part::Driver, name, Direction::Decode, span).with_slot(slot)
    }

    /// Returns the call of a driver that reads back what it stored. The caller adds the place of an
    /// error.
    pub(crate) fn verify(ctx: &Context, name: &Arc<str>) -> Self {
        let span = tracing::info_span!("driver", driver = &**name, direction = "verify");
        Self::new(ctx, Part::Driver, name, Direction::Decode, span)
    }

    /// Counts a stage's refusal of a payload without calling its codec.
    pub(crate) fn refuse_stage(
        ctx: &Context,
        name: &Arc<str>,
        direction: Direction,
        slot: usize,
        error: Error,
    ) -> Error {
        let call = Self::new(ctx, Part::Stage, name, direction, Span::none()).with_slot(slot);
        call.begin().fail(error)
    }

    /// Counts the refusal of a claim without calling its driver.
    pub(crate) fn refuse_claim(ctx: &Context, name: &Arc<str>, slot: usize, error: Error) -> Error {
        let call = Self::new(ctx, Part::Driver, name, Direction::Decode, Span::none());
        call.with_slot(slot).begin().fail(error)
    }

    fn new(ctx: &Context, part: Part, name: &Arc<str>, direction: Direction, span: Span) -> Self {
        let (name, is_traffic) = (name.clone(), !ctx.is_probe());
        Self { part, name, direction, slot: None, bytes_in: None, span, is_traffic }
    }

    fn with_slot(self, slot: usize) -> Self {
        Self { slot: Some(slot), ..self }
    }

    fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes_in: Some(bytes), ..self }
    }

    /// Runs the call in its span and counts its result. `bytes_out` returns the size of a result.
    pub(crate) async fn run<T>(
        self,
        work: impl Future<Output = Result<T, Error>>,
        bytes_out: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        let (call, began) = (self.begin(), Instant::now());
        let result = work.instrument(call.span.clone()).await;
        let (took, bytes) = (began.elapsed(), result.as_ref().ok().map(bytes_out));
        call.log(took, bytes, result.as_ref().err());
        if call.is_traffic {
            let labels = call.labels();
            histogram!(metric::SECONDS, &labels).record(took);
            if let Some(bytes) = bytes {
                counter!(metric::BYTES_OUT, &labels).increment(bytes as u64);
            }
        }
        result.map_err(|error| call.fail(error))
    }

    fn begin(self) -> Self {
        if self.is_traffic {
            let labels = self.labels();
            counter!(metric::CALLS, &labels).increment(1);
            if let Some(bytes) = self.bytes_in {
                counter!(metric::BYTES_IN, &labels).increment(bytes as u64);
            }
        }
        self
    }

    fn fail(&self, error: Error) -> Error {
        if self.is_traffic {
            let [part, name, direction] = self.labels();
            let kind = ("kind", error.kind().as_str().into());
            counter!(metric::FAILURES, &[part, name, direction, kind]).increment(1);
        }
        // Marked, so that the pipeline does not count it again, also if another error wraps this
        // one.
        let error = error.counted();
        match (self.slot, self.part) {
            (Some(slot), Part::Stage) => error.at_stage(&self.name, self.direction, slot),
            (Some(slot), Part::Driver) => at_driver(&self.name, self.direction, slot)(error),
            (None, _) => error,
        }
    }

    fn log(&self, took: Duration, bytes_out: Option<usize>, error: Option<&Error>) {
        tracing::debug!(
            // A fixed target, because operators filter by it: it must not change with the name of
            // this file.
            target: "cloakroom::pipeline",
            part = self.part.as_str(),
            name = &*self.name,
            direction = self.direction.as_str(),
            bytes_out,
            kind = error.map(|error| error.kind().as_str()),
            microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "called"
        );
    }

    fn labels(&self) -> [(&'static str, SharedString); 3] {
        [
            ("part", self.part.as_str().into()),
            ("name", self.name.clone().into()),
            ("direction", self.direction.as_str().into()),
        ]
    }
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Driver => "driver",
        }
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
