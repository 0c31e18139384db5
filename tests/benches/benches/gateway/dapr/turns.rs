//! Turns of a workflow: the app gets its whole history, and completes the turn.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use cloakroom_benches::Turn;
use cloakroom_tests::dapr_protos::{
    CreateInstanceRequest, WorkItem, WorkflowResponse, work_item::Request,
};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use prost::Message as _;
use tokio::time::timeout;

use super::SERVICE;
use crate::{
    client::{self, Ask},
    message::Message,
    messages::framed,
    proxy::Proxy,
    story::Story,
};

/// The stub may know a stream that has just ended. Then the first turn is asked for again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Measures turns, each from its completion to the next.
pub(crate) async fn turn(proxy: &Proxy, story: &Story) -> Turn {
    let mut app = App {
        connection: client::open(proxy.address, story).await,
        address: proxy.address.to_string(),
        instance: proxy.name.to_owned(),
    };
    for task in 0..story.results {
        let result = super::result(&app.instance, task as i32, story.size);
        app.call("CompleteActivityTask", &result).await;
    }
    let mut items = app.items().await;
    let mut first = None;
    while first.is_none() {
        let instance_id = app.instance.clone();
        let start = CreateInstanceRequest { instance_id, ..Default::default() };
        app.call("StartInstance", &start.encode_to_vec()).await;
        first = timeout(PATIENCE, items.next()).await.ok();
    }
    let size = first.expect("there is one").len();
    assert!(size > story.results * story.size, "a turn of {size} bytes is not decoded");
    let (worked, began, mut latencies) = (proxy.worked(), Instant::now(), Vec::new());
    for _ in 0..story.calls {
        let asked = Instant::now();
        let instance_id = app.instance.clone();
        let done = WorkflowResponse { instance_id, ..Default::default() };
        app.call("CompleteOrchestratorTask", &done.encode_to_vec()).await;
        let item = items.next().await;
        latencies.push(asked.elapsed().as_secs_f64());
        assert_eq!(item.len(), size, "another turn than expected");
    }
    let (took, worked) = (began.elapsed().as_secs_f64(), proxy.worked() - worked);
    Turn::new(latencies, took, worked)
}

/// An app with a connection.
struct App {
    connection: SendRequest<Message>,
    address: String,
    instance: String,
}

impl App {
    fn ask(&self, method: &str, message: &[u8]) -> Ask {
        let uri = format!("http://{}/{SERVICE}/{method}", self.address);
        Ask { uri: uri.parse().expect("a URI"), request: framed(message, false), is_gzip: false }
    }

    async fn call(&mut self, method: &str, message: &[u8]) {
        let ask = self.ask(method, message);
        client::call_until_served(&mut self.connection, &ask).await;
    }

    async fn items(&mut self) -> Items {
        let ask = self.ask("GetWorkItems", &[]);
        let response = client::send(&mut self.connection, &ask).await;
        Items { body: response.into_body(), bytes: BytesMut::new() }
    }
}

/// The stream of work items.
struct Items {
    body: Incoming,
    bytes: BytesMut,
}

impl Items {
    /// Waits for a turn, and checks that it is one.
    async fn next(&mut self) -> Bytes {
        loop {
            if let Some(length) = self.bytes.get(1..5) {
                let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
                if self.bytes.len() >= 5 + length {
                    let message = self.bytes.split_to(5 + length).freeze().slice(5..);
                    let item = WorkItem::decode(message.clone()).expect("a work item");
                    assert!(matches!(item.request, Some(Request::WorkflowRequest(_))));
                    return message;
                }
            }
            let frame = self.body.frame().await.expect("an open stream").expect("a frame");
            self.bytes.extend_from_slice(&frame.into_data().expect("data"));
        }
    }
}
