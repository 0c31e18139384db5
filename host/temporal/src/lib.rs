//! Cloakroom for Temporal: the connection of Rust workers, a codec server, and a gateway.

mod adapter;
mod envelopes;
#[cfg(any(feature = "gateway", feature = "sdk"))]
#[cfg_attr(
    not(feature = "gateway"),
    allow(dead_code, unreachable_pub, reason = "some parts are for the gateway alone")
)]
mod exchange;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod json;
mod limits;
pub mod metric;
#[cfg(any(feature = "gateway", feature = "sdk"))]
mod namespaces;
#[cfg(any(feature = "gateway", feature = "sdk"))]
mod nexus_endpoints;
mod object_keys;
#[cfg(any(feature = "gateway", feature = "sdk"))]
mod page_keys;
mod reference;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "codec-server")]
pub mod server;
#[cfg(feature = "gateway")]
pub mod survey;
mod too_large;

#[cfg(any(feature = "codec-server", feature = "gateway"))]
pub use cloakroom_grpc::access::Auth;

#[cfg(any(feature = "gateway", feature = "sdk"))]
pub use self::page_keys::{PageKeySource, PageKeys};
#[cfg(feature = "sdk")]
pub use self::sdk::{
    ConnectionHook, DataConverterBuilder, SdkCodec, data_converter, payload_from_sdk,
    payload_to_sdk,
};
pub use self::{
    adapter::Adapter,
    envelopes::SystemEnvelopes,
    limits::{SizeLimitSource, SizeLimits},
    reference::TemporalReferences,
};
#[cfg(any(feature = "gateway", feature = "sdk"))]
pub use self::{
    namespaces::{Mode, NamespacePolicies, NamespacePolicy, NamespacePolicySource, PlainRule},
    nexus_endpoints::NexusEndpoint,
};
