//! Metrics of the sizes of dispatches.
//!
//! A gateway records what it predicts under names of its own, so that a sidecar's series are not counted
//! twice. A program without a sidecar records what it dispatches under Dapr's names.

use cloakroom_pipeline::{BoundedLabels, OTHER, label};
use metrics::{describe_histogram, histogram};

/// Ratio of each dispatch to the sidecar's limit, as it was predicted last. One that will stall is recorded
/// when that is predicted, and any other when it arrives. Labels: `kind`, `app_id`, `namespace`,
/// `workflow_name`, `activity_name`.
pub const DISPATCH_RATIO: &str = "cloakroom_dapr_dispatch_ratio";

/// Ratio that the same dispatch would have without the pipeline. Labels: as of [`DISPATCH_RATIO`].
pub const DISPATCH_RATIO_WITHOUT: &str = "cloakroom_dapr_dispatch_ratio_without";

/// Dapr's ratio of each workflow's dispatch to the limit. Labels: `app_id`, `namespace`,
/// `workflow_name`.
pub const WORKFLOW_RATIO: &str = "dapr_runtime_workflow_payload_size_ratio";

/// Dapr's ratio of each activity's dispatch to the limit. Labels: `app_id`, `namespace`,
/// `workflow_name`, `activity_name`.
pub const ACTIVITY_RATIO: &str = "dapr_runtime_workflow_activity_payload_size_ratio";

/// Dapr's buckets, for all four histograms.
pub const RATIO_BUCKETS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0, 1.5, 2.0];

/// Describes the metrics to the installed recorder.
pub fn describe() {
    describe_histogram!(DISPATCH_RATIO, "Predicted size of a dispatch, by the sidecar's limit");
    describe_histogram!(
        DISPATCH_RATIO_WITHOUT,
        "Size of a dispatch without the pipeline, by the limit"
    );
    describe_histogram!(WORKFLOW_RATIO, "Size of a workflow's dispatch, by the limit");
    describe_histogram!(ACTIVITY_RATIO, "Size of an activity's dispatch, by the limit");
}

/// Names around a dispatch. Unknown ones are empty.
#[derive(Clone, Copy)]
pub(crate) struct Labels<'a> {
    pub(crate) app_id: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) workflow: &'a str,
    /// Name of the activity, if one is dispatched.
    pub(crate) activity: Option<&'a str>,
}

/// Records ratios under a bounded number of names.
#[derive(Debug, Default)]
pub(crate) struct DispatchMeter {
    names: BoundedLabels<[String; 2]>,
}

impl DispatchMeter {
    /// Records what a dispatch is predicted to weigh, and what it would weigh without the pipeline.
    pub(crate) fn record_prediction(&self, labels: Labels<'_>, ratio: f64, without: f64) {
        let [workflow, activity] = self.admit(labels);
        let kind = if labels.activity.is_some() { "activity" } else { "workflow" };
        let labels = [
            ("kind", kind.to_owned()),
            ("app_id", label(labels.app_id)),
            ("namespace", label(labels.namespace)),
            ("workflow_name", workflow),
            ("activity_name", activity),
        ];
        histogram!(DISPATCH_RATIO, &labels).record(ratio);
        histogram!(DISPATCH_RATIO_WITHOUT, &labels).record(without);
    }

    /// Records a dispatch under Dapr's names.
    pub(crate) fn record_dispatch(&self, labels: Labels<'_>, ratio: f64) {
        let [workflow, activity] = self.admit(labels);
        let mut own = vec![
            ("app_id", label(labels.app_id)),
            ("namespace", label(labels.namespace)),
            ("workflow_name", workflow),
        ];
        if labels.activity.is_none() {
            histogram!(WORKFLOW_RATIO, &own).record(ratio);
        } else {
            own.push(("activity_name", activity));
            histogram!(ACTIVITY_RATIO, &own).record(ratio);
        }
    }

    /// Returns the names as labels. Apps choose them, and each is a time series for as long as the
    /// process lives.
    fn admit(&self, labels: Labels<'_>) -> [String; 2] {
        let names = [labels.workflow, labels.activity.unwrap_or_default()].map(label);
        if self.names.admit(&names) { names } else { [OTHER; 2].map(str::to_owned) }
    }
}
