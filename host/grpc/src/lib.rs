//! The gRPC proxy that Cloakroom's gateways share. It knows no workflow engine: see
//! [`proxy::Protocol`].

#[cfg(feature = "access")]
pub mod access;
mod caller;
pub mod deadline;
mod log_limit;
pub mod metric;
#[cfg(feature = "proxy")]
pub mod proxy;
mod request_log;
mod status;

pub use self::{
    caller::{Caller, Namespaces},
    log_limit::LogLimit,
    request_log::RequestLog,
    status::{Code, Status},
};
