//! Gateway: a gRPC proxy between Temporal's workers or clients and its frontend, which encodes the
//! payloads of requests and decodes those of answers.

mod accept;
mod body;
mod call;
mod connection;
mod deadline;
mod fields;
mod gzip;
mod headers;
mod message;
mod metric;
mod namespace_limits;
mod pass_on;
mod probes;
mod proto;
mod proto_reader;
mod proxy;
mod raise_limits;
mod request_log;
mod rewrite;
mod server_token;
mod settings;
mod status;
mod undecodable;
mod unsent;
mod upstream;
mod upstream_url;

pub use self::{
    proxy::{Gateway, GatewayBuilder},
    settings::GatewaySettings,
    upstream_url::UpstreamUrl,
};
