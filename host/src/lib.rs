#![doc = include_str!("../docs/front.md")]

mod advice;
mod blocking;
mod build_info;
mod bundled;
mod check;
mod cloakroom;
#[cfg(feature = "codec-server")]
mod codec_server;
mod config;
mod deadline;
#[doc(hidden)]
pub mod fuzzing;
mod generation;
mod inventory;
mod key_facts;
mod loading;
mod opening;
mod plugins;
mod probe;
mod reading;
mod reload;
mod reload_metric;
mod report;
mod store_check;
mod warnings;
mod watch;
#[cfg(feature = "temporal-sdk")]
mod worker;

pub use cloakroom_core::{
    Blame, Bucket, ByteSize, CallMemory, Charge, Claim, Codec, Comparison, Context, Description,
    Direction, Driver, Encoded, Envelope, Error, ErrorKind, Key, KeyError, KeyRing, Kind, Limit,
    MemoryBudget, Metadata, Object, ObjectInfo, Payload, Purpose, PutMode, PutOutcome, Thousands,
    clean,
};
pub use cloakroom_pipeline::{
    Budget, ClaimPolicy, Envelopes, Explanation, Fetch, Layer, Offload, Pipeline, PipelineBuilder,
    PipelineError, PipelineSource, Rule, SizeLabels, SizeMeter, Stage, StoreProbe, Stored, Verdict,
    Verify, metric,
};
pub use cloakroom_plugin::{
    BucketAccess, Capability, CodeLimits, CodeSize, CompileOne, CompiledPlugin, Digest, Grants,
    Host, HostBuilder, Import, Inspection, Limits, Plugin, PluginCodec, PluginDriver,
    RefreshFailure, Requirement, Reuse, Settings, Source, World,
};
pub use cloakroom_stores::{
    BucketUrl, KeyMaterial, KeyUsage, MaterialError, ObjectBucket, Ring, RingBuilder, RingError,
};
#[cfg(feature = "temporal")]
pub use cloakroom_temporal as temporal;

#[cfg(feature = "bundled")]
pub use self::bundled::{bundled, bundled_names};
pub use self::{
    build_info::BuildInfo,
    check::Check,
    cloakroom::Cloakroom,
    opening::CloakroomBuilder,
    plugins::Plugins,
    report::{
        BucketReport, DriverReport, Report, RingReport, StageReport, StoreOutcome, StoreRow,
        StoreStep,
    },
    watch::Watch,
};

/// So is the example of what is Temporal's.
#[cfg(all(doctest, feature = "temporal-sdk"))]
#[doc = include_str!("../docs/temporal.md")]
struct Temporal;

/// So is the example of an embedder.
#[cfg(doctest)]
#[doc = include_str!("../docs/rust.md")]
struct Rust;

/// So are those of an author.
#[cfg(doctest)]
#[doc = include_str!("../docs/authors.md")]
struct Authors;
