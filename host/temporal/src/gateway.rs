//! Gateway: a gRPC proxy between Temporal's workers or clients and its frontend, which encodes the
//! payloads of requests and decodes those of answers.

mod accept;
mod admit;
mod body;
mod call;
mod callers;
mod connection;
mod credentials;
mod frontend;
mod gzip;
mod headers;
mod identity;
mod message;
mod newcomers;
mod pass_on;
mod probes;
mod proxy;
mod readers;
mod restrict;
mod runner;
mod serve;
mod settings;
mod status_details;
mod status_head;
mod untaken;
mod upstream;
mod upstream_url;

pub use self::{
    callers::Callers,
    credentials::UpstreamCredentials,
    identity::Identity,
    proxy::{Gateway, GatewayBuilder},
    readers::Readers,
    settings::GatewaySettings,
    upstream_url::UpstreamUrl,
};
pub use crate::{
    access::{Auth, ClientTls, ServerTls},
    exchange::limits::histories::HistoryLimits,
};
