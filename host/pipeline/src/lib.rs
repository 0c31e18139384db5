//! Codec stages in written order on the way out; decoding is the mirror.
//!
//! The pipeline does once what no codec should get wrong: one result for each payload in the same
//! order, passing through what is nobody's, refusing what arrives unsealed, leaving alone what would
//! not get smaller, and running the payloads of a call side by side within a number of permits.

mod batch;
mod builder;
mod pipeline;
mod stage;

pub use self::{
    builder::{PipelineBuilder, PipelineError},
    pipeline::Pipeline,
    stage::Stage,
};
