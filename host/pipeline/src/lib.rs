//! Codec stages in written order on the way out, then external storage; decoding is the mirror.
//!
//! The pipeline does once what no codec and no driver should get wrong: one result for each payload
//! in the same order, passing through what is nobody's, refusing what arrives unsealed, leaving alone
//! what would not get smaller, checking what a store gives back before any codec sees it, and running
//! the payloads of a call side by side within a number of permits.

mod admission;
mod budget;
mod builder;
mod catch_panic;
mod envelopes;
mod explain;
mod item;
mod labels;
pub mod metric;
mod offload;
mod open_references;
mod pass_references;
mod payload_limits;
mod pipeline;
mod report_failure;
mod round_trip;
mod size_meter;
mod source;
mod stage;
mod tasks;

pub use self::{
    budget::{Budget, Verdict},
    builder::{PipelineBuilder, PipelineError},
    envelopes::{Close, Envelopes, NoEnvelope, NotOpened, OpenEnvelope},
    explain::{Explanation, Fetch, Layer, Stored},
    offload::{
        claims::ClaimPolicy, config::Offload, rules::Rule, store_probe::StoreProbe, verify::Verify,
    },
    pipeline::Pipeline,
    size_meter::{SizeLabels, SizeMeter},
    source::PipelineSource,
    stage::Stage,
};
