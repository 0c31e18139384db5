//! Verdicts on rules, and how checks reach them.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use cloakroom_core::{Error, ErrorKind};
use futures::FutureExt as _;

/// Result of trying one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The rule was kept in so many cases.
    Passed {
        /// Cases that were tried.
        cases: usize,
    },
    /// The rule was broken.
    Failed {
        /// First case that broke it, such as `65,537 bytes of text`.
        case: String,
        /// Outcome in place of the one that the rule asks for.
        found: String,
    },
    /// The rule was not tried, and nothing is known.
    NotRun {
        /// The part that is missing.
        reason: String,
    },
}

/// Reason for which a check ends before its last case.
pub(crate) enum Stop {
    Broken { case: String, found: String },
    NotRun(String),
}

/// Number of cases that kept a rule, or the reason to stop.
pub(crate) type Checked = Result<usize, Stop>;

impl From<Checked> for Verdict {
    fn from(checked: Checked) -> Self {
        match checked {
            Ok(cases) => Self::Passed { cases },
            Err(Stop::Broken { case, found }) => Self::Failed { case, found },
            Err(Stop::NotRun(reason)) => Self::NotRun { reason },
        }
    }
}

/// Returns the end of a check whose rule was broken in this case.
pub(crate) fn broken(case: impl Into<String>, found: impl Into<String>) -> Stop {
    Stop::Broken { case: case.into(), found: found.into() }
}

/// Returns the end of a check that lacks something.
pub(crate) fn not_run(reason: impl Into<String>) -> Stop {
    Stop::NotRun(reason.into())
}

/// Waits for a call of the implementation. A panic of a native one becomes an error, as a trap of a
/// plugin does, so that the rules after it are still tried.
pub(crate) async fn call<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(answer) => answer,
        Err(panic) => {
            Err(Error::new(ErrorKind::Trapped, format!("panicked: {}", panic_text(&*panic))))
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Returns an error and its causes in one line, with its kind in front.
pub(crate) fn describe(error: &Error) -> String {
    format!("`{}`: {}", error.kind().as_str(), error.report())
}

/// Returns what to do about an error at the largest input, if the input used up memory or time. In many
/// languages memory that runs out is a trap.
pub(crate) fn size_advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::LimitExceeded(_) | ErrorKind::Trapped => {
            "; only a refusal of its own is accepted: return `too-large` for what is larger than it can \
             take, before it reads the bytes, or raise the limit in its configuration"
        }
        _ => "",
    }
}

/// Returns what happened, if it is not one of the `allowed` kinds of error. `Ok` is never allowed.
pub(crate) fn unless_refused<T>(
    answer: &Result<T, Error>,
    allowed: &[ErrorKind],
) -> Option<String> {
    match answer {
        Ok(_) => Some("it was accepted".to_owned()),
        Err(error) if allowed.contains(&error.kind()) => None,
        Err(error) => Some(format!("it ended with {}", describe(error))),
    }
}
