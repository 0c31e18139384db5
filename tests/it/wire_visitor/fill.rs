//! Messages with one payload each, from the descriptors of Temporal's protos.

use crate::wire_table::{IN_ANY, JSON, Messages, SERVICE, descriptors, messages, target};

const ANY: &str = "google.protobuf.Any";
const BLOB: &str = "temporal.api.common.v1.DataBlob";
const HISTORY: &str = "temporal.api.history.v1.History";
const LEAF: &str = "temporal.api.common.v1.Payload";

/// Operators describe Nexus endpoints by a payload in this service.
const OPERATOR: &str = "temporal.api.operatorservice.v1.OperatorService";

/// Details of error statuses that the visitor visits.
const IN_STATUS: [&str; 2] = [
    "temporal.api.errordetails.v1.MultiOperationExecutionFailure",
    "temporal.api.errordetails.v1.QueryFailedFailure",
];

/// Contents of the payload.
pub(super) const DATA: &str = "hi";

/// The payload.
pub(super) const PAYLOAD: &[u8] = b"\x12\x02hi";

/// Times that one message type may lie within itself: a failure in the cause of a failure.
const NESTING: usize = 2;

/// A message with one payload.
pub(super) struct Case {
    /// Full name of the outermost message.
    pub(super) root: String,
    /// Fields around the payload, each with the full name of its message, the outermost first.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// A field on the way to a payload.
struct Step {
    name: String,
    number: i32,
    /// Fields beside it.
    before: Vec<u8>,
}

/// Returns a message for every payload field of every request and answer, and of error details.
pub(super) fn cases() -> Vec<Case> {
    let set = descriptors();
    let messages = messages(&set);
    let mut filler = Filler { messages: &messages, open: vec![], steps: vec![], cases: vec![] };
    for file in &set.file {
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            if ![SERVICE, OPERATOR].contains(&&*name) {
                continue;
            }
            for method in &service.method {
                filler.root(method.input_type().trim_start_matches('.'));
                filler.root(method.output_type().trim_start_matches('.'));
            }
        }
    }
    IN_STATUS.iter().for_each(|name| filler.root(name));
    filler.cases
}

struct Filler<'m> {
    messages: &'m Messages,
    open: Vec<String>,
    steps: Vec<Step>,
    cases: Vec<Case>,
}

impl Filler<'_> {
    fn root(&mut self, name: &str) {
        if !self.cases.iter().any(|case| case.root == name) {
            self.message(name);
        }
    }

    fn message(&mut self, name: &str) {
        let Some(message) = self.messages.get(name) else { return };
        if self.open.iter().filter(|open| *open == name).count() >= NESTING {
            return;
        }
        self.open.push(name.to_owned());
        for field in &message.field {
            let full = format!("{name}.{}", field.name());
            let is_json = JSON.contains(&&*full);
            self.steps.push(Step { name: full, number: field.number(), before: vec![] });
            match target(field) {
                Some(LEAF) => self.case(PAYLOAD),
                Some(ANY) => self.any(),
                Some(BLOB) => self.within(BLOB, "data", vec![8, 1], HISTORY),
                Some(target) => self.message(target),
                None if is_json => self.json(name),
                None => {}
            }
            self.steps.pop();
        }
        self.open.pop();
    }

    /// Enters a message that lies in field 2 of another.
    fn within(&mut self, outer: &str, field: &str, before: Vec<u8>, inner: &str) {
        let name = format!("{outer}.{field}");
        self.steps.push(Step { name, number: 2, before });
        self.message(inner);
        self.steps.pop();
    }

    fn any(&mut self) {
        let in_any = |name: &&String| IN_ANY.iter().any(|package| name.starts_with(package));
        for name in self.messages.keys().filter(in_any) {
            let url = field(1, format!("type.googleapis.com/{name}").as_bytes());
            self.within(ANY, "value", url, name);
        }
    }

    /// Fills the details of a Nexus failure.
    fn json(&mut self, name: &str) {
        assert_eq!(name, "temporal.api.nexus.v1.Failure");
        let entry = [field(1, b"type"), field(2, b"temporal.api.failure.v1.Failure")].concat();
        if let Some(step) = self.steps.last_mut() {
            step.before = field(2, &entry);
        }
        self.case(br#"{"encodedAttributes":{"data":"aGk="}}"#);
    }

    fn case(&mut self, content: &[u8]) {
        let wrap =
            |inner: Vec<u8>, step: &Step| [&step.before[..], &field(step.number, &inner)].concat();
        let bytes = self.steps.iter().rev().fold(content.to_vec(), wrap);
        let path = self.steps.iter().map(|step| &*step.name).collect::<Vec<_>>().join(" > ");
        self.cases.push(Case { root: self.open[0].clone(), path, bytes });
    }
}

fn field(number: i32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    prost::encoding::encode_key(
        number as u32,
        prost::encoding::WireType::LengthDelimited,
        &mut field,
    );
    prost::encoding::encode_varint(bytes.len() as u64, &mut field);
    [&field, bytes].concat()
}
