//! Gateway: a gRPC proxy between Temporal's workers or clients and its frontend, which encodes the
//! payloads of requests and decodes those of answers.

mod accept;
mod body;
mod call;
mod connection;
mod frontend;
mod gzip;
mod headers;
mod message;
mod pass_on;
mod probes;
mod proxy;
mod readers;
mod settings;
mod status_head;
mod upstream;
mod upstream_url;

pub use self::{
    proxy::{Gateway, GatewayBuilder},
    readers::Readers,
    settings::GatewaySettings,
    upstream_url::UpstreamUrl,
};
