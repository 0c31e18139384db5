//! Lines on standard error: a run takes a minute, and somebody waits.

use std::time::{Duration, Instant};

/// Progress lines of one scenario.
pub(crate) struct Progress {
    title: &'static str,
    last: Option<(Instant, String)>,
}

impl Progress {
    pub(crate) fn of(title: &'static str) -> Self {
        Self { title, last: None }
    }

    /// Prints an event.
    pub(crate) fn say(&self, line: &str) {
        eprintln!("[{}] {line}", self.title);
    }

    /// Prints the state, at most once a second, and only if it has changed.
    pub(crate) fn now(&mut self, line: &str) {
        let soon = |at: &Instant| at.elapsed() < Duration::from_secs(1);
        if self.last.as_ref().is_none_or(|(at, last)| !soon(at) && last != line) {
            self.say(line);
            self.last = Some((Instant::now(), line.to_owned()));
        }
    }
}
