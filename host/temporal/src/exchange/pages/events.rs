//! An answer with a history, taken apart into its events and put together again.

use bytes::Bytes;
use cloakroom_wire::{MessageType, Schema, View};

use crate::exchange::{
    page_token::PageToken,
    proto::{put_bytes, put_number},
};

const BLOB: &str = "temporal.api.common.v1.DataBlob";
const EVENT: &str = "temporal.api.history.v1.HistoryEvent";
const HISTORY: &str = "temporal.api.history.v1.History";

/// Number of `events` in a history.
const EVENTS: u32 = 1;

/// Numbers in a `DataBlob`, and the encoding that is protobuf.
const ENCODING: u32 = 1;
const DATA: u32 = 2;
const PROTO3: u64 = 1;

/// Bytes that an event takes in its message besides its own: tag and length.
const FRAMING: usize = 6;

/// Bytes around the events: tags and lengths of the history, of a blob and of the token.
const AROUND: usize = 24;

/// Numbers of the fields of an answer: the history, batches of a raw history, and the next token.
struct Layout {
    name: &'static str,
    history: u32,
    raw: u32,
    token: u32,
}

const LAYOUTS: [Layout; 3] = [
    Layout {
        name: "temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse",
        history: 1,
        raw: 2,
        token: 3,
    },
    Layout {
        name: "temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryReverseResponse",
        history: 1,
        raw: 0,
        token: 3,
    },
    Layout {
        name: "temporal.api.workflowservice.v1.PollWorkflowTaskQueueResponse",
        history: 8,
        raw: 0,
        token: 9,
    },
];

/// An answer with a history.
pub(super) struct Page {
    layout: &'static Layout,
    /// All other fields, as they were.
    rest: Vec<u8>,
    pub(super) events: Vec<Event>,
    /// Token of the next page. Empty if there is none.
    pub(super) token: Vec<u8>,
}

/// An event of a history.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: u64,
    /// Number of the enumeration `EventType`.
    kind: u64,
    bytes: Bytes,
    /// The blob of a raw history that it is in.
    blob: Option<usize>,
}

/// `EVENT_TYPE_WORKFLOW_TASK_SCHEDULED` and `EVENT_TYPE_WORKFLOW_TASK_STARTED`
const BEGIN_OF_TASK: [u64; 2] = [5, 6];

/// Returns whether an answer of this type can be cut.
pub(in super::super) fn has_history(message: MessageType) -> bool {
    layout(message).is_some()
}

fn layout(message: MessageType) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.name == message.name())
}

impl Page {
    /// Takes an answer apart. Returns nothing if it is of a type without a history, malformed, or has a
    /// raw history that is not protobuf.
    pub(super) fn split(message: MessageType, bytes: &Bytes) -> Option<Self> {
        let (mut page, blob) = (Self::empty(message)?, Schema::temporal().message(BLOB)?);
        let (layout, mut read, mut blobs) = (page.layout, 0, 0);
        for field in View::new(message, bytes).fields() {
            read += field.whole.len();
            let number = field.number;
            if number == layout.history {
                page.add_events(bytes, field.content?, None)?;
            } else if number == layout.raw {
                let blob = View::new(blob, field.content?);
                if blob.number("encoding_type") != Some(PROTO3) {
                    return None;
                }
                page.add_events(bytes, blob.bytes("data")?, Some(blobs))?;
                blobs += 1;
            } else if number == layout.token {
                page.token = field.content?.to_vec();
            } else {
                page.rest.extend_from_slice(field.whole);
            }
        }
        (read == bytes.len()).then_some(page)
    }

    /// Returns an answer of this type with nothing in it.
    pub(super) fn empty(message: MessageType) -> Option<Self> {
        let (rest, events, token) = (Vec::new(), Vec::new(), Vec::new());
        Some(Self { layout: layout(message)?, rest, events, token })
    }

    fn add_events(&mut self, bytes: &Bytes, history: &[u8], blob: Option<usize>) -> Option<()> {
        let schema = Schema::temporal();
        let (history_type, event) = (schema.message(HISTORY)?, schema.message(EVENT)?);
        let mut read = 0;
        for field in View::new(history_type, history).fields() {
            let content = field.content.filter(|_| field.number == EVENTS)?;
            read += field.whole.len();
            let view = View::new(event, content);
            let (id, kind) = (view.number("event_id")?, view.number("event_type"));
            let bytes = bytes.slice_ref(content);
            self.events.push(Event { id, kind: kind.unwrap_or_default(), bytes, blob });
        }
        (read == history.len()).then_some(())
    }

    /// Returns the answer with these events and this token. Without `rest` it has nothing else.
    pub(super) fn join(&self, events: &[Event], token: &[u8], rest: bool) -> Bytes {
        let mut bytes = Vec::with_capacity(self.size(events, rest) + token.len());
        if rest {
            bytes.extend_from_slice(&self.rest);
        }
        for batch in events.chunk_by(|one, next| one.blob == next.blob) {
            let history = history(batch);
            if batch.iter().all(|event| event.blob.is_none()) {
                put_bytes(&mut bytes, self.layout.history, &history);
            } else {
                let mut blob = Vec::with_capacity(history.len() + AROUND);
                put_number(&mut blob, ENCODING, PROTO3);
                put_bytes(&mut blob, DATA, &history);
                put_bytes(&mut bytes, self.layout.raw, &blob);
            }
        }
        if !token.is_empty() {
            put_bytes(&mut bytes, self.layout.token, token);
        }
        bytes.into()
    }

    /// Returns how many bytes an answer with these events has at most, without a token.
    pub(super) fn size(&self, events: &[Event], rest: bool) -> usize {
        let rest = if rest { self.rest.len() } else { 0 };
        rest + AROUND + events.iter().map(Event::size).sum::<usize>()
    }

    /// Returns the events before those at the end that began a workflow task, and these.
    pub(super) fn without_tail(&self) -> (&[Event], &[Event]) {
        let began = self.events.iter().rev().take(2).take_while(|event| event.begins_task());
        self.events.split_at(self.events.len() - began.count())
    }

    /// Returns the size of the history as the last workflow task tells it.
    pub(super) fn history_size(&self) -> Option<u64> {
        let event = Schema::temporal().message(EVENT)?;
        let attributes = |one: &Event| {
            let view = View::new(event, &one.bytes);
            view.message("workflow_task_started_event_attributes")?.number("history_size_bytes")
        };
        let mut events = self.events.iter().rev().filter(|event| event.begins_task());
        events.find_map(attributes)
    }

    /// Leaves out what a token says was delivered, and what is beyond its last event. Returns whether
    /// the page has the last event.
    pub(super) fn trim(&mut self, from: &PageToken) -> bool {
        let last = self.events.last();
        let is_last = from.last == 0 || last.is_some_and(|last| from.is_reached_by(last.id));
        self.events.retain(|event| !from.is_delivered(event.id) && !from.is_beyond(event.id));
        is_last
    }

    /// Adds the events of a history behind the others. It has no blobs.
    pub(super) fn append(&mut self, history: &[u8], is_wanted: impl Fn(u64) -> bool) -> Option<()> {
        let before = self.events.len();
        let history = Bytes::copy_from_slice(history);
        // An answer has a history or blobs. Events behind blobs are a blob of their own.
        let blob = self.events.last().and_then(|last| last.blob).map(|blob| blob + 1);
        self.add_events(&history, &history, blob)?;
        let added = self.events.split_off(before);
        self.events.extend(added.into_iter().filter(|event| is_wanted(event.id)));
        Some(())
    }
}

impl Event {
    /// Returns the event as part of the blob that another one is in.
    pub(super) fn in_blob_of(&self, other: &Self) -> Self {
        Self { blob: other.blob, ..self.clone() }
    }

    fn begins_task(&self) -> bool {
        BEGIN_OF_TASK.contains(&self.kind)
    }

    /// Returns the bytes that the event takes in an answer at most.
    pub(super) fn size(&self) -> usize {
        // A blob of its own at worst.
        self.bytes.len() + FRAMING + if self.blob.is_some() { AROUND } else { 0 }
    }
}

/// Writes events as a `History`.
pub(super) fn history(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(events.iter().map(Event::size).sum());
    for event in events {
        put_bytes(&mut bytes, EVENTS, &event.bytes);
    }
    bytes
}
