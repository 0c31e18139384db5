//! Memory of failures of a key service: since when it fails, and when it is asked again.

use std::time::Duration;

use cloakroom_core::{ErrorKind, KeyFailure, KeyServiceError};

use crate::failure::Failure;

/// Shortest and longest pause between requests to a service that does not answer.
const UNAVAILABLE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// The same for one that wants fewer requests. A longer pause of its own is kept to, up to a minute.
const THROTTLED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Longest pause that a service can ask for: its answer is input.
const LONGEST: Duration = Duration::from_secs(60);

/// Pause after a refusal, which a person has to mend.
const REFUSED: Duration = Duration::from_secs(10);

/// A service's key that fails.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    pub(crate) kind: KeyFailure,
    pub(crate) since: Duration,
    pub(crate) text: String,
    pause: Duration,
    until: Duration,
}

impl Outage {
    /// Returns the outage after another failed request.
    pub(crate) fn next(before: Option<&Self>, error: &KeyServiceError, now: Duration) -> Self {
        let kind = error.kind();
        let pause = pause(before, kind);
        let since = before.map_or(now, |before| before.since);
        Self { kind, since, text: error.text().to_owned(), pause, until: now + pause }
    }

    /// Returns whether the service is not asked yet.
    pub(crate) fn is_pausing(&self, now: Duration) -> bool {
        now < self.until
    }

    /// Returns the failure of a payload: which service, why, and since when.
    pub(crate) fn failure(&self, uri: &str, ring: &str, now: Duration) -> Failure {
        let seconds = now.saturating_sub(self.since).as_secs();
        let since = if seconds == 0 { String::new() } else { format!(", for {seconds} s now") };
        failure(self.kind, uri, ring, &self.text, &since)
    }
}

/// Returns the failure of a payload whose key the service did not wrap or unwrap.
pub(crate) fn failure(kind: KeyFailure, uri: &str, ring: &str, text: &str, since: &str) -> Failure {
    let said = if text.is_empty() { String::new() } else { format!(" (it says: {text})") };
    let advice = kind.advice();
    Failure::new(
        kind.error_kind(),
        format!("key service `{uri}` of ring `{ring}` {advice}{since}{said}"),
    )
}

/// Returns the failure of a lookup that would cost the service a request that the ring does not allow.
pub(crate) fn over_budget(ring: &str, namespace: Option<&str>) -> Failure {
    let namespace = namespace.map_or_else(String::new, |name| format!(" in namespace `{name}`"));
    Failure::new(
        ErrorKind::Busy,
        format!(
            "ring `{ring}` asks its key service for no more unknown keys{namespace} now: too many of \
             them did not unwrap, so somebody may be forging payloads"
        ),
    )
}

fn pause(before: Option<&Outage>, kind: KeyFailure) -> Duration {
    let doubled = |(shortest, longest): (Duration, Duration)| {
        let before = before.filter(|before| before.kind.as_str() == kind.as_str());
        before.map_or(shortest, |before| (before.pause * 2).min(longest))
    };
    match kind {
        KeyFailure::Unavailable => doubled(UNAVAILABLE),
        KeyFailure::Throttled { pause } => {
            pause.unwrap_or_default().min(LONGEST).max(doubled(THROTTLED))
        }
        _ => REFUSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(before: Option<&Outage>, kind: KeyFailure, now: Duration) -> Outage {
        Outage::next(before, &KeyServiceError::new(kind, "it said"), now)
    }

    #[test]
    fn pauses_grow_and_end() {
        let first = fail(None, KeyFailure::Unavailable, SECOND);
        assert!(first.is_pausing(SECOND) && !first.is_pausing(SECOND * 2));
        let mut last = first;
        for _ in 0..20 {
            last = fail(Some(&last), KeyFailure::Unavailable, SECOND * 100);
        }
        assert!(last.is_pausing(SECOND * 109) && !last.is_pausing(SECOND * 110));
        let text = cloakroom_core::Error::from(last.failure("vault://t/k", "r", SECOND * 100));
        let expect = "key service `vault://t/k` of ring `r` does not answer: check that it runs and can \
                      be reached, for 99 s now (it says: it said)";
        assert_eq!(text.to_string(), expect);
        assert!(text.kind().is_transient());
    }

    #[test]
    fn a_service_that_throttles_gets_the_pause_that_it_asks_for_within_a_bound() {
        let asked = |seconds| KeyFailure::Throttled { pause: Some(SECOND * seconds) };
        assert!(fail(None, asked(20), SECOND).is_pausing(SECOND * 20));
        assert!(!fail(None, asked(3600), SECOND).is_pausing(SECOND * 61));
        assert!(fail(None, asked(0), SECOND).is_pausing(SECOND + SECOND / 2));
    }
}
