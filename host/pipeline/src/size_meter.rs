//! Weighs what is about to be sent, and keeps count of how close to the limit it comes.

use cloakroom_core::{Context, Kind};
use metrics::histogram;

use crate::{
    Budget, Verdict,
    labels::{Names, OTHER, label},
    metric,
};

/// Gives the verdicts of budgets, and records each as a metric.
#[derive(Debug, Default)]
pub struct SizeMeter(Names<[String; 3]>);

/// Whose size it is. Empty where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeLabels<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The workflow's name.
    pub workflow: &'a str,
    /// The activity's name, if it is dispatched to an activity.
    pub activity: Option<&'a str>,
}

impl<'a> SizeLabels<'a> {
    /// What a context knows.
    pub fn of(ctx: &'a Context) -> Self {
        let namespace = ctx.namespace_name().unwrap_or_default();
        let name = ctx.type_name().unwrap_or_default();
        match ctx.kind() {
            Some(Kind::Activity) => Self { namespace, workflow: "", activity: Some(name) },
            _ => Self { namespace, workflow: name, activity: None },
        }
    }
}

impl SizeMeter {
    /// Whether something of this size may be sent. Where there is no limit there is no metric: a
    /// ratio to nothing is no number.
    pub fn weigh(&self, budget: Budget, size: u64, subject: SizeLabels<'_>) -> Verdict {
        if let Some(ratio) = budget.ratio(size) {
            self.record(ratio, subject);
        }
        budget.verdict(size)
    }

    fn record(&self, ratio: f64, subject: SizeLabels<'_>) {
        let SizeLabels { namespace, workflow, activity } = subject;
        let names = [namespace, workflow, activity.unwrap_or_default()].map(label);
        let [namespace, workflow, name] = match self.0.admit(&names) {
            true => names,
            false => [OTHER, OTHER, OTHER].map(str::to_owned),
        };
        match activity {
            None => {
                let labels = [("namespace", namespace), ("workflow_name", workflow)];
                histogram!(metric::WORKFLOW_RATIO, &labels).record(ratio);
            }
            Some(_) => {
                let labels = [
                    ("namespace", namespace),
                    ("workflow_name", workflow),
                    ("activity_name", name),
                ];
                histogram!(metric::ACTIVITY_RATIO, &labels).record(ratio);
            }
        }
    }
}
