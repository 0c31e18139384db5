#![doc = include_str!("../docs/front.md")]

mod advice;
mod blocking_work;
mod build_info;
mod builder;
mod bundled;
mod check;
mod cloakroom;
pub mod codec;
#[cfg(feature = "codec-server")]
mod codec_server;
#[cfg(feature = "codec-server")]
mod codec_server_settings;
mod config;
mod config_file;
mod config_source;
mod configured_plugin;
#[cfg(feature = "gateway")]
mod dapr_gateway_settings;
mod file_stamps;
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "gateway")]
mod gateway;
#[cfg(feature = "gateway")]
mod gateway_access;
#[cfg(feature = "gateway")]
mod gateway_settings;
mod granted_names;
pub mod inspect;
mod inventory;
mod key_check;
mod key_facts;
pub mod keys;
mod load_deadline;
mod loaded_config;
#[cfg(feature = "registry")]
mod lock;
mod lock_file;
pub mod metric;
#[cfg(any(feature = "gateway", feature = "temporal-sdk"))]
mod namespace_policies;
mod open;
pub mod pipeline;
mod pipeline_loader;
pub mod plugin;
mod plugin_grants;
mod plugin_loader;
mod plugin_sources;
mod plugin_store;
mod probe;
#[cfg(feature = "registry")]
mod pull;
#[cfg(feature = "registry")]
pub mod registry;
#[cfg(feature = "registry")]
mod registry_access;
mod reload;
mod reload_metric;
mod reload_order;
#[cfg(feature = "registry")]
mod replace_file;
mod report;
mod resources;
mod ring_bucket_check;
mod ring_secret;
mod ring_use;
#[cfg(feature = "registry")]
mod rotation;
pub mod signature;
mod signature_check;
#[cfg(any(feature = "codec-server", feature = "gateway"))]
mod signed_tokens;
pub mod storage;
mod store_advice;
mod store_check;
mod unreadable;
mod warnings;
mod watch;
#[cfg(feature = "temporal-sdk")]
mod worker;

pub use bytes;
pub use cloakroom_core::{
    Blame, ByteSize, Codec, Context, Driver, Error, ErrorKind, Limit, Payload,
};
#[cfg(feature = "dapr")]
pub use cloakroom_dapr as dapr;
pub use cloakroom_pipeline::{Pipeline, Stage};
#[cfg(feature = "temporal")]
pub use cloakroom_temporal as temporal;
pub use futures::future::BoxFuture;

pub use self::{builder::CloakroomBuilder, cloakroom::Cloakroom, watch::Watch};

/// Compiles the examples of the page on TCP and secrets.
#[cfg(doctest)]
#[doc = include_str!("../docs/authors/secrets.md")]
struct TcpAndSecrets;

/// Compiles the examples of the page on Temporal.
#[cfg(all(doctest, feature = "temporal-sdk"))]
#[doc = include_str!("../docs/temporal.md")]
struct Temporal;

/// Compiles the driver of the page on HTTP services.
#[cfg(doctest)]
#[doc = include_str!("../docs/authors/network.md")]
struct Network;

/// Compiles the examples of the page for authors of plugins.
#[cfg(doctest)]
#[doc = include_str!("../docs/authors/README.md")]
struct Authors;
