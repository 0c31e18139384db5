//! Report of a suite: one outcome for each rule.

use std::fmt;

use crate::{Rule, Verdict};

/// Rule and what became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Rule,
    /// The verdict.
    pub verdict: Verdict,
}

/// Outcomes of all rules that a suite was asked for.
#[derive(Clone, Debug)]
pub struct Report {
    /// Seed of the inputs.
    pub seed: u64,
    /// Outcomes, in the order of the rules.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Returns whether no rule was broken. Rules that were not run count neither way.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Returns the outcomes of the rules that were broken.
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Failed { .. }))
    }

    /// Returns the ids of the rules that were broken.
    #[must_use]
    pub fn failed_ids(&self) -> Vec<&'static str> {
        self.failed().map(|outcome| outcome.rule.id).collect()
    }
}

/// Writes a line for each rule. For a rule that was broken, it also says in which case, why the rule
/// matters, and how to repeat it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Outcome { rule, verdict } in &self.outcomes {
            match verdict {
                Verdict::Passed { cases } => writeln!(f, "ok      {} ({cases} cases)", rule.id)?,
                Verdict::NotRun { reason } => writeln!(f, "not run {}: {reason}", rule.id)?,
                Verdict::Failed { case, found } => {
                    writeln!(f, "FAILED  {}: {}", rule.id, rule.title)?;
                    writeln!(f, "        case: {case}")?;
                    writeln!(f, "        found: {found}")?;
                    writeln!(f, "        reason: {}", rule.reason)?;
                    writeln!(f, "        repeat: rule `{}`, seed {}", rule.id, self.seed)?;
                }
            }
        }
        Ok(())
    }
}
