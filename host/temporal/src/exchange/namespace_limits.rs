//! Size limits of namespaces: raised for the SDKs, and kept to after encoding.
//!
//! SDKs read the limits and refuse large payloads before they send them, so that the gateway would never
//! see them. The server terminates a workflow that passes its limits, so the gateway keeps to them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use cloakroom_wire::{MessageType, View, set_number};

/// Method whose answer has the limits.
pub(crate) const METHOD: &str = "DescribeNamespace";

/// Path to the limits in the answer, and the limits of a blob, a memo and a completed workflow task.
const INFO: &str = "namespace_info";
const LIMITS: &str = "limits";
const BLOB: &str = "blob_size_limit_error";
const ALL: [&str; 3] = [BLOB, "memo_size_limit_error", "workflow_task_completion_size_limit_error"];

/// Limit that the answer shows to SDKs. No payload that they can send is as large.
const RAISED: u64 = 1 << 40;

/// Namespaces that are remembered. More than one server has.
const MOST: usize = 10_000;

/// Real limits of a field, by namespace, as the frontend told them.
#[derive(Default)]
pub(crate) struct NamespaceLimits(Mutex<HashMap<String, u64>>);

impl NamespaceLimits {
    /// Notes the limit of a namespace. Zero means none.
    pub(crate) fn learn(&self, namespace: &str, blob: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blob != 0 && (known.len() < MOST || known.contains_key(namespace)) {
            known.insert(namespace.to_owned(), blob);
        }
    }

    /// Returns the limit of a namespace, if it is known.
    pub(crate) fn get(&self, namespace: &str) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).copied()
    }
}

/// Returns the limit of a blob in the answer of [`METHOD`].
pub(crate) fn blob_limit(message: MessageType, answer: &[u8]) -> Option<u64> {
    View::new(message, answer).message(INFO)?.message(LIMITS)?.number(BLOB)
}

/// Returns the answer of [`METHOD`] with raised limits.
pub(crate) fn raised(message: MessageType, answer: &Bytes) -> Option<Bytes> {
    let raise = |answer: Bytes, limit| set_number(message, &answer, &[INFO, LIMITS, limit], RAISED);
    ALL.into_iter().try_fold(answer.clone(), raise).ok()
}

#[cfg(test)]
mod tests {
    use cloakroom_wire::Schema;

    use super::*;

    #[test]
    fn raises_the_limits_and_keeps_the_rest() {
        let name = "temporal.api.workflowservice.v1.DescribeNamespaceResponse";
        let message = Schema::temporal().message(name).unwrap();
        // The name of the namespace, its limit of a blob, and a boolean of the answer.
        let answer =
            Bytes::from_static(b"\x0a\x0d\x0a\x04shop\x42\x05\x08\x80\x80\x80\x01\x20\x07");
        assert_eq!(blob_limit(message, &answer), Some(2_097_152));
        let raised = raised(message, &answer).unwrap();
        let info = View::new(message, &raised).message(INFO).unwrap();
        for limit in ALL {
            assert_eq!(info.message(LIMITS).unwrap().number(limit), Some(RAISED));
        }
        assert_eq!(info.text("name"), Some("shop"));
        assert!(raised.ends_with(b"\x20\x07"));
    }
}
