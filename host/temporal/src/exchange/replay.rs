//! Payloads of a history that a replay does not read: they stay encoded in workflow tasks.
//!
//! A replay runs the workflow's code again, and compares the commands that it makes with the history: by
//! type, id and name, not by input. What the workflow once sent is therefore never read, and fetching it
//! would be most of the work: in a pipeline of activities each payload is the result of one activity and
//! the input of the next.

use cloakroom_wire::{Scan, Site, Span};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::call::Call;

/// Header with the name of the SDK.
const CLIENT_NAME: HeaderName = HeaderName::from_static("client-name");

/// SDKs whose source was read for this: java 1.38.0 (`WorkflowStateMachines`), and core 0.10
/// (`worker/workflow/machines`), which is in the others. Any other SDK gets its tasks decoded as a
/// whole. So does go 1.51.0: it reads no more (`isCommandMatchEvent`), but looks through every payload
/// of a task first, and fails the task if one is a reference and it has no driver (`TMPRL1105`).
const CHECKED: [&[u8]; 4] =
    [b"temporal-java", b"temporal-python", b"temporal-rust", b"temporal-typescript"];

/// Answers with a workflow task in them. Other answers with a history are for clients, which read it all,
/// unless the token in the request says that the history is a task's.
const TASKS: [&str; 5] = [
    "ExecuteMultiOperation",
    "PollWorkflowTaskQueue",
    "RespondWorkflowTaskCompleted",
    "SignalWithStartWorkflowExecution",
    "StartWorkflowExecution",
];

/// Attributes of events, and their fields that a replay does not read.
const UNREAD: [(&str, &[&str]); 6] = [
    ("temporal.api.history.v1.ActivityTaskScheduledEventAttributes", &["header", "input"]),
    ("temporal.api.history.v1.NexusOperationScheduledEventAttributes", &["input"]),
    (
        "temporal.api.history.v1.SignalExternalWorkflowExecutionInitiatedEventAttributes",
        &["header", "input"],
    ),
    (
        "temporal.api.history.v1.StartChildWorkflowExecutionInitiatedEventAttributes",
        &["header", "input", "memo"],
    ),
    ("temporal.api.history.v1.WorkflowExecutionCompletedEventAttributes", &["result"]),
    (
        "temporal.api.history.v1.WorkflowExecutionContinuedAsNewEventAttributes",
        &["header", "input", "memo"],
    ),
];

/// Request to the handler of a Nexus operation.
const START_OPERATION: &str = "temporal.api.nexus.v1.StartOperationRequest";

/// Payload that the server writes in place of no input: its encoding is `binary/null`.
const NO_INPUT: &[u8] = b"\n\x17\n\x08encoding\x12\x0bbinary/null";

/// Payloads of an answer that its caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Everything,
    /// The payloads that a replay of the workflow reads.
    Replay,
}

impl Reads {
    /// Returns what a worker of this SDK reads of a history that it replays.
    pub(super) fn of_worker(headers: &HeaderMap) -> Self {
        let name = headers.get(CLIENT_NAME).map(HeaderValue::as_bytes);
        if name.is_some_and(|name| CHECKED.contains(&name)) {
            Self::Replay
        } else {
            Self::Everything
        }
    }

    /// Returns the numbers of the sites that are read.
    pub(super) fn sites(self, found: &Scan) -> Vec<usize> {
        let sites = (0..found.sites().len()).filter(|site| !is_no_input(found, *site));
        match self {
            Self::Everything => sites.collect(),
            Self::Replay => sites.filter(|site| !is_unread(found, *site)).collect(),
        }
    }
}

impl Call<'_> {
    /// Returns what the caller needs of the answer.
    pub(super) fn needs(&self) -> Reads {
        let is_of_task = self.history.is_some_and(|asked| asked.from.is_task);
        if is_of_task || TASKS.contains(&self.name) {
            Reads::of_worker(self.headers)
        } else {
            Reads::Everything
        }
    }
}

/// Returns whether a payload stands for an input that was not given. The server hands the handler of a
/// Nexus operation `binary/null` without data then.
///
/// It protects nothing that it passes where a stage is required: whoever could put it in the place of an
/// input could leave the input out.
fn is_no_input(found: &Scan, site: usize) -> bool {
    let is_short = |at: &&Site| at.range().len() <= NO_INPUT.len();
    let Some(at) = found.sites().get(site).filter(is_short) else { return false };
    let view = found.view(at.span());
    view.is_some_and(|view| view.message_type().name() == START_OPERATION)
        && [&b""[..], NO_INPUT].contains(&&*found.payload(site))
}

/// Returns whether a replay does not read the payload at a site.
fn is_unread(found: &Scan, site: usize) -> bool {
    let mut field = found.sites().get(site).map(Site::field);
    for id in found.around(site) {
        let (Some(view), Some(number)) = (found.view(id), field) else { return false };
        let message = view.message_type();
        if let Some((_, fields)) = UNREAD.iter().find(|(name, _)| *name == message.name()) {
            return message.field_name(number).is_some_and(|name| fields.contains(&name));
        }
        field = found.span(id).map(Span::field);
    }
    false
}

#[cfg(test)]
mod tests {
    use cloakroom_wire::{Schema, scan};

    use super::*;
    use crate::exchange::proto::put_bytes;

    /// A name that the API changes would switch the rule off without a sound.
    #[test]
    fn the_table_has_every_field() {
        for (name, fields) in UNREAD {
            let message = Schema::temporal().message(name).unwrap();
            for field in fields {
                let named = (1..64).any(|number| message.field_name(number) == Some(field));
                assert!(named, "{name} has no {field}");
            }
        }
        for name in TASKS {
            let path = format!("{}{name}", super::super::SERVICE);
            assert!(Schema::temporal().method(&path).is_some(), "{name}");
        }
    }

    #[test]
    fn a_null_is_no_input_of_nexus_and_a_payload_elsewhere() {
        let start = |payload: &[u8]| {
            let (mut start, mut request, mut task) = (Vec::new(), Vec::new(), Vec::new());
            put_bytes(&mut start, 5, payload);
            put_bytes(&mut request, 3, &start);
            put_bytes(&mut task, 2, &request);
            task
        };
        let elsewhere = |payload: &[u8]| {
            let (mut payloads, mut answer) = (Vec::new(), Vec::new());
            put_bytes(&mut payloads, 1, payload);
            put_bytes(&mut answer, 1, &payloads);
            answer
        };
        for (name, bytes, count) in [
            ("PollNexusTaskQueueResponse", start(b""), 0),
            ("PollNexusTaskQueueResponse", start(NO_INPUT), 0),
            ("PollNexusTaskQueueResponse", start(b"\x12\x01x"), 1),
            ("PollNexusTaskQueueResponse", start(&[NO_INPUT, b"\x12\x01x"].concat()), 1),
            ("QueryWorkflowResponse", elsewhere(b""), 1),
            ("QueryWorkflowResponse", elsewhere(NO_INPUT), 1),
        ] {
            let name = format!("temporal.api.workflowservice.v1.{name}");
            let message = Schema::temporal().message(&name).unwrap();
            let found = scan(message, &bytes.into()).unwrap();
            assert_eq!(found.sites().len(), 1, "{name}");
            for reads in [Reads::Everything, Reads::Replay] {
                assert_eq!(reads.sites(&found).len(), count, "{name}");
            }
        }
    }

    #[test]
    fn only_sdks_that_were_checked_skip() {
        for (name, reads) in [
            ("temporal-rust", Reads::Replay),
            ("temporal-go", Reads::Everything),
            ("temporal-dotnet", Reads::Everything),
            ("temporal-cli", Reads::Everything),
        ] {
            let headers = HeaderMap::from_iter([(CLIENT_NAME, name.parse().unwrap())]);
            assert_eq!(Reads::of_worker(&headers), reads, "{name}");
        }
        assert_eq!(Reads::of_worker(&HeaderMap::new()), Reads::Everything);
    }
}
