//! The codec server that Temporal's Web UI and command line send payloads to.

mod accept;
mod address;
mod authorize;
mod codec_server;
mod connection_limit;
mod connection_state;
mod handler;
mod local_request;
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
mod tracked_body;
mod unix_socket;
mod write_timeout;

pub use self::{
    address::{Address, Listener},
    codec_server::{CodecServer, CodecServerBuilder},
    settings::ServerSettings,
};
pub use cloakroom_grpc::access::Auth;
