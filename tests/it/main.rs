//! The integration tests, in one binary: each further one would link wasmtime again.

mod azure;
mod cache;
mod cli;
mod config;
mod config_storage;
mod external;
mod fairness;
mod faults;
mod forged;
mod gcs;
mod house;
mod interop;
mod limits;
mod load;
mod others;
mod pipeline;
mod redis;
mod rogue;
mod round_trip;
mod s3;
mod secrets;
mod storage;
mod stores;
mod swap;
mod wasi;
