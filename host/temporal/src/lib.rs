//! Cloakroom for Temporal: the data converter of Rust workers, and the codec server.

mod adapter;
mod envelopes;
pub mod json;
mod limits;
pub mod metric;
mod reference;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "codec-server")]
pub mod server;

#[cfg(feature = "sdk")]
pub use self::sdk::{Converter, SdkCodec, data_converter, payload_from_sdk, payload_to_sdk};
pub use self::{
    adapter::Adapter,
    envelopes::SystemEnvelopes,
    limits::{SizeLimitSource, SizeLimits},
    reference::TemporalReferences,
};
