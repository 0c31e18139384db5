//! The log line and the metric of a failed call of a pipeline.

use cloakroom_core::{Context, Direction, Error, clean};

use crate::{Pipeline, metric};

/// Where failures are logged.
const TARGET: &str = "cloakroom::pipeline";

impl Pipeline {
    /// Logs failed calls at DEBUG instead of WARN: for a caller that logs each failure itself, with
    /// what it knows of the request.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Logs and counts a failure. [`Pipeline::encode`] and [`Pipeline::decode`] do so for their own; an
    /// adapter that refuses what a pipeline gave it does so for that.
    ///
    /// A failure that a stage or a driver has counted is not counted again, and a probe's is neither
    /// logged nor counted.
    pub fn report_failure(&self, ctx: &Context, direction: Direction, error: Error) -> Error {
        if ctx.is_probe() {
            return error;
        }
        self.log_failure(ctx, direction, &error);
        if error.is_counted() { error } else { metric::count_failure(direction, error) }
    }

    fn log_failure(&self, ctx: &Context, direction: Direction, error: &Error) {
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    kind = error.kind().as_str(),
                    stage = error.stage(),
                    plugin = error.plugin(),
                    direction = direction.as_str(),
                    slot = error.slot(),
                    namespace = ctx.namespace_name().map(|name| clean(name, 255)),
                    error = error.report(),
                    "a call failed"
                )
            };
        }
        if self.quiet { log!(debug) } else { log!(warn) }
    }
}
