//! Failures that the gateway reports for a worker.

use crate::exchange::proto::{put_bytes, put_number};

/// Identity in Temporal's history of a task that the gateway failed.
pub(crate) const IDENTITY: &[u8] = b"cloakroom-gateway";

/// Source of these failures, where an SDK names itself.
pub(crate) const SOURCE: &[u8] = b"Cloakroom";

/// `QUERY_RESULT_TYPE_FAILED`
pub(crate) const QUERY_FAILED: u64 = 2;

/// Returns `temporal.api.failure.v1.Failure` of an application, retryable. An operator finds it by its
/// type. `delay` is the number of seconds until the next attempt, if the retry policy does not decide.
pub(crate) fn own_failure(type_name: &[u8], report: &str, delay: Option<u64>) -> Vec<u8> {
    let (mut failure, mut info) = (Vec::new(), Vec::new());
    put_bytes(&mut info, 1, type_name);
    if let Some(seconds) = delay {
        let mut delay = Vec::new();
        put_number(&mut delay, 1, seconds);
        put_bytes(&mut info, 4, &delay);
    }
    put_bytes(&mut failure, 1, report.as_bytes());
    put_bytes(&mut failure, 2, SOURCE);
    put_bytes(&mut failure, 5, &info);
    failure
}
