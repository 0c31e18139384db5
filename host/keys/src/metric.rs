//! Metrics of rings over key services. Labels are names from the configuration and fixed words.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metrics::{
    Key, Level, Metadata, SharedString, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram, with_recorder,
};

static METADATA: Metadata<'static> =
    Metadata::new("cloakroom_keys", Level::INFO, Some(module_path!()));

/// Requests to key services. Labels: `ring`, `service`, `operation` (`wrap` or `unwrap`), `outcome`
/// (`success`, or the kind of failure).
pub const REQUESTS: &str = "cloakroom_key_service_requests_total";

/// Seconds that requests to key services took. Labels: `ring`, `service`, `operation`.
pub const SECONDS: &str = "cloakroom_key_service_request_seconds";

/// Gauge: 1 from a failed request to a key service until one succeeds, else 0. Labels: `ring`, `service`.
pub const FAILING: &str = "cloakroom_key_service_failing";

/// Look-ups of data keys that open. Labels: `ring`, `result` (`hit`, `miss`, or `refused` for ids that
/// were not asked for).
pub const OPENED: &str = "cloakroom_data_key_lookups_total";

/// Data keys that were made. Label: `ring`.
pub const MADE: &str = "cloakroom_data_keys_made_total";

/// Time at which the newest data key was made, in seconds since 1970. Label: `ring`.
pub const CREATED: &str = "cloakroom_data_key_created_timestamp_seconds";

/// Payloads that a data key had sealed in this process when it was replaced. Label: `ring`.
pub const MESSAGES: &str = "cloakroom_data_key_messages";

/// Requests to the buckets of wrapped keys. Labels: `ring`, `operation` (`store` or `read`), `outcome`
/// (`success`, the kind of failure, or `paused` for those that were not sent because of an earlier one).
pub const WRAPPED: &str = "cloakroom_wrapped_key_requests_total";

/// Describes the metrics of this crate to the recorder.
pub fn describe() {
    describe_counter!(REQUESTS, "requests to key services");
    describe_histogram!(SECONDS, Unit::Seconds, "time of requests to key services");
    describe_gauge!(FAILING, "1 while a key service fails");
    describe_counter!(OPENED, "look-ups of data keys that open payloads");
    describe_counter!(WRAPPED, "requests to the buckets of wrapped keys");
    describe_counter!(MADE, "data keys that were made");
    describe_gauge!(CREATED, Unit::Seconds, "time at which the newest data key was made");
    describe_histogram!(MESSAGES, "payloads that a data key sealed before it was replaced");
}

pub(crate) fn request(
    ring: &str,
    service: &str,
    operation: &'static str,
    outcome: &'static str,
    time: Duration,
) {
    let labels = [("ring", ring.to_owned()), ("service", service.to_owned())];
    let [ring, service] = labels;
    let timed = [ring.clone(), service.clone(), ("operation", operation.to_owned())];
    histogram!(SECONDS, &timed).record(time.as_secs_f64());
    let [.., operation] = timed;
    counter!(REQUESTS, &[ring, service, operation, ("outcome", outcome.to_owned())]).increment(1);
}

pub(crate) fn failing(ring: &str, service: &str, is_failing: bool) {
    let labels = [("ring", ring.to_owned()), ("service", service.to_owned())];
    gauge!(FAILING, &labels).set(if is_failing { 1.0 } else { 0.0 });
}

/// Counters of look-ups, by result. Each payload counts, so their labels are made once.
pub(crate) struct Lookups {
    pub(crate) hit: Lookup,
    pub(crate) miss: Lookup,
    pub(crate) refused: Lookup,
}

/// Counter of look-ups with one result.
pub(crate) struct Lookup(Key);

impl Lookups {
    pub(crate) fn new(ring: &Arc<str>) -> Self {
        let of = |result: &'static str| {
            let labels: [(_, SharedString); 2] =
                [("ring", ring.clone().into()), ("result", result.into())];
            Lookup(Key::from_parts(OPENED, &labels))
        };
        Self { hit: of("hit"), miss: of("miss"), refused: of("refused") }
    }
}

impl Lookup {
    // No handle of the recorder is kept: a program may install one late.
    pub(crate) fn count(&self) {
        with_recorder(|recorder| recorder.register_counter(&self.0, &METADATA).increment(1));
    }
}

pub(crate) fn wrapped(ring: &str, operation: &'static str, outcome: &'static str) {
    let labels = [("ring", ring.to_owned()), ("operation", operation.to_owned())];
    let [ring, operation] = labels;
    counter!(WRAPPED, &[ring, operation, ("outcome", outcome.to_owned())]).increment(1);
}

pub(crate) fn made(ring: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    counter!(MADE, "ring" => ring.to_owned()).increment(1);
    gauge!(CREATED, "ring" => ring.to_owned()).set(now.as_secs_f64());
}

pub(crate) fn replaced(ring: &str, messages: u64) {
    histogram!(MESSAGES, "ring" => ring.to_owned()).record(messages as f64);
}
