//! Pages of a server that is not there, with payloads that grow when they are decoded.

use std::{
    future::{Future, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use cloakroom_core::{
    ByteSize, CallMemory, Codec, Context, Description, Encoded, Error, Payload, Purpose,
};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::{Schema, View};
use futures::future::BoxFuture;
use http::HeaderMap;

use super::{events::Page, sealed::is_sealed};
use crate::{
    SizeLimits,
    adapter::Adapter,
    exchange::{
        Call, Caller, Encoded as Request, Exchange, Frontend, SERVICE,
        call::request_log::RequestLog,
        history_request::HistoryRequest,
        proto::{put_bytes, put_number},
        status::Status,
    },
    namespaces::NamespacePolicies,
};

const HISTORY: &str = "GetWorkflowExecutionHistory";
const POLL: &str = "PollWorkflowTaskQueue";

/// What the clients of these tests receive.
const LIMIT: usize = 100 << 10;

/// Decodes a number to so many bytes.
struct Growing {
    description: Description,
    decoded: Arc<AtomicUsize>,
}

impl Codec for Growing {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(ready(Ok(Encoded::Unchanged)))
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        grown: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        let size: usize = std::str::from_utf8(&grown.data).unwrap().parse().unwrap();
        self.decoded.fetch_add(size, Relaxed);
        Box::pin(ready(Ok(Payload::new("json/plain", vec![b'x'; size]))))
    }
}

/// A server with one history, of which a page has so many events.
struct Server {
    events: Mutex<Vec<Vec<u8>>>,
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
        let token = request.text("next_page_token").map(|token| token.parse().unwrap());
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

struct Rig {
    exchange: Exchange,
    server: Server,
    decoded: Arc<AtomicUsize>,
    headers: HeaderMap,
}

impl Rig {
    fn new(page: usize, events: Vec<Vec<u8>>) -> Self {
        let decoded = Arc::new(AtomicUsize::new(0));
        let encodings = vec!["x/grown".to_owned()];
        let description = Description { encodings, purpose: Purpose::Compression };
        let codec = Growing { description, decoded: decoded.clone() };
        let pipeline = Pipeline::builder().with_stage(Stage::new("growing", codec)).build();
        let adapter = Adapter::new(pipeline.unwrap(), SizeLimits::default());
        let policies = Box::new(Arc::new(NamespacePolicies::default()));
        let exchange = Exchange::new(adapter, ByteSize::bytes(LIMIT as u64), policies);
        let server = Server { events: Mutex::new(events), page, asked: AtomicUsize::new(0) };
        Self { exchange, server, decoded, headers: HeaderMap::new() }
    }

    fn of_worker(page: usize, events: Vec<Vec<u8>>) -> Self {
        let mut rig = Self::new(page, events);
        rig.headers.insert("client-name", "temporal-rust".parse().unwrap());
        rig
    }

    /// Decodes an answer of the server to this method.
    async fn decode(&self, name: &str, request: &[u8], answer: Vec<u8>) -> Result<Bytes, Status> {
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let (caller, ctx) = (Caller::everybody(), Context::namespace("shop"));
        let request = Bytes::copy_from_slice(request);
        let history = HistoryRequest::read(&method, name, &ctx, &request);
        let call = Call::new(&method, name, &self.headers, &caller);
        let call = Call { history: history.as_ref(), ..call };
        let (memory, mut log) = (self.memory(), RequestLog::start(None, name));
        let answer = answer.into();
        self.exchange.decode_answer(&self.server, &call, &ctx, answer, &memory, &mut log).await
    }

    /// Asks for a page of the history, as a client or worker does.
    async fn ask(&self, token: &[u8]) -> Result<Bytes, Status> {
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

    fn memory(&self) -> CallMemory {
        self.exchange.adapter.pipeline().memory().call()
    }

    /// Reads all pages behind an answer to this method. Returns their events.
    async fn rest(&self, mut page: Page) -> Vec<(u64, usize)> {
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

fn request(token: &[u8]) -> Vec<u8> {
    let (mut execution, mut request) = (Vec::new(), Vec::new());
    put_bytes(&mut execution, 1, b"w");
    put_bytes(&mut execution, 2, b"r");
    put_bytes(&mut request, 1, b"shop");
    put_bytes(&mut request, 2, &execution);
    put_bytes(&mut request, 4, token);
    request
}

fn split(name: &str, answer: &Bytes) -> Page {
    let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
    Page::split(method.response, answer).unwrap()
}

/// Returns the id of each event, and its size in bytes.
fn sizes(page: &Page) -> Vec<(u64, usize)> {
    page.events.iter().map(|event| (event.id, event.size())).collect()
}

fn history(events: &[Vec<u8>]) -> Vec<u8> {
    let mut history = Vec::new();
    for event in events {
        put_bytes(&mut history, 1, event);
    }
    history
}

/// Returns an event of this type with these attributes.
fn event(id: u64, kind: u64, number: u32, attributes: &[u8]) -> Vec<u8> {
    let mut event = Vec::new();
    put_number(&mut event, 1, id);
    put_number(&mut event, 3, kind);
    put_bytes(&mut event, number, attributes);
    event
}

/// Returns the completion of an activity whose result grows to so many bytes.
fn result(id: u64, size: usize) -> Vec<u8> {
    let (mut payloads, mut attributes) = (Vec::new(), Vec::new());
    let envelope = Payload::new("x/grown", size.to_string()).envelope().to_bytes();
    put_bytes(&mut payloads, 1, &envelope);
    put_bytes(&mut attributes, 1, &payloads);
    event(id, 12, 17, &attributes)
}

/// Returns the two events that begin a workflow task, with the size of the history.
fn begun(id: u64, size: u64) -> [Vec<u8>; 2] {
    let mut started = Vec::new();
    put_number(&mut started, 5, size);
    [event(id, 5, 10, &[]), event(id + 1, 6, 11, &started)]
}

/// Returns a workflow task with these events.
fn task(token: &str, events: &[Vec<u8>], next: &str) -> Vec<u8> {
    let (mut execution, mut task) = (Vec::new(), Vec::new());
    put_bytes(&mut execution, 1, b"w");
    put_bytes(&mut execution, 2, b"r");
    put_bytes(&mut task, 1, token.as_bytes());
    put_bytes(&mut task, 2, &execution);
    put_bytes(&mut task, 8, &history(events));
    put_bytes(&mut task, 9, next.as_bytes());
    task
}

#[tokio::test]
async fn a_page_is_cut_after_an_event_and_decodes_little_for_nothing() {
    let rig = Rig::new(20, (1..=70).map(|id| result(id, 9_000)).collect());
    let first = split(HISTORY, &rig.ask(&[]).await.unwrap());
    assert!(is_sealed(&first.token) && first.events.len() == 11, "{:?}", sizes(&first));
    let all = rig.rest(first).await;
    assert_eq!(all.iter().map(|(id, _)| *id).collect::<Vec<_>>(), (1..=70).collect::<Vec<_>>());
    assert!(all.iter().all(|(_, size)| *size > 9_000), "{all:?}");
    // A page of 20 is delivered in two. The first is decoded whole, since nothing tells its growth.
    let decoded = rig.decoded.load(Relaxed);
    assert!(decoded < 2 * 70 * 9_000, "{decoded}");
}

/// The server has not stored the events of the attempt, and has others by the time of the next page.
#[tokio::test]
async fn a_task_ends_with_its_own_events_whatever_the_server_has_by_now() {
    let mut stored: Vec<_> = (1..=30).map(|id| result(id, 9_000)).collect();
    let rig = Rig::of_worker(8, stored.clone());
    let of_task = [stored.clone(), begun(31, 11 << 20).to_vec()].concat();
    let answer = rig.decode(POLL, &[], task("t", &of_task, "")).await.unwrap();
    assert!(answer.len() <= LIMIT);
    stored.extend((31..=60).map(|id| result(id, 1)));
    *rig.server.events.lock().unwrap() = stored;
    let events = rig.rest(split(POLL, &answer)).await;
    let ids: Vec<_> = events.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (1..=32).collect::<Vec<_>>());
    assert!(events[29].1 > 9_000 && events[30].1 < 100 && events[31].1 < 100, "{events:?}");
}
