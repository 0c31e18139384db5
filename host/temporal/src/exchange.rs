//! Exchange of messages with Temporal's frontend: requests are encoded, answers decoded, and tasks that
//! cannot be decoded are failed.
//!
//! Nothing here knows how messages travel. The gateway carries them over HTTP/2, the SDK's hook within
//! one process. Both ask for themselves by the trait [`Frontend`].

mod answer;
mod batch;
pub(crate) mod call;
mod context;
mod decode;
#[cfg(test)]
mod decoder;
mod encode;
mod error_details;
mod failures;
mod found;
mod frontend;
mod history_request;
pub(crate) mod limits;
pub(crate) mod metric;
mod page_token;
mod pages;
mod proto;
mod recent;
mod replay;
mod request;
mod scan;
mod substitute;
mod unknown_fields;
mod unknown_method;
mod workflow_task;

use std::sync::Arc;

use cloakroom_core::{ByteSize, Error};
use cloakroom_grpc::Status;

#[cfg(feature = "gateway")]
pub(crate) use self::{
    call::rights::{self, NAMESPACE},
    error_details::ErrorDetails,
    proto::{put_bytes, put_number, seconds},
};
pub(crate) use self::{
    call::{Call, DECODED, SERVICE},
    frontend::Frontend,
    history_request::HistoryRequest,
    request::Encoded,
};
use self::{
    context::tokens::Tokens,
    limits::{
        answer_limits::AnswerLimits,
        histories::{Histories, HistoryLimits},
        namespace_limits::NamespaceLimits,
        unbounded_starts::UnboundedStarts,
    },
    unknown_fields::UnknownFields,
};
use crate::{
    adapter::Adapter,
    namespaces::{NamespacePolicies, NamespacePolicySource},
    page_keys::{PageKeySource, PageKeys},
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
    /// Keys of page tokens. Default: none.
    pub(crate) page_keys: Box<dyn PageKeySource>,
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
            page_keys: Box::new(PageKeys::default()),
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
