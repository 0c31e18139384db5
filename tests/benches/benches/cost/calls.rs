//! Calls, by name.

use std::{any::Any, path::Path};

use cloakroom::{BoxFuture, plugin::Reuse};

use crate::{codecs, formats, offload};

pub(crate) const KIB: usize = 1 << 10;

/// Call that is counted.
pub(crate) enum Call {
    Codec(codecs::Call),
    Offload(offload::Call),
    Format(formats::Call),
}

/// Call that is ready to be made.
pub(crate) type Run = Box<dyn Fn() -> BoxFuture<'static, ()>>;

/// Calls that are ready to be made.
pub(crate) struct Prepared {
    pub(crate) runs: Vec<Run>,
    /// Kept until all calls were made: what they use is not dropped among them.
    pub(crate) kept: Box<dyn Any>,
}

impl Call {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Codec(call) => call.name(),
            Self::Offload(call) => call.name().to_owned(),
            Self::Format(call) => call.name().to_owned(),
        }
    }

    /// Prepares a number of calls. Plugins come from a folder of compiled ones, or go there.
    pub(crate) async fn prepare(&self, runs: usize, cache: &Path) -> Prepared {
        match self {
            Self::Codec(call) => call.prepare(runs, cache).await,
            Self::Offload(call) => call.prepare(runs, cache).await,
            Self::Format(call) => call.prepare(runs),
        }
    }
}

pub(crate) fn all() -> Vec<Call> {
    let mut calls = Vec::new();
    for plugin in ["aes-gcm", "zstd"] {
        for way in [codecs::Way::Encode, codecs::Way::Decode] {
            for size in [KIB, 256 * KIB] {
                for reuse in [Reuse::Warm, Reuse::Fresh] {
                    calls.push(codecs::Call { plugin, way, size, count: 1, reuse });
                }
            }
        }
    }
    for reuse in [Reuse::Warm, Reuse::Fresh] {
        let (plugin, way) = ("aes-gcm", codecs::Way::Encode);
        calls.push(codecs::Call { plugin, way, size: KIB, count: 64, reuse });
    }
    let codecs = calls.into_iter().map(Call::Codec);
    let offloads = offload::Call::ALL.map(Call::Offload);
    // Before any host: its threads end when they like, and the addresses of large pieces of memory, which how
    // they are copied depends on, would be others in each run.
    formats::Call::ALL.map(Call::Format).into_iter().chain(codecs).chain(offloads).collect()
}
