//! Gateway: a gRPC proxy between an app and its Dapr sidecar, which encodes what the app's workflows
//! send and decodes what they get.
//!
//! Calls of the workflow engine are read, changed and sent on. All others pass as they arrive. The work
//! items of a stream are decoded apart from each other, so that one which waits for a store holds up no
//! other. An item that the app cannot get is held back alone ([`GatewaySettings::hold_time`]).

mod answer;
mod app_id;
mod call;
mod handle;
mod held;
mod histories;
mod hold_limit;
mod items;
mod metric;
mod protocol;
mod refusal;
mod settings;
mod sidecar;
mod waiting;
mod work;

pub use cloakroom_grpc::{
    access::{Auth, ClientTls, ServerTls},
    proxy::{Callers, Identity, ProxySettings, UpstreamTls, UpstreamUrl},
};

pub use self::{
    handle::{Gateway, GatewayBuilder},
    settings::GatewaySettings,
};
