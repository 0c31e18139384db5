//! Exchange of messages with Temporal's frontend: requests are encoded, answers decoded, and tasks that
//! cannot be decoded are failed.
//!
//! Nothing here knows how messages travel. The gateway carries them over HTTP/2, the SDK's hook within
//! one process. Both ask for themselves by the trait [`Frontend`].

mod allowance;
mod answer;
pub(crate) mod answer_limits;
mod answer_unsent;
mod batch;
mod call;
mod caller;
mod context;
mod crossing;
pub(crate) mod deadline;
mod error_details;
mod failures;
mod fields;
mod found;
mod frontend;
pub(crate) mod histories;
pub(crate) mod metric;
mod namespace_limits;
mod own_failure;
mod parent_of_run;
mod proto;
mod raise_limits;
mod recent;
mod refused_crossing;
mod replay;
mod request;
pub(crate) mod request_log;
mod rewrite;
pub(crate) mod status;
mod targets;
mod task_parent;
mod token_owner;
mod tokens;
mod unbounded_starts;
mod undecodable;
mod unknown_fields;
mod unknown_method;
mod unsent;

use std::sync::Arc;

use cloakroom_core::{ByteSize, Error};

use self::{
    answer_limits::AnswerLimits,
    histories::{Histories, HistoryLimits},
    namespace_limits::NamespaceLimits,
    status::Status,
    tokens::Tokens,
    unbounded_starts::UnboundedStarts,
    unknown_fields::UnknownFields,
};
pub(crate) use self::{
    call::{Call, DECODED, SERVICE},
    caller::Caller,
    frontend::Frontend,
    request::Encoded,
};
#[cfg(feature = "gateway")]
pub(crate) use self::{
    caller::{NAMESPACE, Namespaces},
    error_details::ErrorDetails,
};
use crate::{
    adapter::Adapter,
    namespaces::{NamespacePolicies, NamespacePolicySource},
};

/// Pipeline and limits that all calls of one gateway share.
pub(crate) struct Exchange {
    pub(crate) adapter: Adapter,
    /// Largest message before it is encoded, or after it was decoded.
    pub(crate) max_message: ByteSize,
    /// True if the texts of failures are encoded. Default: where a stage is required.
    pub(crate) encode_failures: Option<bool>,
    /// Largest answers of clients that cannot receive a message of any size.
    pub(crate) answers: AnswerLimits,
    pub(crate) histories: Histories,
    namespaces: Box<dyn NamespacePolicySource>,
    namespace_limits: NamespaceLimits,
    /// Tasks that were handed out through this gateway.
    tokens: Tokens,
    unbounded_starts: UnboundedStarts,
    unknown_fields: UnknownFields,
}

impl Exchange {
    pub(crate) fn new(
        adapter: Adapter,
        max_message: ByteSize,
        namespaces: Box<dyn NamespacePolicySource>,
    ) -> Self {
        Self {
            adapter,
            max_message,
            encode_failures: None,
            answers: AnswerLimits::default(),
            histories: Histories::new(HistoryLimits::default()),
            namespaces,
            namespace_limits: NamespaceLimits::default(),
            tokens: Tokens::default(),
            unbounded_starts: UnboundedStarts::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    /// Returns the current policies of namespaces.
    fn namespaces(&self) -> Arc<NamespacePolicies> {
        self.namespaces.namespace_policies()
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
