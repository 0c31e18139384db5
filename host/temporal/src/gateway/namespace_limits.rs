//! Size limits of namespaces: raised for the SDKs, and kept to after encoding.
//!
//! SDKs read the limits and refuse large payloads before they send them, so that the gateway would never
//! see them. The server terminates a workflow that passes its limits, so the gateway keeps to them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::proto::{LENGTH, Reader, at_path, number, put_bytes, put_number};

/// Method whose answer has the limits.
pub(super) const METHOD: &str = "DescribeNamespace";

/// `DescribeNamespaceResponse.namespace_info`, `NamespaceInfo.limits`, and in it the limits of a blob,
/// of a memo and of a completed workflow task.
const INFO: u64 = 1;
const LIMITS: u64 = 8;
const BLOB: u64 = 1;
const ALL: [u64; 3] = [BLOB, 2, 3];

/// Limit that the answer shows to SDKs. No payload that they can send is as large.
const RAISED: u64 = 1 << 40;

/// Namespaces that are remembered. More than one server has.
const MOST: usize = 10_000;

/// Real limits of a field, by namespace, as the frontend told them.
#[derive(Default)]
pub(super) struct NamespaceLimits(Mutex<HashMap<String, u64>>);

impl NamespaceLimits {
    /// Notes the limit of a namespace. Zero means none.
    pub(super) fn learn(&self, namespace: &str, blob: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blob != 0 && (known.len() < MOST || known.contains_key(namespace)) {
            known.insert(namespace.to_owned(), blob);
        }
    }

    /// Returns the limit of a namespace, if it is known.
    pub(super) fn get(&self, namespace: &str) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).copied()
    }
}

/// Returns the limit of a blob in the answer of [`METHOD`].
pub(super) fn blob_limit(answer: &[u8]) -> Option<u64> {
    Some(number(at_path(answer, &[INFO, LIMITS, BLOB])?))
}

/// Returns the answer of [`METHOD`] with raised limits, if it has any.
pub(super) fn raised(answer: &[u8]) -> Option<Vec<u8>> {
    replace(answer, INFO, |info| {
        replace(info, LIMITS, |limits| {
            let mut limits = limits.to_vec();
            // Of a field that is there twice, the last one counts.
            ALL.iter().for_each(|limit| put_number(&mut limits, *limit, RAISED));
            Some(limits)
        })
    })
}

/// Returns a message with other contents of one field.
fn replace(
    message: &[u8],
    number: u64,
    change: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let mut fields = Reader::new(message, 0..message.len());
    let mut changed = Vec::with_capacity(message.len() + 32);
    while let Some(field) = fields.next().ok()? {
        if field.number == number && field.wire_type == LENGTH {
            put_bytes(&mut changed, number, &change(message.get(field.content)?)?);
        } else {
            changed.extend_from_slice(message.get(field.whole)?);
        }
    }
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raises_what_is_there_and_keeps_the_rest() {
        let (mut limits, mut info, mut answer) = (Vec::new(), Vec::new(), Vec::new());
        put_number(&mut limits, BLOB, 2_097_152);
        put_bytes(&mut info, 1, b"default");
        put_bytes(&mut info, LIMITS, &limits);
        put_bytes(&mut answer, INFO, &info);
        put_number(&mut answer, 4, 7);
        let raised = raised(&answer).unwrap();
        for limit in ALL {
            assert_eq!(number(at_path(&raised, &[INFO, LIMITS, limit]).unwrap()), RAISED);
        }
        assert_eq!(at_path(&raised, &[INFO, 1]), Some(&b"default"[..]));
        assert_eq!(number(at_path(&raised, &[4]).unwrap()), 7);
    }
}
