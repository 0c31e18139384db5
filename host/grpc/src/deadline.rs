//! Deadline of a call: the header `grpc-timeout`.

use std::{future::Future, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::status::{Code, Status};

/// Header with the time that the caller waits.
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Most digits of a timeout, as gRPC has it.
const DIGITS: usize = 8;

/// Returns when the caller stops waiting, if it says so.
#[must_use]
pub fn deadline(headers: &HeaderMap, now: Instant) -> Option<Instant> {
    let timeout = parse(headers.get(GRPC_TIMEOUT)?.to_str().ok()?)?;
    now.checked_add(timeout)
}

/// Returns the header for the time that is left. Zero is written as one nanosecond, because servers
/// refuse zero.
#[must_use]
pub fn remaining(deadline: Instant, now: Instant) -> HeaderValue {
    let left = deadline.saturating_duration_since(now);
    // The finest unit that leaves no more than eight digits.
    let (number, unit) = match left.as_nanos() {
        nanos if nanos < 100_000_000 => (nanos.max(1), 'n'),
        nanos if nanos / 1_000 < 100_000_000 => (nanos / 1_000, 'u'),
        nanos if nanos / 1_000_000 < 100_000_000 => (nanos / 1_000_000, 'm'),
        nanos => ((nanos / 1_000_000_000).min(99_999_999), 'S'),
    };
    HeaderValue::from_str(&format!("{number}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("1n"))
}

/// Waits for work, but no longer than the caller does.
///
/// # Errors
/// Those of the work, and `DeadlineExceeded`.
pub async fn within<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    timeout_at(deadline, work).await.unwrap_or_else(|_| {
        Err(Status::new(Code::DeadlineExceeded, "the call was not done within its `grpc-timeout`"))
    })
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number =
        (1..=DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_grpc_writes() {
        assert_eq!(parse("30000000u"), Some(Duration::from_secs(30)));
        assert_eq!(parse("9946m"), Some(Duration::from_millis(9946)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in ["", "u", "1", "-1S", "123456789n", "1s", "1.5S", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn forwards_the_rest() {
        let now = Instant::now();
        for (left, expect) in [
            (Duration::ZERO, "1n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_secs(30), "30000000u"),
            (Duration::from_secs(3_600), "3600000m"),
            (Duration::from_secs(200_000), "200000S"),
        ] {
            assert_eq!(remaining(now + left, now), expect);
        }
    }
}
