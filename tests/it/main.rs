//! The integration tests, in one binary: each further one would link wasmtime again.

mod cache;
mod cli;
mod config;
mod fairness;
mod forged;
mod house;
mod interop;
mod limits;
mod load;
mod pipeline;
mod rogue;
mod round_trip;
mod secrets;
mod storage;
mod swap;
mod wasi;
