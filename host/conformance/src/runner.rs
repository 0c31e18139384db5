//! Runs the rules of a suite, one after another.

use futures::future::BoxFuture;

use crate::{Outcome, Report, Rule, Subject, Verdict, options::Options, verdict::Checked};

/// Rules that look at a description and make no call.
const CALLS_NOTHING: [&str; 3] = ["description", "description-stable", "kind"];

/// Check of one rule against an implementation.
pub(crate) type Check<S> = for<'a> fn(&'a S) -> BoxFuture<'a, Checked>;

/// Rule, and the check that tries it.
pub(crate) struct Entry<S: 'static> {
    pub(crate) rule: Rule,
    pub(crate) check: Check<S>,
}

impl<S> Entry<S> {
    pub(crate) const fn new(
        subject: Subject,
        id: &'static str,
        title: &'static str,
        reason: &'static str,
        check: Check<S>,
    ) -> Self {
        Self { rule: Rule { id, title, reason, subject }, check }
    }
}

/// Tries the rules that the options ask for.
///
/// One after another, because a rule may make a shared backend fail on purpose.
pub(crate) async fn run<S>(subject: &S, entries: &'static [Entry<S>], options: &Options) -> Report {
    let mut outcomes = Vec::new();
    let is_asked = |id: &str| options.only.is_empty() || options.only.iter().any(|only| only == id);
    for entry in entries.iter().filter(|entry| is_asked(entry.rule.id)) {
        report(options, &entry.rule, None);
        let verdict = match &options.unreachable {
            Some(reason) if !CALLS_NOTHING.contains(&entry.rule.id) => {
                Verdict::NotRun { reason: reason.clone() }
            }
            _ => Verdict::from((entry.check)(subject).await),
        };
        let outcome = Outcome { rule: &entry.rule, verdict };
        report(options, &entry.rule, Some(&outcome));
        outcomes.push(outcome);
    }
    Report { seed: options.seed, outcomes }
}

fn report(options: &Options, rule: &'static Rule, outcome: Option<&Outcome>) {
    if let Some(progress) = &options.progress {
        progress(rule, outcome);
    }
}
