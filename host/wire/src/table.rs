//! Reads `temporal.txt` and `dapr.txt`: lines `rpc PATH REQUEST RESPONSE`,
//! `message NAME`, and below it ` NUMBER NAME KIND [TARGET]`, where `*` marks a repeated field.
//!
//! A line that does not parse is left out, and its field counts as unknown.

use std::{collections::HashMap, sync::OnceLock};

use crate::schema::{COUNTERS, Field, FieldKind, Layout, SINGULAR, Schema};

/// Messages with the text of a failure.
const TEXTS: [&str; 3] = [
    "temporal.api.failure.v1.Failure",
    "temporal.api.nexus.v1.Failure",
    "temporal.api.query.v1.WorkflowQueryResult",
];

impl Schema {
    /// Returns the schema of Temporal's `WorkflowService`.
    #[must_use]
    pub fn temporal() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| parse(include_str!("temporal.txt")))
    }

    /// Returns the schema of Dapr's `TaskHubSidecarService`, and of the methods for workflows of the
    /// service `Dapr`. Its payloads are texts.
    #[must_use]
    pub fn dapr() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| parse(include_str!("dapr.txt")))
    }
}

fn parse(text: &'static str) -> Schema {
    let names = names(text);
    let id = |name: &str| names.get(name).copied();
    let mut methods = HashMap::new();
    let mut messages: Vec<Layout> = Vec::new();
    let mut fields: Vec<Field> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if line.starts_with(' ') {
            let number: usize = first.parse().unwrap_or_default();
            if let (Some(layout), Some(field)) = (messages.last_mut(), field(words, id)) {
                layout.count = number + 1;
                fields.resize(layout.first + number, Field::UNKNOWN);
                fields.push(field);
            }
        } else if let ("rpc", [path, request, response]) = (first, next(&mut words)) {
            methods.extend(id(request).zip(id(response)).map(|types| (path, types)));
        } else if let ("message", Some(name)) = (first, line.split_whitespace().nth(1)) {
            let (first, holds_payloads) = (fields.len(), false);
            let holds_text = TEXTS.contains(&name);
            messages.push(Layout { name, first, holds_payloads, holds_text, count: 0 });
        }
    }
    let holds = holders(&messages, &fields);
    for (layout, holds) in messages.iter_mut().zip(&holds) {
        layout.holds_payloads = *holds;
    }
    count(&messages, &mut fields, &holds);
    Schema { messages, fields, names, methods }
}

fn names(text: &'static str) -> HashMap<&'static str, u16> {
    text.lines().filter_map(|line| line.strip_prefix("message ")).zip(0..).collect()
}

fn next<'a, const N: usize>(words: &mut impl Iterator<Item = &'a str>) -> [&'a str; N] {
    [(); N].map(|()| words.next().unwrap_or_default())
}

fn field(
    mut words: impl Iterator<Item = &'static str>,
    id: impl Fn(&str) -> Option<u16>,
) -> Option<Field> {
    let [name, kind, target] = next(&mut words);
    let (kind, repeated) = match kind.strip_suffix('*') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let kind = match kind {
        "any" => FieldKind::Any,
        "bytes" => FieldKind::Bytes,
        "chunk" => FieldKind::Chunk,
        "history" => FieldKind::History,
        "json" => FieldKind::Json,
        "keep" => FieldKind::Keep,
        "message" => FieldKind::Message,
        "number" => FieldKind::Number,
        "payload" => FieldKind::Payload,
        "text" => FieldKind::Text,
        _ => return None,
    };
    let target = match kind {
        FieldKind::Any => id("google.protobuf.Any")?,
        FieldKind::History => id("temporal.api.common.v1.DataBlob")?,
        FieldKind::Chunk | FieldKind::Message => id(target)?,
        _ => 0,
    };
    Some(Field { name, kind, repeated, target, slot: 0 })
}

/// Gives each repeated field that a site can lie in a counter of its message, and each singular
/// message a bit.
fn count(messages: &[Layout], fields: &mut [Field], holds: &[bool]) {
    for layout in messages {
        let (mut counters, mut bits) = (0, 0);
        for field in fields.iter_mut().skip(layout.first).take(layout.count) {
            let inside = holds.get(usize::from(field.target)).copied().unwrap_or_default();
            if !field.repeated && is_message(field.kind) {
                field.slot = bits;
                bits += 1;
            } else if field.repeated
                && (is_visited(field.kind) || field.kind == FieldKind::Message && inside)
            {
                counters += 1;
                field.slot = counters;
            }
        }
        debug_assert!(usize::from(counters) < COUNTERS, "{} needs more counters", layout.name);
        debug_assert!(usize::from(bits) <= SINGULAR, "{} needs more bits", layout.name);
    }
}

fn is_message(kind: FieldKind) -> bool {
    kind == FieldKind::Message
        || (is_visited(kind) && !matches!(kind, FieldKind::Json | FieldKind::Text))
}

fn is_visited(kind: FieldKind) -> bool {
    use FieldKind::{Any, Chunk, History, Json, Payload, Text};
    matches!(kind, Any | Chunk | History | Json | Payload | Text)
}

/// Tells for each message type whether a payload can lie in it.
fn holders(messages: &[Layout], fields: &[Field]) -> Vec<bool> {
    let mut holds = vec![false; messages.len()];
    loop {
        let mut changed = false;
        for (index, layout) in messages.iter().enumerate() {
            let own = fields.iter().skip(layout.first).take(layout.count);
            let inside = |field: &Field| match field.kind {
                FieldKind::Message => {
                    holds.get(usize::from(field.target)).copied().unwrap_or_default()
                }
                kind => is_visited(kind),
            };
            let found = own.into_iter().any(inside);
            if let Some(held) = holds.get_mut(index).filter(|held| found && !**held) {
                *held = true;
                changed = true;
            }
        }
        if !changed {
            return holds;
        }
    }
}
