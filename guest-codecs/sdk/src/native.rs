//! Stand-ins for the contract in a native build, so that a plugin's own tests run without a host.
//!
//! They have the names and signatures of the bindings that a component is built with, and behave as
//! the contract in `wit/` says. `testing::Host` holds the answers of the host.

pub mod blobs;
mod buffer;
mod cipher;
mod context;
mod error;
pub mod http;
mod http_rules;
pub mod keys;
pub mod log;
mod payload;
mod protobuf;
pub mod random;
pub mod secrets;
pub mod subkeys;

pub(crate) mod host;
pub(crate) mod service;

pub use self::{
    buffer::{Buffer, Writer},
    context::Context,
    error::Error,
    payload::Payload,
};

/// The purpose of a codec, by which the host orders and guards stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes payloads smaller. The host drops a result that is not smaller.
    Compression,
    /// Rewrites payloads for another reason.
    Conversion,
    /// Makes payloads unreadable without a key.
    Encryption,
}

/// A codec's description of itself, which the host asks for when it loads the plugin.
#[derive(Clone, Debug)]
pub struct Description {
    /// Values of `metadata["encoding"]` that the codec writes or reads. The host ends a call that
    /// writes another.
    pub encodings: Vec<String>,
    /// The purpose of the codec.
    pub purpose: Purpose,
}
