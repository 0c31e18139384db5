//! Which fields of Temporal's messages hold payloads: a table made from the descriptors.

use std::{collections::HashMap, sync::LazyLock};

/// Table as data. `tests/python/payload_table.py` makes it from the descriptors of Temporal's SDK.
const TABLE: &str = include_str!("payload_table.txt");

static TEMPORAL: LazyLock<Schema> = LazyLock::new(|| Schema::parse(TABLE));

/// Index of a message type that holds payloads, or messages with payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageType(usize);

/// Meaning of a field. Fields that the table does not have lead to no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldType {
    /// `temporal.api.common.v1.Payload`
    Payload,
    /// `google.protobuf.Any`
    Any,
    /// `temporal.api.common.v1.DataBlob`, which holds a history.
    Blob,
    Message(MessageType),
}

/// Method of the service: the types of its messages, and where the request has its context.
#[derive(Clone, Debug, Default)]
pub(super) struct Method {
    pub(super) request: Option<MessageType>,
    pub(super) response: Option<MessageType>,
    /// Paths of field numbers.
    pub(super) namespace: Vec<u64>,
    pub(super) workflow_id: Vec<u64>,
    pub(super) workflow_type: Vec<u64>,
}

/// Message types and methods of Temporal's WorkflowService.
pub(super) struct Schema {
    names: HashMap<&'static str, MessageType>,
    /// Fields of each type, by number.
    fields: Vec<Vec<(u64, FieldType)>>,
    methods: HashMap<&'static str, Method>,
}

impl Schema {
    /// Returns the table of the SDK's protocol version.
    pub(super) fn temporal() -> &'static Self {
        &TEMPORAL
    }

    /// Returns a method by its name.
    pub(super) fn method(&self, name: &str) -> Option<&Method> {
        self.methods.get(name)
    }

    /// Returns a message type by its full name.
    pub(super) fn message(&self, name: &str) -> Option<MessageType> {
        self.names.get(name).copied()
    }

    /// Returns the meaning of a field, if it leads to payloads.
    pub(super) fn field(&self, message: MessageType, number: u64) -> Option<FieldType> {
        let fields = self.fields.get(message.0)?;
        fields.iter().find(|(known, _)| *known == number).map(|(_, field)| *field)
    }

    /// Reads the table twice: a field may name a message that stands further down. A line that cannot
    /// be read is skipped, and a test compares the counts.
    fn parse(table: &'static str) -> Self {
        let declared = table.lines().filter_map(|line| line.strip_prefix("message "));
        let names: HashMap<_, _> =
            declared.enumerate().map(|(index, name)| (name, MessageType(index))).collect();
        let (mut fields, mut methods) = (Vec::<Vec<_>>::new(), HashMap::new());
        for line in table.lines() {
            let mut words = line.split_ascii_whitespace();
            match (words.next(), words.next()) {
                (Some("message"), Some(_)) => fields.push(Vec::new()),
                (Some("method"), Some(name)) => {
                    let mut method = Method {
                        request: words.next().and_then(|name| names.get(name)).copied(),
                        response: words.next().and_then(|name| names.get(name)).copied(),
                        ..Method::default()
                    };
                    for (key, path) in words.filter_map(|word| word.split_once('=')) {
                        let path =
                            path.split('.').filter_map(|number| number.parse().ok()).collect();
                        match key {
                            "namespace" => method.namespace = path,
                            "id" => method.workflow_id = path,
                            _ => method.workflow_type = path,
                        }
                    }
                    methods.insert(name, method);
                }
                (Some(number), Some(target)) => {
                    let field = match target {
                        "payload" => Some(FieldType::Payload),
                        "any" => Some(FieldType::Any),
                        "blob" => Some(FieldType::Blob),
                        name => names.get(name).copied().map(FieldType::Message),
                    };
                    if let (Ok(number), Some(field), Some(last)) =
                        (number.parse(), field, fields.last_mut())
                    {
                        last.push((number, field));
                    }
                }
                _ => {}
            }
        }
        Self { names, fields, methods }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let schema = Schema::temporal();
        let lines = |prefix: &str| TABLE.lines().filter(|line| line.starts_with(prefix)).count();
        assert_eq!(schema.names.len(), lines("message "));
        assert_eq!(schema.methods.len(), lines("method "));
        assert_eq!(schema.fields.iter().map(Vec::len).sum::<usize>(), lines("  "));
        assert!(schema.methods.len() > 100);
        let start = schema.method("StartWorkflowExecution").unwrap();
        assert_eq!(
            (start.namespace.as_slice(), start.workflow_id.as_slice()),
            (&[1][..], &[2][..])
        );
        assert!(start.request.is_some() && start.response.is_some());
        assert_eq!(schema.message("temporal.api.common.v1.SearchAttributes"), None);
    }
}
