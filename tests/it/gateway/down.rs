//! The gateway or the server is gone for a while.

use std::net::SocketAddr;

use cloakroom_tests::rigs::{DevOptions, DevServer};
use prost::Message as _;
use temporalio_client::{
    WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowSignalOptions,
};
use temporalio_common::protos::temporal::api::{
    taskqueue::v1::TaskQueue, workflowservice::v1::PollWorkflowTaskQueueRequest,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use super::{
    harness::{Served, named, opened, parcel, plain_client, plain_worker},
    raw::call,
};
use crate::worker::{Courier, opening, server, unique, until};

/// A workflow that was begun before goes on afterwards: with a new gateway, and a server that crashed.
#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_outlives_its_gateway_and_a_crash_of_the_server() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let cloakroom = opened(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    let address = gateway.address;
    let queue = unique("outlives");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let started = client.start_workflow(Courier::run, parcel.clone(), named(&queue, "outlives"));
    let handle = started.await.unwrap();
    // As `kill -9`: calls are aborted, and the new gateway knows nothing of the old one.
    drop(gateway);
    let gateway = Served::start_at(&cloakroom, address).await;
    let signal = async || {
        handle.signal(Courier::add, parcel.clone(), WorkflowSignalOptions::default()).await
    };
    until(signal).await;
    server.crash();
    // With an id: its answer may be lost, and the workflow over when it is sent again.
    let options = WorkflowExecuteUpdateOptions::builder().update_id("revise".to_owned()).build();
    let revise =
        async || handle.execute_update(Courier::revise, String::new(), options.clone()).await;
    until(revise).await;
    let result = async || handle.get_result(WorkflowGetResultOptions::default()).await;
    assert!(until(result).await.ends_with(&parcel));
    gateway.end().await;
}

/// The network keeps the connection, and nothing comes any more. A poll would wait for ever: no error ends
/// it, and its answer is late as a rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_goes_silent_is_found_by_a_ping() {
    let forwarder = Forwarder::start(server().target().parse().unwrap()).await;
    let upstream = format!("upstream = \"http://{}\"", forwarder.address);
    let pings = "ping_interval = \"300ms\"\nping_timeout = \"300ms\"";
    let table = format!("[gateway.temporal]\n{upstream}\n{pings}\n");
    let gateway = Served::start(&opening(&table).open().await.unwrap()).await;
    // An answer to a ping may be late on a busy machine, too.
    let passes = async || {
        let answer = call(gateway.address, "GetSystemInfo", &[], &[]).await;
        if answer.code == "0" { Ok(()) } else { Err(answer.message) }
    };
    until(passes).await;

    forwarder.silent.send_replace(true);
    let task_queue = TaskQueue { name: unique("silent"), ..Default::default() };
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: Some(task_queue),
        ..Default::default()
    };
    let lost = call(gateway.address, "PollWorkflowTaskQueue", &[], &poll.encode_to_vec()).await;
    assert_eq!(lost.code, "14", "{}", lost.message);
    assert!(lost.message.contains("keep-alive timed out"), "{}", lost.message);

    forwarder.silent.send_replace(false);
    until(passes).await;
    gateway.end().await;
}

/// Forwards connections. While it is silent it accepts them, keeps all open, and moves no byte.
struct Forwarder {
    address: SocketAddr,
    silent: watch::Sender<bool>,
}

impl Forwarder {
    async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, told) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move {
                    let far = TcpStream::connect(upstream).await.unwrap();
                    let ((from_near, to_near), (from_far, to_far)) =
                        (near.into_split(), far.into_split());
                    let to_far = copy(from_near, to_far, told.clone());
                    tokio::join!(to_far, copy(from_far, to_near, told));
                });
            }
        });
        Self { address, silent }
    }
}

/// Copies until one side ends, or the forwarder does.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut told: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        // Bytes that came before are held back too.
        if told.wait_for(|silent| !silent).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
