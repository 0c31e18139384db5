//! Metrics of the sizes of fields, by the names that users of workflow engines know.

use cloakroom_pipeline::SizeMetrics;
use metrics::describe_histogram;

/// Ratio of each weighed size to its limit, of workflows. Labels: `namespace`, `workflow_name`.
pub const WORKFLOW_RATIO: &str = "runtime_workflow_payload_size_ratio";

/// Ratio of each weighed size to its limit, of activities. Labels: `namespace`, `workflow_name`,
/// `activity_name`.
pub const ACTIVITY_RATIO: &str = "runtime_workflow_activity_payload_size_ratio";

/// Buckets of [`WORKFLOW_RATIO`] and [`ACTIVITY_RATIO`].
pub const RATIO_BUCKETS: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0, 1.5, 2.0];

/// Metrics of a [`cloakroom_pipeline::SizeMeter`] for Temporal.
pub const SIZES: SizeMetrics = SizeMetrics { workflow: WORKFLOW_RATIO, activity: ACTIVITY_RATIO };

/// Describes the metrics to the installed recorder.
pub fn describe() {
    describe_histogram!(WORKFLOW_RATIO, "Size of what a workflow sends, by its limit");
    describe_histogram!(ACTIVITY_RATIO, "Size of what an activity is sent, by its limit");
}
