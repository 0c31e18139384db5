//! Count of the messages that keys seal with plain AES-256-GCM.

use std::sync::{Arc, Mutex, PoisonError};

use cloakroom_core::key_label;
use metrics::{Key, Label, Level, Metadata, SharedString, with_recorder};

use crate::metric::KEY_MESSAGES;

static METADATA: Metadata<'static> =
    Metadata::new("cloakroom_plugin", Level::INFO, Some(module_path!()));

/// Counter of messages by ring and key. It remembers the metric of the last key, since to make its name and
/// labels takes longer than to count.
#[derive(Default)]
pub(crate) struct KeyMessages(Mutex<Option<LastKey>>);

struct LastKey {
    ring: Arc<str>,
    label: String,
    metric: Key,
}

impl KeyMessages {
    /// Counts one message of a key.
    // Plain AES-GCM draws nonces of 96 bits at random, so a key is safe for a number of messages only.
    // Operators watch how close each key is.
    pub(crate) fn count(&self, ring: &Arc<str>, id: &str) {
        let label = key_label(id);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |last: &LastKey| last.label == label && last.ring == *ring;
        if !last.as_ref().is_some_and(is_known) {
            *last = None;
        }
        let LastKey { metric, .. } = last.get_or_insert_with(|| LastKey::new(ring, label));
        with_recorder(|recorder| recorder.register_counter(metric, &METADATA).increment(1));
    }
}

impl LastKey {
    fn new(ring: &Arc<str>, label: &str) -> Self {
        let labels = vec![
            Label::new("ring", SharedString::from(ring.clone())),
            Label::new("key", label.to_owned()),
        ];
        let metric = Key::from_parts(KEY_MESSAGES, labels);
        Self { ring: ring.clone(), label: label.to_owned(), metric }
    }
}
