//! Exchange of messages with Temporal's frontend: requests are encoded, answers decoded, and tasks that
//! cannot be decoded are failed.
//!
//! Nothing here knows how messages travel. The gateway carries them over HTTP/2, and asks for itself by
//! the trait [`Frontend`].

mod answer;
mod call;
mod caller;
mod context;
pub(crate) mod deadline;
mod error_details;
mod failures;
mod frontend;
pub(crate) mod metric;
mod namespace_limits;
mod proto;
mod raise_limits;
mod request;
pub(crate) mod request_log;
mod rewrite;
pub(crate) mod status;
mod undecodable;
mod unknown_method;

use cloakroom_core::{ByteSize, Error};

pub(crate) use self::{
    call::{Call, NAMESPACE, SERVICE},
    caller::{Caller, Namespaces},
    frontend::Frontend,
};
use self::{namespace_limits::NamespaceLimits, status::Status};
use crate::adapter::Adapter;

/// Pipeline and limits that all calls of one gateway share.
pub(crate) struct Exchange {
    pub(crate) adapter: Adapter,
    /// Largest message before it is encoded, or after it was decoded.
    pub(crate) max_message: ByteSize,
    /// Whether the texts of failures are encoded. Default: where a stage is required.
    pub(crate) encode_failures: Option<bool>,
    namespace_limits: NamespaceLimits,
}

impl Exchange {
    pub(crate) fn new(adapter: Adapter, max_message: ByteSize) -> Self {
        let namespace_limits = NamespaceLimits::default();
        Self { adapter, max_message, encode_failures: None, namespace_limits }
    }

    /// Returns an error with the names of the settings that mend it.
    fn named(&self, error: Error) -> Error {
        self.adapter.pipeline().name_remedies(error)
    }

    /// Returns the status that refuses a call for this error.
    fn refuse(&self, error: Error) -> Status {
        Status::from_error(&self.named(error))
    }
}
