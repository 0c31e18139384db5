//! A call of a method that the table knows.

mod administrative;
pub(crate) mod rights;
mod service;

use cloakroom_grpc::Caller;
use cloakroom_wire::Method;
use http::{HeaderMap, HeaderName};
use tokio::time::Instant;

pub(crate) use self::service::SERVICE;
use super::history_request::HistoryRequest;

/// Method whose answer has the limits of a namespace.
pub(crate) const DESCRIBE_NAMESPACE: &str = "DescribeNamespace";

/// Header of an answer that a gateway has decoded. Another gateway behind it learns so why payloads
/// come in plaintext.
pub(crate) const DECODED: HeaderName = HeaderName::from_static("cloakroom-decoded");

/// A call of a method that the table knows.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// Name without the service.
    pub(crate) name: &'a str,
    /// Headers of the caller, which hold its credentials.
    pub(crate) headers: &'a HeaderMap,
    pub(crate) caller: &'a Caller,
    /// When the caller stops waiting, if it says so.
    pub(crate) deadline: Option<Instant>,
    /// True if the caller shows payloads to people, and gets answers that are decoded in part.
    pub(crate) is_reader: bool,
    /// True if answers are decoded for the caller.
    pub(crate) decodes: bool,
    /// True if another gateway has decoded the answer.
    pub(crate) is_decoded: bool,
    /// The request, if it is for a history.
    pub(crate) history: Option<&'a HistoryRequest>,
    /// Bytes of the answer that other parts of it take.
    pub(crate) reserved: usize,
}

impl<'a> Call<'a> {
    /// Returns a call of a worker or client, whose answer comes from Temporal itself.
    pub(crate) fn new(
        method: &'a Method,
        name: &'a str,
        headers: &'a HeaderMap,
        caller: &'a Caller,
    ) -> Self {
        let (is_reader, decodes) = (caller.reads, caller.decodes);
        Self {
            method,
            name,
            headers,
            caller,
            deadline: None,
            is_reader,
            decodes,
            is_decoded: false,
            history: None,
            reserved: 0,
        }
    }

    /// Returns whether the call waits for a task.
    pub(crate) fn is_poll(&self) -> bool {
        self.name.starts_with("Poll") && self.name.ends_with("TaskQueue")
    }

    /// Returns whether an answer of this call may have to change.
    pub(crate) fn changes_answer(&self) -> bool {
        self.decodes && self.method.response.holds_payloads() || self.asks_for_limits()
    }

    /// Returns whether the answer has the limits of a namespace.
    pub(super) fn asks_for_limits(&self) -> bool {
        self.name == DESCRIBE_NAMESPACE
    }
}
