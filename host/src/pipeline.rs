//! Types around a [`Pipeline`](crate::Pipeline): its builder, budgets, and what a call is made for.

pub use crate::config::setting_name;
pub use cloakroom_core::{CallMemory, Charge, Direction, Kind, MemoryBudget, Remedy};
pub use cloakroom_pipeline::{
    Budget, Envelopes, Mode, NamespaceRules, PipelineBuilder, PipelineError, PipelineSource,
    SizeLabels, SizeMeter, SizeMetrics, Verdict,
};
