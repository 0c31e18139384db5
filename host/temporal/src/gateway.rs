//! Gateway: a gRPC proxy between Temporal's workers or clients and its frontend, which encodes the
//! payloads of requests and decodes those of answers.

mod call;
mod calls;
mod credentials;
mod frontend;
mod handle;
mod protocol;
mod readers;
mod settings;
mod status_details;
mod temporal;

pub use cloakroom_grpc::{
    access::{Auth, ClientTls, ServerTls},
    proxy::{Callers, Identity, UpstreamUrl},
};

pub use self::{
    credentials::UpstreamCredentials,
    handle::{Gateway, GatewayBuilder},
    readers::Readers,
    settings::GatewaySettings,
};
pub use crate::exchange::limits::histories::HistoryLimits;
