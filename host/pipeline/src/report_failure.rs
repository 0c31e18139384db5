//! Report of a failed call: names of settings, log line and metric.

use cloakroom_core::{Context, Direction, Error, clean};

use crate::{Pipeline, metric, remedy::builder_method};

/// Target of the log lines.
const TARGET: &str = "cloakroom::pipeline";

impl Pipeline {
    /// Logs and counts a failure, and names the settings that decide about it. [`Pipeline::encode`] and
    /// [`Pipeline::decode`] do so for their own failures; an adapter that refuses a result of a pipeline
    /// calls it for that.
    ///
    /// A failure that a stage or a driver has counted is not counted again. That of a probe is neither
    /// logged nor counted.
    #[must_use]
    pub fn report_failure(&self, ctx: &Context, direction: Direction, error: Error) -> Error {
        let error = self.name_remedies(error);
        if ctx.is_probe() {
            return error;
        }
        self.log_failure(ctx, direction, &error);
        if error.is_counted() { error } else { metric::count_failure(direction, error) }
    }

    /// Returns an error with the names of the settings that decide about it: for failures of a caller
    /// that happen before or after a call, such as its own accounting of memory.
    #[must_use]
    pub fn name_remedies(&self, error: Error) -> Error {
        match self.remedy_name {
            Some(name) => error.rename_remedies(name),
            None => error.name_remedies(builder_method),
        }
    }

    fn log_failure(&self, ctx: &Context, direction: Direction, error: &Error) {
        // A macro, because tracing fixes the level of an event at compile time.
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
