//! Proxy for gRPC: each connection of a caller has one to the server behind the proxy.
//!
//! A gateway implements [`Protocol`], which responds to a call: it passes the call on as it arrives, or
//! reads its message, changes it and sends it by the [`Connection`].

mod accept;
mod admit;
mod ask;
mod body;
mod buffer;
mod callers;
mod client;
mod connection;
mod frames;
mod gzip;
mod handle;
pub mod headers;
mod identity;
mod message;
mod newcomers;
mod pass_on;
mod probes;
mod protocol;
mod respond;
mod restrict;
mod runner;
mod serve;
mod settings;
mod state;
mod status_head;
mod untaken;
mod upstream;
mod upstream_tls;
mod upstream_url;

pub use self::{
    body::{GatewayBody, MessageSender},
    callers::Callers,
    client::Client,
    connection::Connection,
    frames::{Arrived, Frames},
    handle::Proxy,
    identity::Identity,
    message::Received,
    pass_on::{pass_back, pass_on},
    protocol::Protocol,
    settings::ProxySettings,
    state::ProxyState,
    status_head::percent_encode,
    upstream::Upstream,
    upstream_tls::UpstreamTls,
    upstream_url::UpstreamUrl,
};
