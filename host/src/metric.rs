//! Metrics, recorded through the `metrics` facade: an embedder installs the recorder of its choice.

pub use cloakroom_pipeline::metric::*;
pub use cloakroom_temporal::metric::{ACTIVITY_RATIO, RATIO_BUCKETS, SIZES, WORKFLOW_RATIO};

/// Describes each metric to the installed recorder.
pub fn describe() {
    cloakroom_keys::metric::describe();
    cloakroom_pipeline::metric::describe();
    cloakroom_temporal::metric::describe();
}
