//! Pages of a history, as the frontend answers them.

use bytes::Bytes;
use prost::Message as _;
use temporalio_protos::temporal::api::{
    common::v1::{Payload, Payloads},
    history::v1::{
        History, HistoryEvent, WorkflowExecutionSignaledEventAttributes, history_event::Attributes,
    },
    workflowservice::v1::GetWorkflowExecutionHistoryResponse,
};

/// Size of a page. It is the most that a frontend sends.
const PAGE: usize = 4 << 20;

/// Returns a page of signals with payloads of this size.
pub(crate) fn page(size: usize) -> Bytes {
    let events = (1..=PAGE / (size + 80)).map(|id| event(id as i64, size)).collect();
    let history = Some(History { events });
    GetWorkflowExecutionHistoryResponse { history, ..Default::default() }.encode_to_vec().into()
}

fn event(event_id: i64, size: usize) -> HistoryEvent {
    let payload = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: vec![b'7'; size],
        ..Default::default()
    };
    let signal = WorkflowExecutionSignaledEventAttributes {
        signal_name: "parcel".to_owned(),
        input: Some(Payloads { payloads: vec![payload] }),
        identity: "4711@worker".to_owned(),
        ..Default::default()
    };
    HistoryEvent {
        event_id,
        event_type: 26,
        version: 1,
        task_id: 1_048_576 + event_id,
        attributes: Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal)),
        ..Default::default()
    }
}
