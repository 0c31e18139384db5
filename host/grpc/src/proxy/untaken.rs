//! Answers of one connection that its caller does not take.
//!
//! A caller that opens calls and reads nothing keeps every answer in memory, which all callers share.
//! HTTP/2 has no time limit for that: to keep the window closed is allowed for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::sleep;

/// Counts of the answers that are under way, by the half of the time limit in which they began.
///
/// Three counts instead of a list of times: a call then costs two additions, and no lock that all calls
/// of the connection share.
#[derive(Debug, Default)]
pub(super) struct Answers {
    half: AtomicUsize,
    open: [AtomicUsize; 3],
}

/// An answer that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct OpenAnswer {
    answers: Arc<Answers>,
    half: usize,
}

impl Answers {
    /// Counts an answer that begins.
    pub(super) fn begin(self: &Arc<Self>) -> OpenAnswer {
        let half = self.half.load(Ordering::Relaxed);
        self.count(half).fetch_add(1, Ordering::Relaxed);
        OpenAnswer { answers: self.clone(), half }
    }

    /// Completes once an answer has been under way for this time. It may take half as long again.
    pub(super) async fn untaken(&self, limit: Duration) {
        loop {
            sleep(limit / 2).await;
            if self.turn() {
                return;
            }
        }
    }

    /// Begins the next half, and returns whether an answer is left of those that began two halves before
    /// the one that ends.
    fn turn(&self) -> bool {
        let next = self.half.load(Ordering::Relaxed).wrapping_add(1);
        if self.count(next).load(Ordering::Relaxed) > 0 {
            return true;
        }
        self.half.store(next, Ordering::Relaxed);
        false
    }

    fn count(&self, half: usize) -> &AtomicUsize {
        let [first, second, third] = &self.open;
        match half % 3 {
            0 => first,
            1 => second,
            _ => third,
        }
    }
}

impl Drop for OpenAnswer {
    fn drop(&mut self) {
        self.answers.count(self.half).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_stays_is_untaken() {
        let answers = Arc::new(Answers::default());
        for _ in 0..10 {
            // Each ends within the limit, and there is always one.
            let answer = answers.begin();
            assert!(!answers.turn() && !answers.turn());
            drop(answer);
        }
        let stays = answers.begin();
        assert!(!answers.turn());
        drop(answers.begin());
        assert!(!answers.turn());
        assert!(answers.turn());
        drop(stays);
        assert!(!answers.turn());
    }
}
