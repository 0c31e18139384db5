//! Tests of the pipeline's rules, with native codecs, drivers and keys.

mod claims;
mod envelopes;
mod fakes;
mod limits;
mod offload;
mod readers;
mod references;
mod scope;
mod signer;
mod stages;
