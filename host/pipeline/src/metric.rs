//! Metrics, recorded through the `metrics` facade: an embedder installs the recorder of its choice.
//!
//! Labels are names from the configuration and fixed words, so their number does not grow with traffic.

use cloakroom_core::{Context, Direction, Error, MemoryBudget};
use metrics::{
    Key, Level, Metadata, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    with_recorder,
};

use crate::labels::{BoundedLabels, OTHER, label};

/// Calls of a stage or a driver. Labels: `part` (`stage` or `driver`), `name`,
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

/// Unencrypted payloads that a stage with `Stage::required_to_encode` let pass, and that
/// `Stage::required` would refuse. Label: `namespace`.
pub const PLAINTEXT: &str = "cloakroom_plaintext_total";

/// Plugins that were compiled, without those from a cache folder.
pub const COMPILATIONS: &str = "cloakroom_compilations_total";

/// Look-ups of objects in the cache. Label: `result` (`hit` or `miss`).
pub const OBJECT_CACHE: &str = "cloakroom_object_cache_total";

/// Always 1. Labels describe the build: `version`, `wasmtime`, `features`.
pub const BUILD_INFO: &str = "cloakroom_build_info";

/// Reloads of the configuration. Label: `result`: `success`, `failure` (the old one serves on), or
/// `partial` (the codec server's own settings stay as they were).
pub const RELOADS: &str = "cloakroom_reloads_total";

/// Gauge: 1 from a reload that failed until one succeeds, else 0.
pub const RELOAD_FAILING: &str = "cloakroom_reload_failing";

/// Time at which a configuration was last loaded completely, in seconds since 1970.
pub const LAST_RELOAD: &str = "cloakroom_last_reload_success_timestamp_seconds";

/// Bytes of memory that the host holds for calls.
pub const MEMORY: &str = "cloakroom_memory_bytes";

/// The most bytes of memory that the host has held for calls at once.
pub const MEMORY_PEAK: &str = "cloakroom_memory_peak_bytes";

/// Bytes of memory that the host may hold for calls.
pub const MEMORY_LIMIT: &str = "cloakroom_memory_limit_bytes";

/// Time at which a key was made, in seconds since 1970, if the configuration has it. Labels: `ring`, `key`.
pub const KEY_CREATED: &str = "cloakroom_key_created_timestamp_seconds";

/// 1 for the key that a ring encrypts with, and 0 for its other keys. Labels: `ring`, `key`.
pub const KEY_CURRENT: &str = "cloakroom_key_current";

/// Turns of other calls between a call's arrival and its first turn. Calls that did not wait are not
/// recorded. Label: `part`.
pub const TURNS_WAITED: &str = "cloakroom_turns_waited";

/// Origin of metrics that are recorded without a macro.
pub(crate) static METADATA: Metadata<'static> =
    Metadata::new("cloakroom_pipeline", Level::INFO, Some(module_path!()));

// Made once: a key is a hash of its name, and each call records these.
static MEMORY_KEY: Key = Key::from_static_name(MEMORY);
static MEMORY_PEAK_KEY: Key = Key::from_static_name(MEMORY_PEAK);
static MEMORY_LIMIT_KEY: Key = Key::from_static_name(MEMORY_LIMIT);

/// Buckets of [`SECONDS`], from a warm call to a store that timed out.
pub const SECONDS_BUCKETS: [f64; 12] =
    [0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Buckets of [`TURNS_WAITED`].
pub const TURNS_BUCKETS: [f64; 7] = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0];

/// Describes each metric to the installed recorder.
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

/// Records the memory that a budget counts. Called when a call begins, and when metrics are rendered.
pub fn record_memory(budget: &MemoryBudget) {
    let values = [
        (&MEMORY_KEY, budget.used() as f64),
        (&MEMORY_PEAK_KEY, budget.peak() as f64),
        (&MEMORY_LIMIT_KEY, budget.process_bytes().get() as f64),
    ];
    with_recorder(|recorder| {
        for (key, value) in values {
            recorder.register_gauge(key, &METADATA).set(value);
        }
    });
}

/// Counts a look-up of an object in the cache.
pub(crate) fn count_lookup(ctx: &Context, found: bool) {
    if !ctx.is_probe() {
        let result = if found { "hit" } else { "miss" };
        counter!(OBJECT_CACHE, "result" => result).increment(1);
    }
}

/// Namespaces that have a label of their own.
static NAMESPACES: BoundedLabels<String> = BoundedLabels::new();

/// Counts an unencrypted payload that a stage let pass.
pub(crate) fn count_plaintext(ctx: &Context) {
    let namespace = label(ctx.namespace_name().unwrap_or_default());
    let namespace = if NAMESPACES.admit(&namespace) { namespace } else { OTHER.to_owned() };
    counter!(PLAINTEXT, "namespace" => namespace).increment(1);
}
