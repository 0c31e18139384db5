//! Cloakroom for Temporal: the data converter of Rust workers, and the codec server.

mod adapter;
pub mod json;
mod limits;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "codec-server")]
pub mod server;

#[cfg(feature = "sdk")]
pub use self::sdk::{Converter, SdkCodec, data_converter};
pub use self::{
    adapter::Adapter,
    limits::{Limited, SizeLimits},
};

/// An error and its causes in one line.
pub(crate) fn chain(error: &cloakroom_core::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
