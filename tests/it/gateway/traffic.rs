//! Traffic beside calls with payloads: streams, pings, gzip, deadlines, and swaps and drains while calls run.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::join_all;
use http::Request;
use prost::Message as _;
use temporalio_client::{
    WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowSignalOptions,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueRequest,
};
use tokio::net::TcpStream;

use super::{
    access::{Frontend, Reaction},
    harness::{Served, named, opened, plain_client, plain_worker},
    inputs::{history_request, input, payload, read_input, start, start_request},
    raw::{call, call_with},
};
use crate::worker::{Courier, folder_driver, opening, server, unique, until};

/// Answers of a stream arrive while it is open, and pings are answered meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_stays_open_and_pings_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (client, mut connection) = h2::client::handshake(stream).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let url = format!("http://{}/grpc.health.v1.Health/Watch", gateway.address);
    let request = Request::post(url).header("content-type", "application/grpc");
    let request = request.header("te", "trailers").body(()).unwrap();
    let (answer, mut sending) = client.send_request(request, false).unwrap();
    sending.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    // A flag, a length, and field 1: the server serves.
    assert_eq!(body.data().await.unwrap().unwrap(), [0, 0, 0, 0, 2, 8, 1][..]);
    pings.ping(h2::Ping::opaque()).await.unwrap();
    assert!(!body.is_end_stream(), "the stream has ended");
    connection.abort();
    gateway.end().await;
}

/// Wraps bytes in gzip, without compression.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let length = u16::try_from(bytes.len()).unwrap();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1].to_vec();
    let lengths = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    let tail = [(!crc).to_le_bytes(), u32::from(length).to_le_bytes()].concat();
    [head, lengths, bytes.to_vec(), tail].concat()
}

/// A caller compresses, and the frontend answers without: so the gateway needs no gzip on the way back.
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_request_is_read_and_sent_on_without() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    let (id, sent) = (unique("gzip"), payload("json/plain", b"\"compressed\""));
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let request = gzip(&start_request("default", &id, vec![sent.clone()]).encode_to_vec());
    let started = call_with(gateway.address, "StartWorkflowExecution", &headers, 1, &request).await;
    assert_eq!(started.code, "0", "{}", started.message);
    let request = gzip(&history_request("default", &id).encode_to_vec());
    let read =
        call_with(gateway.address, "GetWorkflowExecutionHistory", &headers, 1, &request).await;
    let page = GetWorkflowExecutionHistoryResponse::decode(&*read.body).unwrap();
    assert_eq!(input(page), [sent]);
    gateway.end().await;

    let frontend = Frontend::start().await;
    let gateway = Served::start(&before(&frontend).await).await;
    let request = gzip(&start_request("default", &id, Vec::new()).encode_to_vec());
    let method = "StartWorkflowExecution";
    assert_eq!(call_with(gateway.address, method, &headers, 1, &request).await.code, "0");
    let seen = frontend.seen(method).pop().unwrap().headers;
    assert!(!seen.contains_key("grpc-encoding"));
    assert_eq!(seen["grpc-accept-encoding"], "identity");
    gateway.end().await;
}

/// A gateway before this frontend.
async fn before(frontend: &Frontend) -> cloakroom::Cloakroom {
    let table = format!("[gateway.temporal]\nupstream = \"http://{}\"\n", frontend.address);
    opening(&table).open().await.unwrap()
}

/// The frontend learns what is left of the time, and a caller does not wait for longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_travels_and_ends_the_call() {
    let frontend = Frontend::reacting(None, |_, nth| match nth {
        1 => Reaction::Answer,
        _ => Reaction::Hold,
    });
    let frontend = frontend.await;
    let gateway = Served::start(&before(&frontend).await).await;
    let method = "StartWorkflowExecution";
    let request = start_request("default", "deadline", Vec::new()).encode_to_vec();
    let long = call(gateway.address, method, &[("grpc-timeout", "600S")], &request).await;
    assert_eq!(long.code, "0", "{}", long.message);
    let given = frontend.seen(method).pop().unwrap().headers["grpc-timeout"].clone();
    let (number, unit) = given.to_str().unwrap().split_at(given.len() - 1);
    let number: u64 = number.parse().unwrap();
    let left = match unit {
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        other => panic!("another unit: {other}"),
    };
    assert!(left > Duration::ZERO && left <= Duration::from_secs(600), "{given:?}");

    let began = Instant::now();
    let short = call(gateway.address, method, &[("grpc-timeout", "300m")], &request).await;
    assert_eq!(short.code, "4", "{}", short.message);
    assert!(began.elapsed() >= Duration::from_millis(300));
    frontend.release();
    gateway.end().await;
}

async fn round_trip(address: SocketAddr, data: &[u8]) {
    let (id, sent) = (unique("swap"), payload("binary/plain", data));
    start(address, &id, vec![sent.clone()]).await;
    assert!(read_input(address, &id).await == [sent], "another input");
}

/// Callers see nothing of it: what was written under one configuration is read under the next.
#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_swapped_while_calls_run() {
    let folder = tempfile::tempdir().unwrap();
    let driver = folder_driver("local", folder.path());
    let gateway = format!("[gateway.temporal]\nupstream = \"{}\"\n", server().url());
    let config = |threshold: &str| {
        opening(&format!("[storage]\nthreshold = \"{threshold}\"\n{driver}{gateway}"))
    };
    let cloakroom = config("1KiB").open().await.unwrap();
    let served = Served::start(&cloakroom).await;
    let (ends, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let calling = join_all((0..4).map(|_| async {
        while !ends.load(Ordering::SeqCst) {
            round_trip(served.address, &cloakroom_tests::noise(3000)).await;
            done.fetch_add(1, Ordering::SeqCst);
        }
    }));
    let swapping = async {
        for round in 1..=6 {
            let threshold = if round % 2 == 0 { "1KiB" } else { "1MiB" };
            cloakroom.replace(config(threshold)).await.unwrap();
            let served = async || {
                let done = done.load(Ordering::SeqCst);
                if done >= 4 * round { Ok(()) } else { Err(format!("{done} calls so far")) }
            };
            until(served).await;
        }
        ends.store(true, Ordering::SeqCst);
    };
    tokio::join!(calling, swapping);
    served.end().await;
}

/// A poll waits for a minute, and must not hold the end up. It is answered as if there were no task.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_ends_although_a_worker_polls() {
    let frontend = Frontend::reacting(None, |_, _| Reaction::Hold).await;
    let gateway = Served::start(&before(&frontend).await).await;
    let address = gateway.address;
    let request =
        PollWorkflowTaskQueueRequest { namespace: "default".into(), ..Default::default() };
    let request = request.encode_to_vec();
    let ends = async {
        let polled = async || {
            let polls = frontend.seen("PollWorkflowTaskQueue").len();
            if polls == 1 { Ok(()) } else { Err("nobody polls") }
        };
        until(polled).await;
        // The frontend answers nobody.
        gateway.end().await;
    };
    let polling = call(address, "PollWorkflowTaskQueue", &[], &request);
    let (answer, ()) = tokio::join!(polling, ends);
    assert_eq!((&*answer.code, &*answer.body), ("0", &[][..]), "{}", answer.message);
}

/// A gateway ends although a worker polls, and the worker goes on at the gateway that takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_where_another_gateway_serves() {
    let folder = tempfile::tempdir().unwrap();
    let cloakroom = opened(folder.path(), &server().url()).await;
    let gateway = Served::start(&cloakroom).await;
    let (address, queue) = (gateway.address, unique("drained"));
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let started = client.start_workflow(Courier::run, "old".to_owned(), named(&queue, "drained"));
    let id = started.await.unwrap().info().workflow_id.clone();
    gateway.end().await;
    let gateway = Served::start_at(&cloakroom, address).await;
    let handle = plain_client(&gateway.url()).await.get_workflow_handle::<Courier>(id);
    let options = WorkflowExecuteUpdateOptions::default();
    handle.execute_update(Courier::revise, "kept, ".to_owned(), options).await.unwrap();
    handle.signal(Courier::add, "new".to_owned(), WorkflowSignalOptions::default()).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result.ends_with("new"), "{result}");
    gateway.end().await;
}
