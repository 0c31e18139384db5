//! The targets, one a file.

mod client;
mod config;
mod dapr;
mod decoders;
mod envelope;
mod http;
mod json;
mod jwt;
mod load;
mod puppet;
mod reference;
mod resp;
mod sealed;
mod signature;
mod store;
mod wire;
mod zlib_ffi;

pub(crate) use self::{
    config::config,
    dapr::dapr,
    decoders::{gzip, snappy, zlib, zstd},
    envelope::envelope,
    http::http,
    json::json,
    jwt::jwt,
    load::load,
    puppet::puppet,
    reference::reference,
    resp::resp,
    sealed::sealed,
    signature::signature,
    store::store,
    wire::wire,
};
