//! Moves the texts of failures in a request into payloads.

use std::{borrow::Cow, collections::HashMap};

use bytes::Bytes;
use cloakroom_wire::{Edit, MessageType, Scan, SpanId, WireError, apply};

use super::{
    ATTRIBUTES, FAILURE, HIDDEN, MESSAGE, STACK_TRACE, Texts, fields,
    nexus::{self, NEXUS},
    put_bytes, replace, text,
};

/// Most bytes of a query's text that are kept. The frontend cuts what it writes into the head of its
/// answer, but not the details beside it, and the core SDKs take a head of 16 KiB.
const QUERY_TEXT: usize = 4000;

/// Fields of a failed query: its text, and its failure.
#[derive(Clone, Copy)]
struct Query {
    text: u32,
    failure: u32,
}

impl Query {
    fn of(message: MessageType) -> Option<Self> {
        match message.name() {
            "temporal.api.query.v1.WorkflowQueryResult" => Some(Self { text: 3, failure: 4 }),
            "temporal.api.workflowservice.v1.RespondQueryTaskCompletedRequest" => {
                Some(Self { text: 4, failure: 7 })
            }
            _ => None,
        }
    }
}

/// Returns the message with the texts of all failures in payloads that are still to be encoded, or
/// nothing if there are none.
///
/// # Errors
/// If the message gets over 4 GiB.
pub(in super::super) fn hide(found: &Scan) -> Result<Option<Bytes>, WireError> {
    let mut hiding = Hiding { found, edits: Vec::new(), queries: HashMap::new() };
    for (span, message) in found.spans() {
        if message.name() == FAILURE {
            hiding.failure(span);
        } else if message.name() == NEXUS {
            hiding.nexus(span);
        } else if let Some(query) = Query::of(message) {
            hiding.query(span, query);
        }
    }
    let mut edits = hiding.edits;
    if edits.is_empty() {
        return Ok(None);
    }
    // What is put in stands at the start of its message, which no other message shares.
    edits.sort_by_key(|edit| edit.range.start);
    apply(found, edits).map(Some)
}

struct Hiding<'f> {
    found: &'f Scan,
    edits: Vec<Edit>,
    /// Texts of failed queries, by the offset of their failures. A query stands before its failure.
    queries: HashMap<usize, Cow<'f, str>>,
}

impl Hiding<'_> {
    fn failure(&mut self, span: SpanId) {
        let fields = fields(self.found, span);
        let (message, stack_trace) = (text(&fields, MESSAGE), text(&fields, STACK_TRACE));
        let start = self.found.span(span).map(|span| span.range().start);
        let query = start.and_then(|start| self.queries.remove(&start));
        let is_hidden = message.is_empty() || message == HIDDEN;
        if is_hidden && stack_trace.is_empty() && query.is_none() {
            return;
        }
        let mut hidden = Vec::new();
        if fields.iter().any(|(_, field)| field.number == ATTRIBUTES) {
            // The SDK has encoded them. Python, TypeScript and Go send a failure that they pass on with
            // the texts in both places, and every reader takes those of the attributes.
            put_bytes(&mut hidden, MESSAGE, HIDDEN.as_bytes());
        } else {
            let error_message = query.filter(|text| *text != message);
            hidden = Texts { message, stack_trace, error_message }.hidden();
        }
        self.edits.extend(replace(span, &fields, &[MESSAGE, STACK_TRACE], hidden));
    }

    fn nexus(&mut self, span: SpanId) {
        let fields = fields(self.found, span);
        if let Some(hidden) = nexus::hidden(&fields) {
            self.edits.extend(replace(span, &fields, &nexus::WRITTEN, hidden));
        }
    }

    /// Moves the text of a failed query into its failure, which the frontend passes on to the caller in
    /// the details of its error.
    fn query(&mut self, span: SpanId, query: Query) {
        let fields = fields(self.found, span);
        let message = text(&fields, query.text);
        if message.is_empty() || message == HIDDEN {
            return;
        }
        let message = cut(message);
        let mut hidden = Vec::new();
        put_bytes(&mut hidden, query.text, HIDDEN.as_bytes());
        let failure = fields.iter().rev().find(|(_, field)| field.number == query.failure);
        if let Some((start, field)) = failure {
            let length = field.content.map(<[u8]>::len).unwrap_or_default();
            self.queries.insert(start + field.whole.len() - length, message);
        } else {
            let texts = Texts { message, ..Texts::default() };
            put_bytes(&mut hidden, query.failure, &texts.hidden());
        }
        self.edits.extend(replace(span, &fields, &[query.text], hidden));
    }
}

/// Returns the start of a text.
fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    let start = text.get(..text.floor_char_boundary(QUERY_TEXT)).unwrap_or_default();
    if start.len() == text.len() { text } else { Cow::Owned(start.to_owned()) }
}
