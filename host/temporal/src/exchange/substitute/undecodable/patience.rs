//! Repeated decoding, while a store, a key service or a queue is not available.
//!
//! The pipeline does not repeat anything, because it does not know how long its caller may wait. The
//! exchange knows: a task has a timeout, and a caller has a deadline.

use std::{future::Future, pin::pin, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use tokio::time::{Instant, sleep, timeout_at};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Longest time in which attempts begin. One of the worker's pollers waits for that long.
const LONGEST: Duration = Duration::from_secs(30);

/// Time in which decoding is attempted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// No attempt begins after it. The worker needs the rest of the time for the task itself.
    begin_until: Instant,
    /// An attempt that is still running then is dropped. What is left is the time to fail the task:
    /// a task that nobody fails is lost until it times out, without a cause.
    end: Option<Instant>,
}

impl Patience {
    /// Returns the patience of a caller who waits this long, or of one who does not say.
    pub(super) fn new(now: Instant, left: Option<Duration>) -> Self {
        let attempts = left.map_or(LONGEST, |left| (left / 2).min(LONGEST));
        Self { begin_until: now + attempts, end: left.map(|left| now + left / 10 * 9) }
    }

    /// Returns the pause before the next attempt, after so many; none if there is no time for one.
    fn pause(&self, now: Instant, attempts: u32) -> Option<Duration> {
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
        let pause = doubled.min(LONGEST_PAUSE);
        (now + pause <= self.begin_until).then_some(pause)
    }

    /// Waits for the first attempt, and makes others until one succeeds, fails for good, or time is
    /// over. `stopping` ends the pauses.
    ///
    /// # Errors
    /// The last failure. `Unavailable` if the last attempt did not end in time.
    pub(super) async fn attempt<T, F: Future<Output = Result<T, Error>>>(
        &self,
        stopping: impl Future<Output = ()>,
        first: impl Future<Output = Result<T, Error>>,
        mut again: impl FnMut() -> F,
    ) -> Result<T, Error> {
        let (mut stopping, mut attempts) = (pin!(stopping), 1);
        let mut result = self.bound(first, None).await;
        loop {
            let error = match result {
                Err(error) if error.kind().is_transient() => error,
                result => return result,
            };
            let Some(pause) = self.pause(Instant::now(), attempts) else { return Err(error) };
            tokio::select! {
                () = sleep(pause) => {}
                // A shutdown waits half a minute for open calls, and then aborts them.
                () = &mut stopping => return Err(error),
            }
            result = self.bound(again(), Some(error)).await;
            attempts += 1;
        }
    }

    /// Waits for an attempt until the end, with the failure before it.
    async fn bound<T>(
        &self,
        attempt: impl Future<Output = Result<T, Error>>,
        before: Option<Error>,
    ) -> Result<T, Error> {
        match self.end {
            Some(end) => timeout_at(end, attempt).await.unwrap_or_else(|_| Err(late(before))),
            None => attempt.await,
        }
    }
}

/// Returns the error of an attempt that did not end, with the failure before it.
fn late(before: Option<Error>) -> Error {
    let text =
        "decoding did not end while there was time: a store or a key service does not answer";
    let late = Error::new(ErrorKind::Unavailable, text);
    match before {
        Some(before) => late.with_source(before),
        None => late,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn fails(kind: ErrorKind) -> Error {
        Error::new(kind, "no store")
    }

    #[test]
    fn pauses_double_and_end_at_half_of_the_time() {
        let now = Instant::now();
        let patience = Patience::new(now, Some(Duration::from_secs(10)));
        let pauses = |at| [1, 2, 3, 6, 999].map(|attempts| patience.pause(at, attempts));
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(
            pauses(now),
            [millis(100), millis(200), millis(400), millis(3000), millis(3000)]
        );
        let late = now + Duration::from_millis(4800);
        assert_eq!(pauses(late), [millis(100), millis(200), None, None, None]);
        let unknown = Patience::new(now, None);
        assert_eq!(unknown.pause(now + Duration::from_secs(27), 999), millis(3000));
        assert_eq!(unknown.pause(now + Duration::from_secs(28), 999), None);
    }

    #[tokio::test]
    async fn only_what_may_go_away_is_tried_again() {
        let patience = Patience::new(Instant::now(), None);
        let mut tries = 1;
        let busy = async { Err(fails(ErrorKind::Busy)) };
        let found = patience.attempt(pending(), busy, || {
            tries += 1;
            ready(if tries < 3 { Err(fails(ErrorKind::Unavailable)) } else { Ok(tries) })
        });
        assert_eq!(found.await.unwrap(), 3);
        let missing = async { Err(fails(ErrorKind::NotFound)) };
        let refused = patience.attempt(pending(), missing, async || Ok(()));
        assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn an_attempt_that_hangs_is_dropped_with_the_cause_before_it() {
        let patience = Patience::new(Instant::now(), Some(Duration::from_secs(1)));
        let busy = async { Err::<(), _>(fails(ErrorKind::Busy)) };
        let error = patience.attempt(pending(), busy, pending).await.unwrap_err();
        assert!(error.report().ends_with("no store"), "{}", error.report());
        let hung = patience.attempt(pending(), pending::<Result<(), _>>(), async || Ok(()));
        assert_eq!(hung.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn a_shutdown_ends_the_pauses() {
        let patience = Patience::new(Instant::now(), None);
        let busy = async { Err(fails(ErrorKind::Busy)) };
        let stopped = patience.attempt(async {}, busy, async || Ok(()));
        assert_eq!(stopped.await.unwrap_err().kind(), ErrorKind::Busy);
    }
}
