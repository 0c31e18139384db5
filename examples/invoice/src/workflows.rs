//! The two workflows. Nothing in them knows of Cloakroom.

use std::time::Duration;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowContextView, WorkflowResult};

use crate::activities::Desk;

/// Below what Temporal takes in one field, which is 2 MiB.
pub(crate) const INVOICE: usize = 1_500_000;

/// Above it.
pub(crate) const LEDGER: usize = 3_000_000;

/// Three people make thirteen checks each.
const PEOPLE: [&str; 3] = ["clerk", "controller", "auditor"];
const CHECKS: [&str; 13] = [
    "vendor",
    "order",
    "delivery",
    "quantity",
    "price",
    "discount",
    "freight",
    "tax",
    "total",
    "reference",
    "bank",
    "IBAN",
    "date",
];

/// Pays an invoice: it is read, and then thirty-nine steps decide on what was read.
#[workflow]
#[derive(Default)]
pub(crate) struct PayInvoice {
    passed: usize,
}

#[workflow_methods]
impl PayInvoice {
    /// Gives what was decided, in a sentence.
    #[run]
    pub(crate) async fn run(
        ctx: &mut WorkflowContext<Self>,
        (invoice, size): (String, usize),
    ) -> WorkflowResult<String> {
        let scan = ctx.execute_activity(Desk::read_scan, size, patience()).await?;
        for person in PEOPLE {
            for check in CHECKS {
                let step = format!("{person}: {check}");
                let decided = ctx.execute_activity(Desk::decide, (scan.clone(), step), patience());
                let passed = usize::from(decided.await?.passed);
                ctx.state_mut(|state| state.passed += passed);
            }
        }
        let passed = ctx.state(|state| state.passed);
        Ok(format!("{invoice}: {passed} of {} checks passed", PEOPLE.len() * CHECKS.len()))
    }

    /// Number of checks that have passed so far.
    #[query]
    pub(crate) fn passed(&self, _: &WorkflowContextView) -> usize {
        self.passed
    }
}

/// Files a ledger: one step, and its result is large.
#[workflow]
#[derive(Default)]
pub(crate) struct Archive;

#[workflow_methods]
impl Archive {
    /// Gives what was filed, in a sentence.
    #[run]
    pub(crate) async fn run(
        ctx: &mut WorkflowContext<Self>,
        (ledger, size): (String, usize),
    ) -> WorkflowResult<String> {
        let scan = ctx.execute_activity(Desk::read_scan, size, patience()).await?;
        Ok(format!("{ledger}: {} words filed", scan.words()))
    }
}

/// Time limit of a step. Its retry policy is the default: no limit.
fn patience() -> ActivityOptions {
    ActivityOptions::start_to_close_timeout(Duration::from_secs(30))
}
