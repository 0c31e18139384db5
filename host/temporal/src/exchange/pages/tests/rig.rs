//! A server that is not there, and payloads that grow when they are decoded.

use std::{
    future::{Future, ready},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Context, Error, Payload, Purpose};
use cloakroom_grpc::{Caller, RequestLog, Status};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{Schema, View};
use http::HeaderMap;

use super::super::events::Page;
use crate::{
    SizeLimits,
    adapter::Adapter,
    exchange::{
        Call, Encoded as Request, Exchange, Frontend, SERVICE,
        decoder::Decoder,
        history_request::HistoryRequest,
        proto::{put_bytes, put_number},
    },
    namespaces::NamespacePolicies,
};

pub(super) const HISTORY: &str = "GetWorkflowExecutionHistory";
pub(super) const POLL: &str = "PollWorkflowTaskQueue";

/// Bytes that the clients of these tests receive at most.
pub(super) const LIMIT: usize = 100 << 10;

/// Most payloads that are decoded at once.
const PAYLOADS: usize = 150;

/// A server with one history, of which a page has so many events.
pub(super) struct Server {
    pub(super) events: Mutex<Vec<Vec<u8>>>,
    page: usize,
    asked: AtomicUsize,
}

impl Frontend for Server {
    fn ask(
        &self,
        name: &str,
        _: &HeaderMap,
        request: Bytes,
        _: &CallMemory,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send {
        assert_eq!(name, HISTORY);
        self.asked.fetch_add(1, Relaxed);
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let request = View::new(method.request, &request);
        let execution = request.message("execution").unwrap();
        assert_eq!(
            (execution.text("workflow_id"), execution.text("run_id")),
            (Some("w"), Some("r"))
        );
        let token = request
            .text("next_page_token")
            .filter(|token| !token.is_empty())
            .map(|token| token.parse().unwrap());
        ready(Ok(self.page_from(token.unwrap_or_default()).into()))
    }
}

impl Server {
    /// Returns the answer with the page that begins at this index.
    fn page_from(&self, begin: usize) -> Vec<u8> {
        let events = self.events.lock().unwrap();
        let end = (begin + self.page).min(events.len());
        let mut answer = Vec::new();
        put_bytes(&mut answer, 1, &history(&events[begin..end]));
        if end < events.len() {
            put_bytes(&mut answer, 3, end.to_string().as_bytes());
        }
        answer
    }
}

pub(super) struct Rig {
    pub(super) exchange: Exchange,
    pub(super) server: Server,
    pub(super) decoded: Arc<AtomicUsize>,
    /// Bytes that the last call held when it was answered.
    pub(super) counted: AtomicUsize,
    pub(super) headers: HeaderMap,
}

impl Rig {
    pub(super) fn new(page: usize, events: Vec<Vec<u8>>) -> Self {
        let decoded = Arc::new(AtomicUsize::new(0));
        let codec = Decoder::new("x/grown", Purpose::Compression, growing(&decoded));
        let pipeline = Pipeline::builder().with_stage(Stage::new("growing", codec));
        let pipeline = pipeline.with_max_payloads(NonZeroUsize::new(PAYLOADS).unwrap()).build();
        let adapter = Adapter::new(pipeline.unwrap(), SizeLimits::default());
        let policies = Box::new(Arc::new(NamespacePolicies::default()));
        let exchange = Exchange::new(adapter, ByteSize::bytes(LIMIT as u64), policies);
        let server = Server { events: Mutex::new(events), page, asked: AtomicUsize::new(0) };
        Self { exchange, server, decoded, counted: AtomicUsize::new(0), headers: HeaderMap::new() }
    }

    pub(super) fn of_worker(page: usize, events: Vec<Vec<u8>>) -> Self {
        let mut rig = Self::new(page, events);
        rig.headers.insert("client-name", "temporal-rust".parse().unwrap());
        rig
    }

    /// Decodes an answer of the server to this method.
    pub(super) async fn decode(
        &self,
        name: &str,
        request: &[u8],
        answer: Vec<u8>,
    ) -> Result<Bytes, Status> {
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let (caller, ctx) = (Caller::everybody(), Context::namespace("shop"));
        let request = Bytes::copy_from_slice(request);
        let history = HistoryRequest::read(&method, name, &ctx, &request);
        let call = Call::new(&method, name, &self.headers, &caller);
        let call = Call { history: history.as_ref(), ..call };
        let (memory, mut log) = (self.memory(), RequestLog::start(None, name));
        let answer = answer.into();
        let decoded =
            self.exchange.decode_answer(&self.server, &call, &ctx, answer, &memory, &mut log).await;
        self.counted.store(memory.used(), Relaxed);
        decoded
    }

    /// Asks for a page of the history, as a client or worker does.
    pub(super) async fn ask(&self, token: &[u8]) -> Result<Bytes, Status> {
        let request = Bytes::from(request(token));
        let method = Schema::temporal().method(&format!("{SERVICE}{HISTORY}")).unwrap();
        let caller = Caller::everybody();
        let call = Call::new(&method, HISTORY, &self.headers, &caller);
        let (memory, mut log) = (self.memory(), RequestLog::start(None, HISTORY));
        let encoded =
            self.exchange.encode_request(&self.server, &call, request.clone(), &memory, &mut log);
        match encoded.await? {
            Request::Answer(answer) => Ok(answer),
            Request::Request(_, request) => {
                let answer = self.server.ask(HISTORY, &self.headers, request.clone(), &memory);
                self.decode(HISTORY, &request, answer.await?.to_vec()).await
            }
        }
    }

    pub(super) fn is_own(&self, token: &[u8]) -> bool {
        self.exchange.open_page(token).is_some()
    }

    fn memory(&self) -> CallMemory {
        self.exchange.adapter.pipeline().memory().call()
    }

    /// Reads all pages behind an answer to this method. Returns their events.
    pub(super) async fn rest(&self, mut page: Page) -> Vec<(u64, usize)> {
        let mut events = sizes(&page);
        while !page.token.is_empty() {
            let answer = self.ask(&page.token).await.unwrap();
            assert!(answer.len() <= LIMIT, "{}", answer.len());
            page = split(HISTORY, &answer);
            events.extend(sizes(&page));
        }
        events
    }
}

/// Returns a function that decodes a number to so many bytes, and JSON to the same.
fn growing(decoded: &Arc<AtomicUsize>) -> impl Fn(Payload) -> Result<Payload, Error> + use<> {
    let decoded = decoded.clone();
    move |grown| {
        let number = std::str::from_utf8(&grown.data).unwrap().parse();
        let data = number.map_or(grown.data, |size| vec![b'x'; size].into());
        decoded.fetch_add(data.len(), Relaxed);
        Ok(Payload::new("json/plain", data))
    }
}

pub(super) fn request(token: &[u8]) -> Vec<u8> {
    let (mut execution, mut request) = (Vec::new(), Vec::new());
    put_bytes(&mut execution, 1, b"w");
    put_bytes(&mut execution, 2, b"r");
    put_bytes(&mut request, 1, b"shop");
    put_bytes(&mut request, 2, &execution);
    put_bytes(&mut request, 4, token);
    request
}

pub(super) fn split(name: &str, answer: &Bytes) -> Page {
    let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
    Page::split(method.response, answer).unwrap()
}

/// Returns the id of each event, and its size in bytes.
pub(super) fn sizes(page: &Page) -> Vec<(u64, usize)> {
    page.events.iter().map(|event| (event.id, event.size())).collect()
}

pub(super) fn history(events: &[Vec<u8>]) -> Vec<u8> {
    let mut history = Vec::new();
    for event in events {
        put_bytes(&mut history, 1, event);
    }
    history
}

/// Returns an event of this type with these attributes.
pub(super) fn event(id: u64, kind: u64, number: u32, attributes: &[u8]) -> Vec<u8> {
    let mut event = Vec::new();
    put_number(&mut event, 1, id);
    put_number(&mut event, 3, kind);
    put_bytes(&mut event, number, attributes);
    event
}

/// Returns a field of one payload, which is decoded to so many bytes.
pub(super) fn payload(number: u32, size: usize) -> Vec<u8> {
    let (mut payloads, mut field) = (Vec::new(), Vec::new());
    let envelope = Payload::new("x/grown", size.to_string()).envelope().to_bytes();
    put_bytes(&mut payloads, 1, &envelope);
    put_bytes(&mut field, number, &payloads);
    field
}

/// Returns the completion of an activity whose result grows to so many bytes.
pub(super) fn result(id: u64, size: usize) -> Vec<u8> {
    event(id, 12, 17, &payload(1, size))
}

/// Returns an event that schedules an activity with such an input.
pub(super) fn scheduled(id: u64, size: usize) -> Vec<u8> {
    event(id, 10, 15, &payload(6, size))
}

/// Returns the failure of an activity whose texts are in a payload.
pub(super) fn failed(id: u64, stack_trace: &str) -> Vec<u8> {
    let (mut failure, mut attributes) = (Vec::new(), Vec::new());
    let texts = format!(r#"{{"message":"failure {id}","stack_trace":"{stack_trace}"}}"#);
    put_bytes(&mut failure, 1, b"Encoded failure");
    put_bytes(&mut failure, 20, &Payload::new("x/grown", texts).envelope().to_bytes());
    put_bytes(&mut attributes, 1, &failure);
    event(id, 13, 18, &attributes)
}

/// Returns the two events that begin a workflow task, with the size of the history.
pub(super) fn begun(id: u64, size: u64) -> [Vec<u8>; 2] {
    let mut started = Vec::new();
    put_number(&mut started, 5, size);
    [event(id, 5, 10, &[]), event(id + 1, 6, 11, &started)]
}

/// Returns a workflow task with these events.
pub(super) fn task(token: &str, events: &[Vec<u8>], next: &str) -> Vec<u8> {
    let (mut execution, mut task) = (Vec::new(), Vec::new());
    put_bytes(&mut execution, 1, b"w");
    put_bytes(&mut execution, 2, b"r");
    put_bytes(&mut task, 1, token.as_bytes());
    put_bytes(&mut task, 2, &execution);
    put_bytes(&mut task, 8, &history(events));
    put_bytes(&mut task, 9, next.as_bytes());
    task
}
