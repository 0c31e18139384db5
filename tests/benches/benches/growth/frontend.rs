//! Frontend in a process of its own, which answers with a page of a history whose payloads are encrypted.

use std::convert::Infallible;

use bytes::{BufMut as _, Bytes, BytesMut};
use cloakroom::{Context, Payload, temporal::payload_to_sdk};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::WithTrailers};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use temporalio_protos::temporal::api::{
    common::v1::Payloads,
    history::v1::{
        History, HistoryEvent, WorkflowExecutionSignaledEventAttributes, history_event::Attributes,
    },
    workflowservice::v1::GetWorkflowExecutionHistoryResponse,
};
use tokio::net::TcpListener;

use crate::{
    configuration::{SEALING, builder},
    process::runtime,
};

pub(crate) const SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";
pub(crate) const METHOD: &str = "GetWorkflowExecutionHistory";
pub(crate) const NAMESPACE: &str = "default";
pub(crate) const RUN: &str = "7f3a9a8e-4a2f-4a53-9a5e-0d2c8f9b1e66";

/// Payloads that are encoded at once.
const AT_ONCE: usize = 10_000;

type Answer = WithTrailers<Full<Bytes>, Trailers>;
type Trailers = std::future::Ready<Option<Result<HeaderMap, Infallible>>>;

/// Serves a page with so many payloads, and prints the address.
pub(crate) fn run(payloads: usize) {
    runtime().block_on(async {
        let page = framed(&page(payloads).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            socket.set_nodelay(true).expect("a socket");
            let page = page.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let is_page = request.uri().path().ends_with(METHOD);
                respond(request, if is_page { page.clone() } else { framed(&[]) })
            });
            let serving = Builder::new(TokioExecutor::new());
            tokio::spawn(serving.serve_connection(TokioIo::new(socket), service));
        }
    });
}

/// Panics unless a page has so many decoded payloads.
pub(crate) fn check(page: &[u8], payloads: usize) {
    let plain = body(payloads - 1);
    let found = page.windows(plain.len()).rposition(|window| window == plain);
    assert!(found.is_some_and(|at| at + 200 > page.len()), "the last payload is decoded");
    assert!(page.len() > payloads * plain.len(), "all are there");
}

fn body(number: usize) -> Bytes {
    format!("\"parcel number {number:08}\"").into()
}

async fn page(payloads: usize) -> Vec<u8> {
    let cloakroom = builder(SEALING.to_owned()).open().await.expect("opens");
    let (ctx, mut events) = (Context::namespace(NAMESPACE), Vec::new());
    let numbers: Vec<_> = (0..payloads).collect();
    for numbers in numbers.chunks(AT_ONCE) {
        let plain = numbers.iter().map(|number| Payload::new("json/plain", body(*number)));
        let encoded = cloakroom.encode(&ctx, plain.collect()).await.expect("encodes");
        for payload in encoded {
            events.push(event(events.len() as i64 + 1, payload));
        }
    }
    let history = Some(History { events });
    GetWorkflowExecutionHistoryResponse { history, ..Default::default() }.encode_to_vec()
}

fn event(event_id: i64, payload: Payload) -> HistoryEvent {
    let signal = WorkflowExecutionSignaledEventAttributes {
        signal_name: "parcel".to_owned(),
        input: Some(Payloads { payloads: vec![payload_to_sdk(payload)] }),
        ..Default::default()
    };
    let attributes = Some(Attributes::WorkflowExecutionSignaledEventAttributes(signal));
    HistoryEvent { event_id, event_type: 26, attributes, ..Default::default() }
}

/// Returns a message as gRPC frames it.
fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.extend_from_slice(message);
    framed.freeze()
}

async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Answer>, Infallible> {
    // A caller that was gone would have ended the connection.
    let _ = request.into_body().collect().await;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let body = Full::new(answer).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body);
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", grpc);
    Ok(response)
}
