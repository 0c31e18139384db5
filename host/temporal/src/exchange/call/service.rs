//! Temporal's WorkflowService.

/// Path of the service whose messages carry payloads.
pub(crate) const SERVICE: &str = "/temporal.api.workflowservice.v1.WorkflowService/";
