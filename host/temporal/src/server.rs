//! The codec server that Temporal's Web UI and command line send payloads to.

mod accept;
mod address;
mod auth;
mod authorize;
mod client;
mod codec_server;
mod connection_limit;
mod connection_state;
mod handler;
mod jwks;
mod jwt;
mod key_set;
mod local_request;
mod log_limit;
mod metric;
mod origins;
mod outcome;
mod peer;
mod probes;
mod remedy;
mod request_body;
mod request_limit;
mod request_log;
mod response;
mod response_body;
mod route;
mod service;
mod settings;
mod state;
mod tls;
mod tracked_body;
mod unix_socket;
mod write_timeout;

pub use self::{
    address::{Address, Listener},
    auth::Auth,
    codec_server::{CodecServer, CodecServerBuilder},
    settings::ServerSettings,
};
