//! Starts of workflows that may run for ever, in a namespace whose payloads are stored.
//!
//! The retention of stored objects is set to the longest life of a workflow. One without a timeout has
//! none, and may ask for an object that was deleted by then.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::clean;
use cloakroom_wire::{Schema, View};
use metrics::counter;

use crate::exchange::{call::Call, metric::UNBOUNDED_STARTS};

/// Types that are logged and counted by name. Clients choose the names, and each is a time series.
const MOST: usize = 200;

/// Most characters of a type.
const NAME: usize = 128;

/// Operation of `ExecuteMultiOperation`.
const OPERATION: &str = "temporal.api.workflowservice.v1.ExecuteMultiOperationRequest.Operation";

/// Types of workflows that were started without a timeout.
#[derive(Default)]
pub(crate) struct UnboundedStarts(Mutex<BTreeSet<String>>);

impl UnboundedStarts {
    /// Counts the starts in a request that have no timeout, and logs each type once.
    pub(crate) fn note(&self, call: &Call<'_>, namespace: &str, request: &[u8]) {
        let request = View::new(call.method.request, request);
        for start in starts(call.name, request).into_iter().filter(|start| is_unbounded(*start)) {
            let name = start.message("workflow_type").and_then(|name| name.text("name"));
            let name = clean(name.unwrap_or_default(), NAME);
            let (label, is_new) = self.label(name);
            if is_new {
                tracing::warn!(
                    target: "cloakroom::request",
                    namespace,
                    workflow_type = label,
                    "a workflow was started without a timeout: it has no longest life, for which its \
                     stored objects would have to be kept"
                );
            }
            counter!(UNBOUNDED_STARTS, "workflow_type" => label).increment(1);
        }
    }

    /// Returns the label of a type, and whether it is new.
    fn label(&self, name: String) -> (String, bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&name) {
            return (name, false);
        }
        if known.len() >= MOST {
            return ("other".to_owned(), false);
        }
        known.insert(name.clone());
        (name, true)
    }
}

/// Returns the starts in a request.
fn starts<'a>(method: &str, request: View<'a>) -> Vec<View<'a>> {
    match method {
        "StartWorkflowExecution" | "SignalWithStartWorkflowExecution" => vec![request],
        "ExecuteMultiOperation" => {
            let Some(operation) = Schema::temporal().message(OPERATION) else { return Vec::new() };
            let operations = request.fields().into_iter().filter_map(|field| field.content);
            operations
                .filter_map(|content| View::new(operation, content).message("start_workflow"))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether neither a run nor all runs together have a timeout. Zero is none.
fn is_unbounded(start: View<'_>) -> bool {
    let timeouts = ["workflow_run_timeout", "workflow_execution_timeout"];
    timeouts.iter().all(|name| start.bytes(name).is_none_or(<[u8]>::is_empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{SERVICE, proto::put_bytes};

    fn message(number: u32, inner: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, number, inner);
        bytes
    }

    fn unbounded(name: &str, request: &[u8]) -> usize {
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let starts = starts(name, View::new(method.request, request));
        starts.into_iter().filter(|start| is_unbounded(*start)).count()
    }

    #[test]
    fn a_start_without_a_timeout_is_found() {
        let bare = message(1, b"shop");
        let minute = b"\x08\x3c";
        assert_eq!(unbounded("StartWorkflowExecution", &bare), 1);
        assert_eq!(unbounded("SignalWithStartWorkflowExecution", &bare), 1);
        assert_eq!(unbounded("SignalWorkflowExecution", &bare), 0);
        // The timeouts of all runs and of one run, and one of zero.
        for (number, timeout, expect) in [(6, &minute[..], 0), (7, minute, 0), (7, b"", 1)] {
            let bounded = [bare.clone(), message(number, timeout)].concat();
            assert_eq!(unbounded("StartWorkflowExecution", &bounded), expect, "{number}");
        }
        let operation = message(2, &message(1, &bare));
        assert_eq!(unbounded("ExecuteMultiOperation", &operation), 1);
    }

    #[test]
    fn each_type_is_new_once_and_their_number_is_bounded() {
        let starts = UnboundedStarts::default();
        for name in 0..MOST {
            assert_eq!(starts.label(name.to_string()), (name.to_string(), true));
        }
        assert_eq!(starts.label("0".to_owned()), ("0".to_owned(), false));
        assert_eq!(starts.label("more".to_owned()), ("other".to_owned(), false));
    }
}
