//! A guest that makes the host calls that its payload lists, and answers with what they returned.
//!
//! The interpreter ([`run`]) is generic over who answers the calls, so that a fuzz target can run the
//! same program against a model and compare.

mod guest;
mod interpreter;

pub use self::{
    guest::Puppet,
    interpreter::{Calls, Metadata, run},
};
