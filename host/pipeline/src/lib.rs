//! Codec stages in written order on the way out, then external storage; decoding is the mirror.
//!
//! The pipeline does once what no codec and no driver should get wrong: one result for each payload
//! in the same order, passing through what is nobody's, refusing what arrives unsealed, leaving alone
//! what would not get smaller, checking what a store gives back before any codec sees it, and running
//! the payloads of a call side by side within a number of permits.

mod admission;
mod batch;
mod budget;
mod builder;
mod cache;
mod check;
mod claims;
mod disk;
mod entries;
mod envelopes;
mod explain;
mod failure;
mod fetch;
mod held;
mod keep;
pub mod metric;
mod names;
mod offload;
mod panics;
mod passing;
mod pipeline;
mod private;
mod proofs;
mod reference;
mod reveal;
mod round_trip;
mod rules;
mod scale;
mod source;
mod stage;
mod storage;
mod verify;

pub use self::{
    budget::{Budget, Verdict},
    builder::{PipelineBuilder, PipelineError},
    check::StoreProbe,
    claims::ClaimPolicy,
    envelopes::{Close, Envelopes, NoEnvelope, NotOpened, OpenEnvelope},
    explain::{Explanation, Fetch, Layer, Stored},
    offload::Offload,
    pipeline::Pipeline,
    rules::Rule,
    scale::{SizeLabels, SizeMeter},
    source::PipelineSource,
    stage::Stage,
    verify::Verify,
};
