//! A turn of a workflow, as its app is sent it: sizes of its events.

use std::collections::HashSet;

use cloakroom_wire::View;

use super::{
    origin::Origin,
    weight::{EventWeight, Weight},
};

/// Sizes of the events in a `WorkflowRequest` or a `GetInstanceHistoryResponse`.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Facts about the workflow, if its first event is here.
    pub(crate) origin: Option<Origin>,
    /// First events of the history that are not here, because the app has them.
    pub(crate) omitted: usize,
    pub(crate) past: Vec<EventWeight>,
    pub(crate) new: Vec<EventWeight>,
    /// Tasks whose results are here.
    pub(crate) completed: HashSet<i64>,
    pub(crate) propagated: Weight,
}

/// Events that have the result of a task.
const RESULTS: [&str; 4] = [
    "taskCompleted",
    "taskFailed",
    "childWorkflowInstanceCompleted",
    "childWorkflowInstanceFailed",
];

impl Turn {
    /// Reads a message as the sidecar sent it, and as its receiver gets it, if it could be decoded.
    /// Otherwise `without` says what an event would weigh without the pipeline.
    pub(crate) fn read(
        raw: View<'_>,
        plain: Option<View<'_>>,
        without: impl Fn(&[u8]) -> usize,
    ) -> Self {
        let (fields, decoded) =
            (raw.fields(), plain.map(|plain| plain.fields()).unwrap_or_default());
        let mut turn = Self::default();
        for (index, field) in fields.iter().enumerate() {
            let Some(content) = field.content else { continue };
            // Decoding changes no field's place.
            let plain = decoded.get(index).and_then(|field| field.content);
            let without = || plain.map_or_else(|| without(content), <[u8]>::len);
            match raw.message_type().field_name(field.number) {
                Some("pastEvents" | "events") => {
                    turn.past.push(EventWeight::new(content.len(), without()));
                    turn.note_start(raw, content);
                }
                Some("newEvents") => {
                    turn.new.push(EventWeight::new(content.len(), without()));
                    turn.note_start(raw, content);
                    turn.completed.extend(completed(raw, content));
                }
                Some("propagatedHistory") => {
                    turn.propagated += EventWeight::new(content.len(), without()).into();
                }
                _ => {}
            }
        }
        let cached = raw.message("cachedHistory").and_then(|cached| cached.number("eventCount"));
        turn.omitted = usize::try_from(cached.unwrap_or_default()).unwrap_or(usize::MAX);
        turn
    }

    /// Notes name and parent if the event is the start of the workflow.
    fn note_start(&mut self, raw: View<'_>, event: &[u8]) {
        if self.origin.is_some() {
            return;
        }
        let started =
            raw.inner("HistoryEvent", event).and_then(|one| one.message("executionStarted"));
        self.origin = started.map(|started| {
            let parent = started.message("parentInstance");
            let parent = parent.and_then(|parent| parent.text("appID"));
            Origin {
                workflow: started.text("name").unwrap_or_default().to_owned(),
                parent_app: parent.filter(|app| !app.is_empty()).map(str::to_owned),
            }
        });
    }
}

/// Returns the task whose result an event has.
fn completed(raw: View<'_>, event: &[u8]) -> Option<i64> {
    let event = raw.inner("HistoryEvent", event)?;
    let result = RESULTS.iter().find_map(|name| event.message(name))?;
    Some(result.number("taskScheduledId").unwrap_or_default().cast_signed())
}
