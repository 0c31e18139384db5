//! Report that all benchmarks print, in Markdown and on request as JSON. The benchmarks are in `benches/`.

mod arguments;
pub mod growth;
pub mod plot;
mod report;
mod samples;
#[cfg(test)]
mod tests;

pub use self::{
    report::{Cell, Report, Table},
    samples::{Samples, timed},
};
