//! Messages of Temporal's API, with the fields alone that matter here.

use std::{collections::BTreeMap, io::Write as _};

use bytes::{BufMut as _, Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Payload {
    #[prost(btree_map = "string, bytes", tag = "1")]
    metadata: BTreeMap<String, Vec<u8>>,
    #[prost(bytes, tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Payloads {
    #[prost(message, repeated, tag = "1")]
    pub(crate) payloads: Vec<Payload>,
}

/// A workflow's id, or the name of its type.
#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Start {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    workflow_id: String,
    #[prost(message, tag = "3")]
    workflow_type: Option<Named>,
    #[prost(message, tag = "5")]
    input: Option<Payloads>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Signal {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(message, tag = "2")]
    execution: Option<Named>,
    #[prost(message, tag = "4")]
    pub(crate) input: Option<Payloads>,
}

#[derive(Clone, PartialEq, Message)]
struct HistoryRequest {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(message, tag = "2")]
    execution: Option<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct HistoryAnswer {
    #[prost(message, tag = "1")]
    history: Option<History>,
}

#[derive(Clone, PartialEq, Message)]
struct History {
    #[prost(message, repeated, tag = "1")]
    events: Vec<Event>,
}

/// An event of an activity that completed.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(message, tag = "17")]
    completed: Option<Completed>,
}

#[derive(Clone, PartialEq, Message)]
struct Completed {
    #[prost(message, tag = "1")]
    result: Option<Payloads>,
}

/// Returns a message as gRPC frames it.
pub(crate) fn framed(message: &[u8], is_gzip: bool) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(message).expect("memory");
    let compressed = gzip.finish().expect("memory");
    let body = if is_gzip { &compressed } else { message };
    let mut framed = BytesMut::with_capacity(body.len() + 5);
    framed.put_u8(u8::from(is_gzip));
    framed.put_u32(body.len() as u32);
    framed.extend_from_slice(body);
    framed.freeze()
}

/// Returns the request that starts a workflow with an input of this size.
pub(crate) fn start(size: usize) -> Vec<u8> {
    let start = Start {
        namespace: "default".into(),
        workflow_id: "bench".into(),
        workflow_type: Some(Named { name: "Bench".into() }),
        input: Some(Payloads { payloads: vec![payload(size, 0)] }),
    };
    start.encode_to_vec()
}

/// Returns the request that signals a workflow with these payloads.
pub(crate) fn signal(payloads: &[Payload]) -> Vec<u8> {
    let input = Some(Payloads { payloads: payloads.to_vec() });
    let execution = Some(Named { name: "bench".into() });
    Signal { namespace: "default".into(), execution, input }.encode_to_vec()
}

/// Returns the request for a page of a history.
pub(crate) fn history() -> Vec<u8> {
    let execution = Some(Named { name: "bench".into() });
    HistoryRequest { namespace: "default".into(), execution }.encode_to_vec()
}

/// Returns a page of a history in which each payload is the result of an activity.
pub(crate) fn page(results: Vec<Payload>) -> Vec<u8> {
    let event = |(id, payload)| {
        let result = Some(Payloads { payloads: vec![payload] });
        Event { id: id as i64 + 1, completed: Some(Completed { result }) }
    };
    let events = results.into_iter().enumerate().map(event).collect();
    HistoryAnswer { history: Some(History { events }) }.encode_to_vec()
}

/// Returns JSON of which half is noise, as hexadecimal digits are.
pub(crate) fn payload(size: usize, seed: usize) -> Payload {
    Payload {
        metadata: BTreeMap::from([("encoding".to_owned(), b"json/plain".to_vec())]),
        data: json(size, seed).into_bytes(),
    }
}

/// The same as a text.
pub(crate) fn json(size: usize, seed: usize) -> String {
    let digits = hex::encode(cloakroom_tests::noise(size / 2 + 8));
    format!("\"{seed:06}{}\"", &digits[..size.saturating_sub(8)])
}
