//! A host that runs the codecs, and what it is asked to do.

use std::time::Duration;

/// Operation of a codec.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Compress,
    Decompress,
    Open,
    Seal,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Seal, Self::Open, Self::Compress, Self::Decompress];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compress => "zstd level 1, encode",
            Self::Decompress => "zstd level 1, decode",
            Self::Open => "AES-256-GCM, decode",
            Self::Seal => "AES-256-GCM, encode",
        }
    }

    /// Returns the name of the function in the guests of the peers.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Compress => "compress",
            Self::Decompress => "decompress",
            Self::Open => "open",
            Self::Seal => "seal",
        }
    }

    /// Returns the operation that makes the input of this one, if this one decodes.
    pub(crate) fn encoder(self) -> Option<Self> {
        match self {
            Self::Decompress => Some(Self::Compress),
            Self::Open => Some(Self::Seal),
            Self::Compress | Self::Seal => None,
        }
    }
}

/// Lifetime of an instance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One call.
    Fresh,
    /// All calls.
    Warm,
}

/// A host that runs the codecs.
pub(crate) trait Peer {
    /// Sets the bytes that the next calls get.
    fn set_input(&mut self, input: Vec<u8>);

    /// Calls an operation so often, and returns the time of all calls together.
    fn run(&mut self, way: Way, operation: Operation, count: usize) -> Duration;

    /// Returns what the last call returned.
    fn output(&mut self) -> Vec<u8>;
}
