//! Size limits of namespaces: raised for the SDKs, and kept to after encoding.
//!
//! SDKs read the limits and refuse large payloads before they send them, so that the gateway would never
//! see them. The server terminates a workflow that passes its limits, so the gateway keeps to them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cloakroom_wire::{MessageType, View, set_number};
use tokio::time::Instant;

/// Path to the limits in the answer, and the limits of a blob, a memo and a completed workflow task.
const INFO: &str = "namespace_info";
const LIMITS: &str = "limits";
const BLOB: &str = "blob_size_limit_error";
const MEMO: &str = "memo_size_limit_error";
const ALL: [&str; 3] = [BLOB, MEMO, "workflow_task_completion_size_limit_error"];

/// Limit that the answer shows to SDKs. No payload that they can send is as large.
const RAISED: u64 = 1 << 40;

/// Namespaces that are remembered. More than one server has.
const MOST: usize = 10_000;

/// Time after which limits are asked for again: an operator may change them.
const FRESH: Duration = Duration::from_secs(600);

/// Time after which an attempt that brought no limits is repeated.
const AGAIN: Duration = Duration::from_secs(30);

/// Real limits of a namespace. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// An input, a result or a failure.
    pub(crate) blob: Option<u64>,
    /// A memo.
    pub(crate) memo: Option<u64>,
}

/// Real limits by namespace, as the frontend told them.
#[derive(Default)]
pub(crate) struct NamespaceLimits(Mutex<HashMap<String, Entry>>);

struct Entry {
    limits: Option<Limits>,
    ask_at: Instant,
}

impl NamespaceLimits {
    /// Remembers the limits of a namespace.
    pub(crate) fn learn(&self, namespace: &str, limits: Limits) {
        self.put(namespace, Some(limits), Instant::now() + FRESH);
    }

    /// Returns whether the limits of a namespace should be asked for. Only one caller gets `true`, and the
    /// others go on with what is known.
    pub(crate) fn should_ask(&self, namespace: &str) -> bool {
        self.should_ask_at(Instant::now(), namespace)
    }

    fn should_ask_at(&self, now: Instant, namespace: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(namespace).map(|entry| (entry.limits, entry.ask_at));
        drop(known);
        if entry.is_some_and(|(_, ask_at)| now < ask_at) {
            return false;
        }
        self.put(namespace, entry.and_then(|(limits, _)| limits), now + AGAIN)
    }

    /// Returns the limits of a namespace, if they are known.
    pub(crate) fn get(&self, namespace: &str) -> Option<Limits> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(namespace).and_then(|entry| entry.limits)
    }

    /// Returns whether there was room. Callers choose the names.
    fn put(&self, namespace: &str, limits: Option<Limits>, ask_at: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = known.len() < MOST || known.contains_key(namespace);
        if has_room {
            known.insert(namespace.to_owned(), Entry { limits, ask_at });
        }
        has_room
    }
}

/// Returns the limits in the answer of `DescribeNamespace`. `None` from a server that tells none.
pub(crate) fn limits(message: MessageType, answer: &[u8]) -> Option<Limits> {
    let limits = View::new(message, answer).message(INFO)?.message(LIMITS)?;
    let limit = |name| limits.number(name).filter(|limit| *limit != 0);
    Some(Limits { blob: limit(BLOB), memo: limit(MEMO) })
}

/// Returns the answer of `DescribeNamespace` with raised limits.
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
        let expect = Limits { blob: Some(2_097_152), memo: None };
        assert_eq!(limits(message, &answer), Some(expect));
        let raised = raised(message, &answer).unwrap();
        let info = View::new(message, &raised).message(INFO).unwrap();
        for limit in ALL {
            assert_eq!(info.message(LIMITS).unwrap().number(limit), Some(RAISED));
        }
        assert_eq!(info.text("name"), Some("shop"));
        assert!(raised.ends_with(b"\x20\x07"));
    }

    #[test]
    fn asks_once_and_again_later() {
        let known = NamespaceLimits::default();
        let begin = Instant::now();
        assert!(known.should_ask_at(begin, "shop"));
        assert!(!known.should_ask_at(begin, "shop"));
        assert_eq!(known.get("shop"), None);
        assert!(known.should_ask_at(begin + AGAIN, "shop"));
        let limits = Limits { blob: Some(1), memo: None };
        known.learn("shop", limits);
        assert!(!known.should_ask_at(begin + AGAIN, "shop"));
        assert!(known.should_ask_at(Instant::now() + FRESH, "shop"));
        assert_eq!(known.get("shop"), Some(limits));
    }

    #[test]
    fn remembers_no_more_than_its_bound() {
        let known = NamespaceLimits::default();
        for name in 0..MOST {
            known.learn(&name.to_string(), Limits { blob: Some(1), memo: None });
        }
        assert!(!known.should_ask("another"));
        known.learn("0", Limits { blob: Some(2), memo: None });
        assert_eq!(known.get("0").unwrap().blob, Some(2));
    }
}
