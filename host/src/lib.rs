#![doc = include_str!("../docs/front.md")]

mod bundled;
mod cloakroom;
mod config;

pub use cloakroom_core::{
    Blame, ByteSize, Codec, Context, Description, Direction, Encoded, Envelope, Error, ErrorKind,
    Key, KeyError, KeyRing, Kind, Limit, Metadata, Payload, Purpose,
};
pub use cloakroom_pipeline::{Pipeline, PipelineBuilder, PipelineError, Stage};
pub use cloakroom_plugin::{
    Capability, Digest, Grants, Host, HostBuilder, Import, Inspection, Limits, Need, Plugin,
    PluginCodec, Reuse, Settings, Source, World,
};
pub use cloakroom_stores::{Material, MaterialError, Ring, RingBuilder, RingError};

#[cfg(feature = "bundled")]
pub use self::bundled::{bundled, bundled_names};
pub use self::cloakroom::{Cloakroom, Opening};

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
