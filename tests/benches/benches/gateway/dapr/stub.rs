//! A sidecar that answers at once, and sends the turn of a workflow again as soon as it is completed.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use cloakroom_tests::dapr_protos::{
    ActivityResponse, CreateInstanceRequest, HistoryEvent, TaskCompletedEvent, WorkItem,
    WorkflowRequest, WorkflowResponse, history_event::EventType, work_item::Request as Item,
};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::http2::Builder,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use crate::messages::framed;

const WINDOW: u32 = 4 << 20;

/// Results of each instance, as they arrived, and the stream on which turns are sent.
#[derive(Default)]
struct State {
    results: BTreeMap<String, BTreeMap<i32, String>>,
    items: Option<UnboundedSender<Bytes>>,
}

type Shared = Arc<Mutex<State>>;

pub(crate) async fn serve(address: &str) {
    let listener = TcpListener::bind(address).await.expect("an address that is free");
    let state = Shared::default();
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.set_nodelay(true).expect("a socket");
        let state = state.clone();
        let service = service_fn(move |request| respond(request, state.clone()));
        tokio::spawn(
            Builder::new(TokioExecutor::new())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                .max_concurrent_streams(None)
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

async fn respond(request: Request<Incoming>, state: Shared) -> Result<Response<Sent>, Infallible> {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    // A caller that was gone would have ended the connection.
    let received = request.into_body().collect().await;
    let message = received.map(|body| body.to_bytes()).unwrap_or_default();
    let message = message.get(5..).unwrap_or_default();
    let (sender, messages) = unbounded_channel();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if method == "GetWorkItems" {
        state.items = Some(sender);
    } else {
        state.take(&method, message);
        sender.send(framed(&[], false)).expect("its receiver is here");
    }
    let mut response = Response::new(Sent { messages, ended: false });
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

impl State {
    fn take(&mut self, method: &str, message: &[u8]) {
        match method {
            "CompleteActivityTask" => {
                let done = ActivityResponse::decode(message).expect("a result");
                let results = self.results.entry(done.instance_id).or_default();
                results.insert(done.task_id, done.result.unwrap_or_default());
            }
            "StartInstance" => {
                let start = CreateInstanceRequest::decode(message).expect("a start");
                self.send_turn(&start.instance_id);
            }
            "CompleteOrchestratorTask" => {
                let done = WorkflowResponse::decode(message).expect("a completion");
                self.send_turn(&done.instance_id);
            }
            _ => {}
        }
    }

    /// Sends a turn of an instance: its whole history, as Dapr does.
    fn send_turn(&self, instance: &str) {
        let results = self.results.get(instance).into_iter().flatten();
        let past = results.map(|(task, result)| HistoryEvent {
            event_id: -1,
            event_type: Some(EventType::TaskCompleted(TaskCompletedEvent {
                task_scheduled_id: *task,
                result: Some(result.clone()),
                ..Default::default()
            })),
            ..Default::default()
        });
        let request = WorkflowRequest {
            instance_id: instance.to_owned(),
            past_events: past.collect(),
            ..Default::default()
        };
        let item = WorkItem {
            request: Some(Item::WorkflowRequest(request)),
            completion_token: instance.to_owned(),
        };
        if let Some(items) = &self.items {
            // An app that has gone gets none.
            let _ = items.send(framed(&item.encode_to_vec(), false));
        }
    }
}

/// Messages until nobody sends any more, and then the status of success.
struct Sent {
    messages: UnboundedReceiver<Bytes>,
    ended: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.messages.poll_recv(context).map(|message| match message {
            Some(message) => Some(Ok(Frame::data(message))),
            None if self.ended => None,
            None => {
                self.ended = true;
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", 0.into());
                Some(Ok(Frame::trailers(trailers)))
            }
        })
    }
}
