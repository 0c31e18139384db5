//! Sizes of messages, fields, answers and histories, and what they may be.

pub(super) mod allowance;
pub(crate) mod answer_limits;
pub(super) mod fields;
pub(crate) mod histories;
pub(super) mod namespace_limits;
pub(super) mod query_results;
pub(super) mod raise_limits;
pub(super) mod unbounded_starts;
