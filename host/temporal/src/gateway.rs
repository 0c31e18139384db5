//! Gateway: a gRPC proxy between Temporal's workers or clients and its frontend, which encodes the
//! payloads of requests and decodes those of answers.

mod accept;
mod body;
mod call;
mod connection;
mod deadline;
mod gzip;
mod headers;
mod message;
mod metric;
mod namespace_limits;
mod pass_on;
mod probes;
mod proto;
mod proxy;
mod raise_limits;
mod recent;
mod request_log;
mod rewrite;
mod settings;
mod status;
mod task_parent;
mod tokens;
mod undecodable;
mod upstream;
mod upstream_url;

pub use self::{
    proxy::{Gateway, GatewayBuilder},
    settings::GatewaySettings,
    upstream_url::UpstreamUrl,
};
