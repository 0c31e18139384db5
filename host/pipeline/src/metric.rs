//! What is counted, through the `metrics` facade: an embedder installs the recorder of its choice.
//!
//! Labels are names that a configuration gives, and words of ours; none grows with traffic.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom_core::{Context, Direction, Error, MemoryBudget};
use metrics::{
    SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

use crate::labels::{Names, OTHER, label};

/// Calls of a stage or a driver that were begun. Labels: `part` (`stage` or `driver`), `name`,
/// `direction` (`encode` or `decode`).
pub const CALLS: &str = "cloakroom_calls_total";

/// Calls that failed, and calls of a whole pipeline that failed outside of its stages and drivers,
/// with `part` and `name` `pipeline`. Labels: those of [`CALLS`], and `kind`.
pub const FAILURES: &str = "cloakroom_failures_total";

/// Bytes of payloads that went into calls. Labels: those of [`CALLS`].
pub const BYTES_IN: &str = "cloakroom_bytes_in_total";

/// Bytes of payloads that came out of calls. Labels: those of [`CALLS`].
pub const BYTES_OUT: &str = "cloakroom_bytes_out_total";

/// Seconds that calls took, waiting for an instance included. Labels: those of [`CALLS`].
pub const SECONDS: &str = "cloakroom_call_seconds";

/// Calls that wait for their first turn to compute. Label: `part`.
pub const WAITING: &str = "cloakroom_instances_waiting";

/// Payloads that a stage with `required = "encode"` let pass unsealed: those that `required = true`
/// would refuse. Label: `namespace`.
pub const PLAINTEXT: &str = "cloakroom_plaintext_total";

/// Plugins that were compiled; those that came from a cache folder are not among them.
pub const COMPILATIONS: &str = "cloakroom_compilations_total";

/// Objects that were looked for in the cache. Label: `result` (`hit` or `miss`).
pub const OBJECT_CACHE: &str = "cloakroom_object_cache_total";

/// 1, with what was built. Labels: `version`, `wasmtime`, `features`.
pub const BUILD_INFO: &str = "cloakroom_build_info";

/// Reloads of the configuration. Label: `result`: `success`, `failure` (the old one serves on), or
/// `partial` (the codec server's own settings stay as they were).
pub const RELOADS: &str = "cloakroom_reloads_total";

/// Gauge: 1 from a reload that failed until one succeeds, else 0.
pub const RELOAD_FAILING: &str = "cloakroom_reload_failing";

/// When a configuration was last loaded whole, in seconds since 1970.
pub const LAST_RELOAD: &str = "cloakroom_last_reload_success_timestamp_seconds";

/// Bytes of memory that the host holds for calls.
pub const MEMORY: &str = "cloakroom_memory_bytes";

/// The most bytes of memory that the host has held for calls at once.
pub const MEMORY_PEAK: &str = "cloakroom_memory_peak_bytes";

/// Bytes of memory that the host may hold for calls: `limits.process_bytes`.
pub const MEMORY_LIMIT: &str = "cloakroom_memory_limit_bytes";

/// When a key was made, in seconds since 1970, if the configuration says so. Labels: `ring`, `key`.
pub const KEY_CREATED: &str = "cloakroom_key_created_timestamp_seconds";

/// 1 for the key that a ring seals with, and 0 for its other keys. Labels: `ring`, `key`.
pub const KEY_CURRENT: &str = "cloakroom_key_current";

/// Turns of other calls that began between a call's arrival and its first turn. Calls that did not
/// have to wait are not recorded. Label: `part`.
pub const TURNS_WAITED: &str = "cloakroom_turns_waited";

/// How much of the limit each weighed size was, of workflows. Labels: `namespace`, `workflow_name`.
pub const WORKFLOW_RATIO: &str = "runtime_workflow_payload_size_ratio";

/// The same of activities. Labels: `namespace`, `workflow_name`, `activity_name`.
pub const ACTIVITY_RATIO: &str = "runtime_workflow_activity_payload_size_ratio";

/// The buckets of [`WORKFLOW_RATIO`] and [`ACTIVITY_RATIO`].
pub const RATIO_BUCKETS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0, 1.5, 2.0];

/// The buckets of [`SECONDS`]: from a warm call to a store that is given up.
pub const SECONDS_BUCKETS: [f64; 12] =
    [0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// The buckets of [`TURNS_WAITED`].
pub const TURNS_BUCKETS: [f64; 7] = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0];

/// Tells the recorder that is installed what each metric is.
pub fn describe() {
    describe_counter!(CALLS, "Calls of a stage or a driver");
    describe_counter!(FAILURES, "Calls that failed, by kind");
    describe_counter!(BYTES_IN, Unit::Bytes, "Bytes of payloads that went into calls");
    describe_counter!(BYTES_OUT, Unit::Bytes, "Bytes of payloads that came out of calls");
    describe_histogram!(SECONDS, Unit::Seconds, "Seconds that calls took");
    describe_gauge!(WAITING, "Calls that wait for their first turn to compute");
    describe_histogram!(TURNS_WAITED, "Turns of other calls before a call's first turn");
    describe_counter!(PLAINTEXT, "Payloads that a stage let pass unsealed while decoding");
    describe_counter!(COMPILATIONS, "Plugins that were compiled");
    describe_counter!(OBJECT_CACHE, "Objects that were looked for in the cache");
    describe_gauge!(BUILD_INFO, "What was built");
    describe_counter!(RELOADS, "Reloads of the configuration");
    describe_gauge!(RELOAD_FAILING, "Whether the last reload failed");
    describe_gauge!(LAST_RELOAD, Unit::Seconds, "When a configuration was last loaded whole");
    describe_gauge!(MEMORY, Unit::Bytes, "Memory that is held for calls");
    describe_gauge!(MEMORY_PEAK, Unit::Bytes, "The most memory that was held for calls at once");
    describe_gauge!(MEMORY_LIMIT, Unit::Bytes, "Memory that may be held for calls");
    describe_gauge!(KEY_CREATED, Unit::Seconds, "When a key was made");
    describe_gauge!(KEY_CURRENT, "Whether a key is the one that its ring seals with");
    describe_histogram!(WORKFLOW_RATIO, "Size of what a workflow sends, by its limit");
    describe_histogram!(ACTIVITY_RATIO, "Size of what an activity is sent, by its limit");
}

/// One call of a stage or a driver, while it lasts.
pub(crate) struct Call {
    part: &'static str,
    name: Arc<str>,
    direction: &'static str,
    /// False for the host's own probes.
    is_traffic: bool,
    began: Instant,
}

impl Call {
    pub(crate) fn begin(
        ctx: &Context,
        part: &'static str,
        name: &Arc<str>,
        direction: Direction,
        bytes: Option<usize>,
    ) -> Self {
        let (name, direction, is_traffic) = (name.clone(), direction.as_str(), !ctx.is_probe());
        let call = Self { part, name, direction, is_traffic, began: Instant::now() };
        if is_traffic {
            let labels = call.labels();
            counter!(CALLS, &labels).increment(1);
            if let Some(bytes) = bytes {
                counter!(BYTES_IN, &labels).increment(bytes as u64);
            }
        }
        call
    }

    /// Counts how it ended. `bytes` is what a result weighs.
    pub(crate) fn end<T>(
        self,
        result: Result<T, Error>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        let took = self.began.elapsed();
        let bytes = result.as_ref().ok().map(bytes);
        self.log(took, bytes, result.as_ref().err());
        if self.is_traffic {
            let labels = self.labels();
            histogram!(SECONDS, &labels).record(took);
            if let Some(bytes) = bytes {
                counter!(BYTES_OUT, &labels).increment(bytes as u64);
            }
        }
        result.map_err(|error| self.failed(error))
    }

    fn failed(self, error: Error) -> Error {
        if self.is_traffic {
            let [part, name, direction] = self.labels();
            let kind = ("kind", error.kind().as_str().into());
            counter!(FAILURES, &[part, name, direction, kind]).increment(1);
        }
        error.counted()
    }

    fn log(&self, took: Duration, bytes_out: Option<usize>, error: Option<&Error>) {
        tracing::debug!(
            target: "cloakroom::pipeline",
            part = self.part,
            name = &*self.name,
            direction = self.direction,
            bytes_out,
            kind = error.map(|error| error.kind().as_str()),
            microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "called"
        );
    }

    fn labels(&self) -> [(&'static str, SharedString); 3] {
        [
            ("part", self.part.into()),
            ("name", self.name.clone().into()),
            ("direction", self.direction.into()),
        ]
    }
}

/// Counts what was refused before anybody was called.
pub(crate) fn refused(
    ctx: &Context,
    part: &'static str,
    name: &Arc<str>,
    direction: Direction,
    error: Error,
) -> Error {
    Call::begin(ctx, part, name, direction, None).failed(error)
}

/// Counts a pipeline's call that failed outside of its stages and drivers.
pub(crate) fn count_failure(direction: Direction, error: Error) -> Error {
    let labels = [
        ("part", "pipeline"),
        ("name", "pipeline"),
        ("direction", direction.as_str()),
        ("kind", error.kind().as_str()),
    ];
    counter!(FAILURES, &labels).increment(1);
    error.counted()
}

/// Records what a budget holds. It is asked for when a call begins, and when metrics are rendered.
pub fn record_memory(budget: &MemoryBudget) {
    gauge!(MEMORY).set(budget.used() as f64);
    gauge!(MEMORY_PEAK).set(budget.peak() as f64);
    gauge!(MEMORY_LIMIT).set(budget.process_bytes().get() as f64);
}

/// Counts an object that was looked for in the cache.
pub(crate) fn count_lookup(ctx: &Context, found: bool) {
    if !ctx.is_probe() {
        let result = if found { "hit" } else { "miss" };
        counter!(OBJECT_CACHE, "result" => result).increment(1);
    }
}

/// The namespaces that have a count of their own.
static NAMESPACES: Names<String> = Names::new();

/// Counts a payload that was let pass unsealed.
pub(crate) fn plaintext(ctx: &Context) {
    let namespace = label(ctx.namespace_name().unwrap_or_default());
    let namespace = if NAMESPACES.admit(&namespace) { namespace } else { OTHER.to_owned() };
    counter!(PLAINTEXT, "namespace" => namespace).increment(1);
}
