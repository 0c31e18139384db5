//! Report that all benchmarks print, in Markdown and on request as JSON. The benchmarks are in `benches/`.

mod arguments;
pub mod growth;
pub mod plot;
mod process;
mod report;
mod samples;
#[cfg(test)]
mod tests;
mod turn;

pub use self::{
    process::{Process, program},
    report::{Cell, Report, Table},
    samples::{Samples, timed},
    turn::{Turn, Turns},
};
