//! Meter of sizes: verdicts of budgets, and a metric of how close each size comes to its limit.

use cloakroom_core::{Context, Kind};
use metrics::histogram;

use crate::{
    Budget, Verdict,
    labels::{BoundedLabels, OTHER, label},
};

/// Weighs sizes against budgets, and records each ratio as a metric.
#[derive(Debug)]
pub struct SizeMeter {
    metrics: SizeMetrics,
    labels: BoundedLabels<[String; 3]>,
}

/// Names of the two histograms of a [`SizeMeter`], as the users of a workflow engine know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeMetrics {
    /// Ratio of sizes of workflows. Labels: `namespace`, `workflow_name`.
    pub workflow: &'static str,
    /// Ratio of sizes of activities. Labels: `namespace`, `workflow_name`, `activity_name`.
    pub activity: &'static str,
}

/// Owner of a size, as labels of a metric. Unknown names are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeLabels<'a> {
    /// Namespace.
    pub namespace: &'a str,
    /// Name of the workflow.
    pub workflow: &'a str,
    /// Name of the activity, if an activity is dispatched.
    pub activity: Option<&'a str>,
}

impl<'a> SizeLabels<'a> {
    /// Returns the labels of a context.
    #[must_use]
    pub fn from_context(ctx: &'a Context) -> Self {
        let namespace = ctx.namespace_name().unwrap_or_default();
        let name = ctx.type_name().unwrap_or_default();
        match ctx.kind() {
            Some(Kind::Activity) => Self { namespace, workflow: "", activity: Some(name) },
            Some(Kind::Nexus) => Self { namespace, workflow: "", activity: None },
            _ => Self { namespace, workflow: name, activity: None },
        }
    }
}

impl SizeMeter {
    /// Returns a meter that records these metrics.
    #[must_use]
    pub fn new(metrics: SizeMetrics) -> Self {
        Self { metrics, labels: BoundedLabels::new() }
    }

    /// Returns the budget's verdict on a size, and records the ratio. Without a limit there is no ratio.
    #[must_use]
    pub fn weigh(&self, budget: Budget, size: u64, subject: SizeLabels<'_>) -> Verdict {
        if let Some(ratio) = budget.ratio(size) {
            self.record(ratio, subject);
        }
        budget.verdict(size)
    }

    fn record(&self, ratio: f64, subject: SizeLabels<'_>) {
        let SizeLabels { namespace, workflow, activity } = subject;
        let names = [namespace, workflow, activity.unwrap_or_default()].map(label);
        // Admitted as one: with a bound for each label alone, 200 names of each would make eight
        // million series.
        let [namespace, workflow, name] =
            if self.labels.admit(&names) { names } else { [OTHER; 3].map(str::to_owned) };
        let mut labels = vec![("namespace", namespace), ("workflow_name", workflow)];
        let metric = if activity.is_some() {
            labels.push(("activity_name", name));
            self.metrics.activity
        } else {
            self.metrics.workflow
        };
        histogram!(metric, &labels).record(ratio);
    }
}
