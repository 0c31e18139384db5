#![doc = include_str!("../docs/front.md")]

mod advice;
mod blocking;
mod build_info;
mod bundled;
mod check;
mod cloakroom;
pub mod codec;
#[cfg(feature = "codec-server")]
mod codec_server;
mod config;
mod deadline;
#[doc(hidden)]
pub mod fuzzing;
mod generation;
pub mod inspect;
mod inventory;
mod key_facts;
pub mod keys;
mod loading;
mod opening;
pub mod pipeline;
pub mod plugin;
mod plugins;
mod probe;
mod reading;
mod reload;
mod reload_metric;
mod report;
pub mod storage;
mod store_check;
mod warnings;
mod watch;
#[cfg(feature = "temporal-sdk")]
mod worker;

pub use bytes;
pub use cloakroom_core::{
    Blame, ByteSize, Codec, Context, Driver, Error, ErrorKind, Limit, Payload,
};
pub use cloakroom_pipeline::{Pipeline, Stage, metric};
#[cfg(feature = "temporal")]
pub use cloakroom_temporal as temporal;
pub use futures::future::BoxFuture;

pub use self::{cloakroom::Cloakroom, opening::CloakroomBuilder, watch::Watch};

/// Compiles the examples of the page on Temporal.
#[cfg(all(doctest, feature = "temporal-sdk"))]
#[doc = include_str!("../docs/temporal.md")]
struct Temporal;

/// Compiles the examples of the page for authors of plugins.
#[cfg(doctest)]
#[doc = include_str!("../docs/authors.md")]
struct Authors;
