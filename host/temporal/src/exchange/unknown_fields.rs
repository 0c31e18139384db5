//! Fields of messages that this version does not know: they pass, and an operator hears of them.
//!
//! A new field may hold payloads, which would reach Temporal in plaintext.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cloakroom_wire::Scan;
use metrics::counter;
use tokio::time::Instant;

use super::metric;
use cloakroom_grpc::LogLimit;

/// Most fields that the metric tells apart. A caller writes any number of them, and each label stays
/// in memory.
const MAX_FIELDS: usize = 256;

/// Label of all further fields.
const OTHER: (&str, u32) = ("other", 0);

/// Time until a field is logged again.
const INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Fields that were reported.
pub(super) struct UnknownFields {
    labels: Mutex<HashSet<(&'static str, u32)>>,
    lines: LogLimit,
}

impl Default for UnknownFields {
    fn default() -> Self {
        Self { labels: Mutex::default(), lines: LogLimit::new(1, INTERVAL) }
    }
}

impl UnknownFields {
    /// Counts the unknown fields of a message, and logs those that are new.
    pub(super) fn report(&self, found: &Scan) {
        for field in found.unknown() {
            let (message, number) = self.label(field.message.name(), field.number);
            counter!(metric::UNKNOWN_FIELDS, "message" => message, "field" => number.to_string())
                .increment(field.count);
            let subject = format!("{message}.{number}");
            if self.lines.note(&subject, Instant::now()).is_some() {
                tracing::warn!(
                    message_type = message,
                    field = number,
                    "a message has a field that this version of Cloakroom does not know, and the field \
                     passes as it is: if it holds payloads, update Cloakroom"
                );
            }
        }
    }

    fn label(&self, message: &'static str, number: u32) -> (&'static str, u32) {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let label = (message, number);
        if labels.len() >= MAX_FIELDS && !labels.contains(&label) {
            return OTHER;
        }
        labels.insert(label);
        label
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_bounded_number_of_fields_apart() {
        let fields = UnknownFields::default();
        for number in 0..MAX_FIELDS as u32 {
            assert_eq!(fields.label("a.Message", number), ("a.Message", number));
        }
        assert_eq!(fields.label("a.Message", 1000), OTHER);
        assert_eq!(fields.label("a.Message", 7), ("a.Message", 7));
    }
}
