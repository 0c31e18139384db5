//! Callers that take their answers slowly, or send their requests a byte at a time.

use std::{future::poll_fn, net::SocketAddr, path::Path, time::Duration};

use bytes::Bytes;
use h2::{
    SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::Request;
use prost::Message as _;
use temporalio_common::protos::temporal::api::{
    common::v1::WorkflowExecution, workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::harness::{Served, named, parcel, plain_client};
use crate::worker::{Waiting, folder_driver, opening, server, unique, until};

/// Time to transfer a message, of a gateway for those who do not keep to it.
const SHORT: &str = "transfer_time = \"2s\"\n";

/// Serves with `more` in the gateway's table. Objects of gateways with the same folder are the same.
async fn serve(folder: &Path, more: &str) -> Served {
    let storage = "[storage]\nthreshold = \"256KiB\"\ncache.memory = \"0B\"\n".to_owned();
    let gateway = format!("[gateway.temporal]\nupstream = \"{}\"\n{more}", server().url());
    let text = storage + &folder_driver("local", folder) + &gateway;
    Served::start(&opening(&text).open().await.unwrap()).await
}

/// Starts a workflow with an input of 3 MB, which nobody runs, and returns a request for its history.
async fn history(gateway: &Served) -> Vec<u8> {
    let client = plain_client(&gateway.url()).await;
    let named = named(&unique("slow"), "slow");
    let started = client.start_workflow(Waiting::run, parcel(), named).await.unwrap();
    let id = started.info().workflow_id.clone();
    let execution = WorkflowExecution { workflow_id: id, ..Default::default() };
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: Some(execution),
        ..Default::default()
    };
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat()
}

/// A connection that grants each stream a window of 64 KiB, and no more.
struct Raw {
    client: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
    address: SocketAddr,
}

impl Raw {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        Self { client, connection: tokio::spawn(connection), address }
    }

    /// Begins a call, and sends these bytes of its body.
    async fn begin(&mut self, method: &str, body: &[u8], ends: bool) -> Begun {
        poll_fn(|cx| self.client.poll_ready(cx)).await.unwrap();
        let service = "temporal.api.workflowservice.v1.WorkflowService";
        let request = Request::post(format!("http://{}/{service}/{method}", self.address));
        let request = request.header("content-type", "application/grpc").header("te", "trailers");
        let (answer, mut sending) =
            self.client.send_request(request.body(()).unwrap(), false).unwrap();
        sending.send_data(Bytes::copy_from_slice(body), ends).unwrap();
        Begun { answer, sending }
    }
}

/// A call that has begun.
struct Begun {
    answer: ResponseFuture,
    sending: SendStream<Bytes>,
}

/// Eight callers take nothing of answers of 3 MB, and eight send one byte of a request. Others go on as
/// before.
#[tokio::test(flavor = "multi_thread")]
async fn slow_callers_keep_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = serve(folder.path(), "").await;
    let history = history(&gateway).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut reader = Raw::connect(gateway.address).await;
        let reading = reader.begin("GetWorkflowExecutionHistory", &history, true).await;
        let mut body = reading.answer.await.unwrap().into_body();
        assert!(!body.data().await.unwrap().unwrap().is_empty());
        let mut sender = Raw::connect(gateway.address).await;
        let sending = sender.begin("StartWorkflowExecution", &[0], false).await;
        slow.push((reader, body, sender, sending));
    }
    let client = plain_client(&gateway.url()).await;
    let named = named(&unique("slow"), "other");
    let other = client.start_workflow(Waiting::run, parcel(), named).await.unwrap();
    let events = other.fetch_history(Default::default()).into_events().await.unwrap();
    assert!(events.len() >= 2);
    for (reader, _, sender, _) in &slow {
        assert!(!reader.connection.is_finished() && !sender.connection.is_finished());
    }
}

/// An answer that its caller does not take ends the caller's connection.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_taken_ends_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, strict) = (serve(folder.path(), "").await, serve(folder.path(), SHORT).await);
    let history = history(&gateway).await;
    let mut reader = Raw::connect(strict.address).await;
    let reading = reader.begin("GetWorkflowExecutionHistory", &history, true).await;
    let answer = reading.answer.await.unwrap();
    let is_message = !answer.headers().contains_key("grpc-status");
    assert!(is_message, "{:?}", answer.headers());
    until(async || reader.connection.is_finished().then_some(()).ok_or("it is open")).await;
}

/// A request that arrives a byte at a time is refused, although its caller has set no deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_arrive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let strict = serve(folder.path(), SHORT).await;
    let mut sender = Raw::connect(strict.address).await;
    // It announces a message of 64 KiB.
    let head = [0, 0, 1, 0, 0];
    let Begun { mut answer, mut sending } =
        sender.begin("StartWorkflowExecution", &head, false).await;
    let answer = loop {
        // The gateway ends the stream when it has answered.
        let _ = sending.send_data(Bytes::from_static(&[0]), false);
        if let Ok(answer) = timeout(Duration::from_millis(100), &mut answer).await {
            break answer.unwrap();
        }
    };
    assert_eq!(answer.headers()["grpc-status"], "4");
    let says = answer.headers()["grpc-message"].to_str().unwrap();
    assert!(says.starts_with("the request did not arrive within 2s"), "{says}");
}
