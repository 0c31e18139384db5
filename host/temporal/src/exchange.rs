//! Exchange of messages with Temporal's frontend: requests are encoded, answers decoded, and tasks that
//! cannot be decoded are failed.
//!
//! Nothing here knows how messages travel. The gateway carries them over HTTP/2, and asks for itself by
//! the trait [`Frontend`].

mod allowance;
mod answer;
pub(crate) mod answer_limits;
mod answer_unsent;
mod call;
mod caller;
mod context;
pub(crate) mod deadline;
mod error_details;
mod failures;
mod fields;
mod frontend;
pub(crate) mod histories;
pub(crate) mod metric;
mod namespace_limits;
mod proto;
mod proto_reader;
mod raise_limits;
mod request;
pub(crate) mod request_log;
mod rewrite;
mod server_token;
pub(crate) mod status;
mod unbounded_starts;
mod undecodable;
mod unknown_method;
mod unsent;

use cloakroom_core::{ByteSize, Error};

use self::{
    answer_limits::AnswerLimits,
    histories::{Histories, HistoryLimits},
    namespace_limits::NamespaceLimits,
    status::Status,
    unbounded_starts::UnboundedStarts,
};
pub(crate) use self::{
    call::{Call, NAMESPACE, SERVICE},
    caller::{Caller, Namespaces},
    frontend::Frontend,
    request::Encoded,
};
use crate::adapter::Adapter;

/// Pipeline and limits that all calls of one gateway share.
pub(crate) struct Exchange {
    pub(crate) adapter: Adapter,
    /// Largest message before it is encoded, or after it was decoded.
    pub(crate) max_message: ByteSize,
    /// Whether the texts of failures are encoded. Default: where a stage is required.
    pub(crate) encode_failures: Option<bool>,
    /// Largest answers of clients that cannot receive a message of any size.
    pub(crate) answers: AnswerLimits,
    pub(crate) histories: Histories,
    namespace_limits: NamespaceLimits,
    unbounded_starts: UnboundedStarts,
}

impl Exchange {
    pub(crate) fn new(adapter: Adapter, max_message: ByteSize) -> Self {
        Self {
            adapter,
            max_message,
            encode_failures: None,
            answers: AnswerLimits::default(),
            histories: Histories::new(HistoryLimits::default()),
            namespace_limits: NamespaceLimits::default(),
            unbounded_starts: UnboundedStarts::default(),
        }
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
