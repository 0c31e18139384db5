//! What is counted, through the `metrics` facade: an embedder installs the recorder of its choice.
//!
//! Labels are names that a configuration gives, and words of ours; none grows with traffic.

use std::{sync::Arc, time::Instant};

use cloakroom_core::{Error, ErrorKind};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, histogram};

/// Calls of a stage or a driver that were begun. Labels: `part` (`stage` or `driver`), `name`,
/// `direction` (`encode` or `decode`).
pub const CALLS: &str = "cloakroom_calls_total";

/// Calls that failed. Labels: those of [`CALLS`], and `kind`.
pub const FAILURES: &str = "cloakroom_failures_total";

/// Bytes of payloads that went into calls. Labels: those of [`CALLS`].
pub const BYTES_IN: &str = "cloakroom_bytes_in_total";

/// Bytes of payloads that came out of calls. Labels: those of [`CALLS`].
pub const BYTES_OUT: &str = "cloakroom_bytes_out_total";

/// Seconds that calls took, waiting for an instance included. Labels: those of [`CALLS`].
pub const SECONDS: &str = "cloakroom_call_seconds";

/// Calls that wait for their first turn to compute. Label: `part`.
pub const WAITING: &str = "cloakroom_instances_waiting";

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
    describe_histogram!(WORKFLOW_RATIO, "Size of what a workflow sends, by its limit");
    describe_histogram!(ACTIVITY_RATIO, "Size of what an activity is sent, by its limit");
}

/// One call of a stage or a driver, while it lasts.
pub(crate) struct Call {
    labels: [(&'static str, metrics::SharedString); 3],
    began: Instant,
}

impl Call {
    pub(crate) fn begin(
        part: &'static str,
        name: &Arc<str>,
        direction: &'static str,
        bytes: Option<usize>,
    ) -> Self {
        let labels =
            [("part", part.into()), ("name", name.clone().into()), ("direction", direction.into())];
        counter!(CALLS, &labels).increment(1);
        if let Some(bytes) = bytes {
            counter!(BYTES_IN, &labels).increment(bytes as u64);
        }
        Self { labels, began: Instant::now() }
    }

    /// Counts how it ended. `bytes` is what a result weighs.
    pub(crate) fn end<T>(
        self,
        result: Result<T, Error>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        histogram!(SECONDS, &self.labels).record(self.began.elapsed());
        match &result {
            Ok(result) => counter!(BYTES_OUT, &self.labels).increment(bytes(result) as u64),
            Err(error) => self.failed(error.kind()),
        }
        result
    }

    fn failed(self, kind: ErrorKind) {
        let [part, name, direction] = self.labels;
        counter!(FAILURES, &[part, name, direction, ("kind", kind.word().into())]).increment(1);
    }
}

/// Counts what was refused before anybody was called.
pub(crate) fn refused(
    part: &'static str,
    name: &Arc<str>,
    direction: &'static str,
    error: Error,
) -> Error {
    Call::begin(part, name, direction, None).failed(error.kind());
    error
}
