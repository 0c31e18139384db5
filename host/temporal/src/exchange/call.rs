//! A call of a method that the table knows.

use cloakroom_wire::Method;
use http::{HeaderMap, HeaderName};

use super::{caller::Caller, namespace_limits};

/// Path of the service whose messages carry payloads.
pub(crate) const SERVICE: &str = "/temporal.api.workflowservice.v1.WorkflowService/";

/// Header with the namespace that the SDKs repeat from the message.
pub(crate) const NAMESPACE: HeaderName = HeaderName::from_static("temporal-namespace");

/// A call of a method that the table knows.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// Name without the service.
    pub(crate) name: &'a str,
    /// Headers of the caller, which hold its credentials.
    pub(crate) headers: &'a HeaderMap,
    pub(crate) caller: &'a Caller,
}

impl Call<'_> {
    /// Returns whether the call waits for a task.
    pub(crate) fn is_poll(&self) -> bool {
        self.name.starts_with("Poll") && self.name.ends_with("TaskQueue")
    }

    /// Returns whether an answer of this call may have to change.
    pub(crate) fn changes_answer(&self) -> bool {
        self.method.response.holds_payloads() || self.asks_for_limits()
    }

    /// Returns whether the answer has the limits of a namespace.
    pub(super) fn asks_for_limits(&self) -> bool {
        self.name == namespace_limits::METHOD
    }
}
